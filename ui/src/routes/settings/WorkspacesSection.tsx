import { Button } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useMe } from '@/api/use-me';
import { Section } from '@/components/Page';
import { ScreenLink } from '@/components/ScreenLink';
import { Mark } from '@/components/StatusPill';
import { roles } from '@/words';
import classes from './Settings.module.css';

const NewWorkspaceDialog = lazy(() => import('@/app/NewWorkspaceDialog'));

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
      {asks && (
        <Suspense>
          <NewWorkspaceDialog
            onClose={() => { setAsks(false); }}
            onMade={(id) => {
              // Everything on the page is of the other workspace.
              location.assign(`/admin/?ws=${encodeURIComponent(id)}`);
            }}
          />
        </Suspense>
      )}
    </Section>
  );
}
