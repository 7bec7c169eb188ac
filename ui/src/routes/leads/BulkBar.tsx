import { Button, Menu, TagsInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleDot, RotateCw, Tag } from 'lucide-react';
import { useState } from 'react';
import { changeLeads, type Lead, tagsQuery } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { RetryDialog } from '@/components/delivery/RetryDialog';
import { StatusPill } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import { failedOf } from './failed';
import { useStatuses } from './use-statuses';
import classes from './LeadsScreen.module.css';

type Change = Omit<Parameters<typeof changeLeads>[0], 'ids'>;

/** What can be done with the leads that are selected. */
export function BulkBar({ leads, onClear }: { leads: readonly Lead[]; onClear: () => void }) {
  const [dialog, setDialog] = useState<'resend' | 'tags' | { status: string }>();
  const canUpdate = useCan('leads:update');
  const canResend = useCan('deliveries:write');
  const statuses = useStatuses();
  const failed = failedOf(leads);
  const close = (): void => { setDialog(undefined); };
  const count = leads.length === 1 ? '1 lead' : `${String(leads.length)} leads`;
  return (
    <div className={classes.bulk} role="region" aria-label="Selected leads">
      <span className={classes.bulkCount} role="status">
        {leads.length} selected
      </span>
      {canResend && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<RotateCw size={13} />}
          disabled={failed.length === 0}
          onClick={() => { setDialog('resend'); }}
        >
          {failed.length === 0 ? 'Nothing failed' : `Resend failed (${String(failed.length)})`}
        </Button>
      )}
      {canUpdate && (
        <>
          <Menu position="bottom-start">
            <Menu.Target>
              <Button size="compact-sm" variant="default" leftSection={<CircleDot size={13} />}>
                Status
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {statuses.map(({ name }) => (
                <Menu.Item key={name} onClick={() => { setDialog({ status: name }); }}>
                  <StatusPill kind="status" value={name} bare />
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Button size="compact-sm" variant="default" leftSection={<Tag size={13} />} onClick={() => { setDialog('tags'); }}>
            Tags
          </Button>
        </>
      )}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear
      </Button>
      {dialog === 'resend' && (
        <RetryDialog
          wish={{ ids: failed.map((delivery) => delivery.id) }}
          what={`of ${count}`}
          risky={failed.some((delivery) => delivery.state === 'unknown')}
          onClose={close}
        />
      )}
      {dialog === 'tags' && <TagsDialog leads={leads} count={count} onClose={close} />}
      {typeof dialog === 'object' && <StatusDialog leads={leads} count={count} status={dialog.status} onClose={close} />}
    </div>
  );
}

function useChange(leads: readonly Lead[], onClose: () => void) {
  const queryClient = useQueryClient();
  return useMutation<{ changed: number }, Problem, Change>({
    mutationFn: (change) => changeLeads({ ids: leads.map((lead) => lead.id), ...change }),
    onSuccess: async ({ changed }) => {
      onClose();
      toast(changed === 1 ? '1 lead was changed' : `${String(changed)} leads were changed`);
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['leads'] }),
        queryClient.invalidateQueries({ queryKey: tagsQuery.queryKey }),
      ]);
    },
  });
}

function StatusDialog({ leads, count, status, onClose }: { leads: readonly Lead[]; count: string; status: string; onClose: () => void }) {
  const change = useChange(leads, onClose);
  return (
    <ConfirmDialog
      opened
      title={`Set the status of ${count}?`}
      confirmLabel="Set it"
      busy={change.isPending}
      error={change.error}
      onCancel={onClose}
      onConfirm={() => { change.mutate({ status }); }}
    >
      They all become <StatusPill kind="status" value={status} />
    </ConfirmDialog>
  );
}

function TagsDialog({ leads, count, onClose }: { leads: readonly Lead[]; count: string; onClose: () => void }) {
  const change = useChange(leads, onClose);
  const { data: known = [] } = useQuery({ ...tagsQuery, retry: false });
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const theirs = [...new Set(leads.flatMap((lead) => lead.tags ?? []))];
  return (
    <ConfirmDialog
      opened
      title={`Tags of ${count}`}
      confirmLabel="Change"
      busy={change.isPending}
      error={change.error}
      onCancel={onClose}
      onConfirm={() => {
        if (add.length + remove.length === 0) onClose();
        else change.mutate({ add_tags: add, remove_tags: remove });
      }}
    >
      <TagsInput label="Add" placeholder="Write a tag, then Enter" data={known} value={add} maxTags={20} onChange={setAdd} data-autofocus />
      {theirs.length > 0 && (
        <TagsInput label="Take away" mt="sm" data={theirs} value={remove} maxTags={20} onChange={setRemove} />
      )}
    </ConfirmDialog>
  );
}
