import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Pause, RotateCw } from 'lucide-react';
import { useState } from 'react';
import type { FailureGroup } from '@/api/inbox';
import { sentence } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { DestinationLink } from '@/components/delivery/DestinationLink';
import { useTargets } from '@/components/delivery/targets';
import { RelativeTime } from '@/components/RelativeTime';
import { Mark, StatusPill } from '@/components/StatusPill';
import { plain } from '@/words';
import { useSwitch } from './DisabledNotice';
import { countText, filterOfGroup, type GroupsOfTarget, searchOfGroup } from './filters';
import classes from './DeliveriesScreen.module.css';

/** What failed at one destination, by what went wrong. */
export function TargetCard({ target, onRetry }: { target: GroupsOfTarget; onRetry: (group: FailureGroup) => void }) {
  const [pausing, setPausing] = useState(false);
  const canConfig = useCan('config:write');
  const id = target.destination_id;
  return (
    <section className={classes.target} aria-label={`Failures of ${target.name}`}>
      <header className={classes.targetHead}>
        <h2 className={classes.targetName}>
          {id === null ? (
            <span className="bt-outside">{target.name}</span>
          ) : (
            <DestinationLink id={id} className="bt-outside">
              {target.name}
            </DestinationLink>
          )}
          <span className={classes.targetCount}>{countText(target.count, target.isExact)}</span>
          {target.disabled && <Mark title="What goes to it waits.">Switched off</Mark>}
        </h2>
        {canConfig && id !== null && !target.disabled && (
          <Button size="compact-sm" variant="subtle" leftSection={<Pause size={13} />} onClick={() => { setPausing(true); }}>
            Switch off
          </Button>
        )}
      </header>
      <ul className={classes.groups}>
        {target.groups.map((group) => (
          <GroupRow key={`${group.state} ${group.verdict} ${group.note}`} group={group} onRetry={onRetry} />
        ))}
      </ul>
      {pausing && id !== null && <PauseDialog id={id} name={target.name} onClose={() => { setPausing(false); }} />}
    </section>
  );
}

function GroupRow({ group, onRetry }: { group: FailureGroup; onRetry: (group: FailureGroup) => void }) {
  const canResend = useCan('deliveries:write');
  const count = countText(group.count, group.count_is_exact);
  return (
    <li className={classes.group}>
      <div className={classes.groupWords}>
        <p className={classes.error}>
          <StatusPill kind="delivery" value={group.state} />
          {group.verdict !== '' && <StatusPill kind="verdict" value={group.verdict} bare />}
          <Failover destination={group.destination_id ?? null} note={group.note} />
        </p>
        <p className={`${classes.note ?? ''} bt-outside`}>
          {group.note === '' ? plain(group.verdict === '' ? 'nothing more is known' : group.verdict) : sentence(group.note)}
        </p>
        <p className={classes.when}>
          <span>
            first <RelativeTime past at={group.first_at} />
          </span>
          <span>
            last <RelativeTime past at={group.last_at} />
          </span>
          <Link to="/deliveries/$id" params={{ id: group.sample_delivery_id }} search={{}}>
            Newest one
          </Link>
          <Link to="/deliveries" search={searchOfGroup(group)}>
            All {count}
          </Link>
        </p>
      </div>
      {canResend && filterOfGroup(group) && (
        <Button size="xs" variant="default" leftSection={<RotateCw size={13} />} onClick={() => { onRetry(group); }}>
          {group.count === 1 && group.count_is_exact ? 'Retry it' : `Retry all ${count}`}
        </Button>
      )}
    </li>
  );
}

/** Whether another destination took over when the attempts were spent. */
function Failover({ destination, note }: { destination: string | null; note: string }) {
  const targets = useTargets();
  const instead = targets.destination(destination)?.failover_id;
  if (!note.includes('given up')) return null;
  if (instead == null) return <Mark title="No other destination got these leads.">Given up, no failover</Mark>;
  return <Mark title="The failover destination got these leads.">{`Given up, went to ${targets.destination(instead)?.name ?? instead}`}</Mark>;
}

function PauseDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const pause = useSwitch(id);
  return (
    <ConfirmDialog
      opened
      title={`Switch ${name} off?`}
      confirmLabel="Switch off"
      busy={pause.isPending}
      error={pause.error}
      onCancel={onClose}
      onConfirm={() => { pause.mutate('switched off by a person', { onSuccess: onClose }); }}
    >
      Leads that are to go there wait until it is switched on again. Nothing is lost.
    </ConfirmDialog>
  );
}
