import { Button, Menu } from '@mantine/core';
import { CircleDot, RotateCw, Tag } from 'lucide-react';
import { useState } from 'react';
import type { Lead } from '@/api/inbox';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { RetryDialog } from '@/components/delivery/RetryDialog';
import { StatusPill } from '@/components/StatusPill';
import { BulkTagsDialog } from './BulkTagsDialog';
import { failedOf } from './failed';
import { useChangeLeads } from './use-change-leads';
import { useStatuses } from './use-statuses';
import classes from './LeadsScreen.module.css';

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
      {dialog === 'tags' && <BulkTagsDialog leads={leads} count={count} onClose={close} />}
      {typeof dialog === 'object' && <StatusDialog leads={leads} count={count} status={dialog.status} onClose={close} />}
    </div>
  );
}

function StatusDialog({ leads, count, status, onClose }: { leads: readonly Lead[]; count: string; status: string; onClose: () => void }) {
  const change = useChangeLeads(leads, onClose);
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
