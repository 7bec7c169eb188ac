import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Problem } from '@/api/problem';
import { useMe } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Section } from '@/components/Page';
import { ScreenLink } from '@/components/ScreenLink';
import { Mark } from '@/components/StatusPill';
import { roles } from '@/words';
import { createWorkspace, type Workspace } from './api';
import classes from './Settings.module.css';

/** The workspaces of this person, and another one for owners. */
export function WorkspacesSection() {
  const person = useMe();
  const [asks, setAsks] = useState(false);
  const own = person.workspaces ?? [];
  const isOwner = own.some((one) => one.role === 'owner');
  if (own.length === 0) return null;
  return (
    <Section title="Workspaces" intro="Each has its own campaigns, leads, people and keys; nothing is shared between them.">
      <ul className={classes.workspaces}>
        {own.map((one) => (
          <li key={one.id}>
            {one.id === person.workspace_id ? (
              <span><strong className="bt-outside">{one.name}</strong> <Mark>Open</Mark></span>
            ) : (
              <ScreenLink to="/" search={{ ws: one.id }}><bdi>{one.name}</bdi></ScreenLink>
            )}
            <span className="bt-dim">{roles[one.role]?.label}</span>
          </li>
        ))}
      </ul>
      {isOwner && <Button size="xs" variant="default" onClick={() => { setAsks(true); }}>New workspace</Button>}
      {asks && <New onClose={() => { setAsks(false); }} />}
    </Section>
  );
}

function New({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const create = useMutation<Workspace, Problem, string>({
    mutationFn: createWorkspace,
    onSuccess: (made) => {
      // Everything on the page is of the other workspace.
      queryClient.clear();
      location.assign(`/admin/?ws=${encodeURIComponent(made.id)}`);
    },
  });
  return (
    <ConfirmDialog opened title="New workspace" confirmLabel="Create and open" busy={create.isPending} error={create.error} onCancel={onClose} onConfirm={() => { if (name.trim() !== '') create.mutate(name.trim()); }}>
      <TextInput label="Name" data-autofocus required withAsterisk={false} maxLength={200} value={name} onChange={(event) => { setName(event.currentTarget.value); }} />
    </ConfirmDialog>
  );
}
