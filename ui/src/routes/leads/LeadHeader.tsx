import { Button, Menu } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronDown, Eraser, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { changeLead, deliveriesOfLead, type Lead, leadQuery } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { CopyButton } from '@/components/CopyButton';
import { RetryDialog } from '@/components/delivery/RetryDialog';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { Mark, StatusPill } from '@/components/StatusPill';
import { EraseDialog } from './EraseDialog';
import { FAILED } from './failed';
import { TagsEditor } from './TagsEditor';
import { useStatuses } from './use-statuses';
import classes from './Lead.module.css';

/** State and marks of a lead, beside its name. */
export function LeadBadges({ lead }: { lead: Lead }) {
  return (
    <>
      <StatusPill kind="lead" value={lead.state} />
      {lead.test && <Mark title="It came as a test.">Test</Mark>}
      {lead.state === 'partial' && <Mark title="The form was begun and not sent yet.">Partial</Mark>}
    </>
  );
}

/** When and whence it came, and its id. */
export function LeadFacts({ lead }: { lead: Lead }) {
  return (
    <span className={classes.facts}>
      <span>
        received <RelativeTime past at={lead.created_at} />
      </span>
      <span>
        <bdi>{lead.campaign}</bdi> · <bdi>{lead.source}</bdi>
      </span>
      {lead.duplicate_of != null && (
        <Link to="/leads/$id" params={{ id: lead.duplicate_of }} search={{}}>
          Repeats another lead
        </Link>
      )}
      <span className={classes.id}>
        <code>{lead.id}</code>
        <CopyButton text={lead.id} what="id" />
      </span>
    </span>
  );
}

/** What can be done with a lead. */
export function LeadActions({ lead }: { lead: Lead }) {
  const [dialog, setDialog] = useState<'resend' | 'erase'>();
  const canUpdate = useCan('leads:update');
  const canResend = useCan('deliveries:write');
  const canErase = useCan('leads:erase');
  const { data: deliveries = [] } = useQuery({ ...deliveriesOfLead(lead.id), placeholderData: undefined });
  const failed = deliveries.filter((delivery) => FAILED.has(delivery.state) && delivery.resent_by_id == null);
  const erased = lead.state === 'erased';
  const close = (): void => { setDialog(undefined); };
  return (
    <div className={classes.actions}>
      <StatusPicker lead={lead} disabled={!canUpdate || erased} />
      <TagsEditor lead={lead} disabled={!canUpdate || erased} />
      <span className={classes.buttons}>
        {canResend && failed.length > 0 && (
          <Button size="xs" variant="default" leftSection={<RotateCw size={13} />} onClick={() => { setDialog('resend'); }}>
            {failed.length === 1 ? 'Resend what failed' : `Resend all ${String(failed.length)} failed`}
          </Button>
        )}
        {canErase && !erased && (
          <Button size="xs" variant="default" c="var(--bt-danger)" leftSection={<Eraser size={13} />} onClick={() => { setDialog('erase'); }}>
            Erase
          </Button>
        )}
      </span>
      {dialog === 'resend' && (
        <RetryDialog
          wish={{ ids: failed.map((delivery) => delivery.id) }}
          what="of this lead"
          risky={failed.some((delivery) => delivery.state === 'unknown')}
          onClose={close}
        />
      )}
      {dialog === 'erase' && <EraseDialog lead={lead} onClose={close} />}
    </div>
  );
}

function StatusPicker({ lead, disabled }: { lead: Lead; disabled: boolean }) {
  const queryClient = useQueryClient();
  const statuses = useStatuses();
  const save = useMutation<Lead, Problem, string>({
    mutationFn: (status) => changeLead(lead.id, { status }),
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: leadQuery(lead.id).queryKey }),
        queryClient.invalidateQueries({ queryKey: ['leads', 'list'] }),
        queryClient.invalidateQueries({ queryKey: ['leads', 'timeline', lead.id] }),
      ]);
    },
  });
  const shown = save.isPending ? save.variables : lead.status;
  if (disabled) return <StatusPill kind="status" value={shown} />;
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <button type="button" className={classes.status} aria-label={`Status: ${shown}. Change it`}>
            <StatusPill kind="status" value={shown} bare />
            <ChevronDown size={13} aria-hidden="true" />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {statuses.map(({ name }) => (
            <Menu.Item key={name} onClick={() => { if (name !== lead.status) save.mutate(name); }}>
              <StatusPill kind="status" value={name} bare />
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {save.error && <ProblemPanel error={save.error} />}
    </>
  );
}
