import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { newestLead } from '@/api/sources';
import { useLive } from '@/api/use-live';
import { useCan } from '@/api/use-me';
import { leadLine } from '@/app/lead-line';
import { RelativeTime } from '@/components/RelativeTime';
import { StatusPill } from '@/components/StatusPill';
import classes from './Sources.module.css';

/** How often it is looked when no event tells; a lead that is refused has none of its own kind. */
const LOOK_EVERY_MS = 5_000;

/** Waits for the first lead of a source, live; afterwards it shows the newest one. */
export function FirstLead({ sourceId }: { sourceId: string }) {
  const can = useCan('leads:read');
  const query = newestLead(sourceId);
  const { data: lead } = useQuery({ ...query, enabled: can, refetchInterval: LOOK_EVERY_MS });
  useLive(query.queryKey, ['lead.created', 'lead.partial', 'lead.rejected', 'lead.quarantined', 'lead.duplicate']);
  if (!can || lead === undefined) return null;
  if (lead === null) {
    return (
      <div className={classes.first} role="status">
        <span className={classes.pulse} aria-hidden="true" />
        <span>Waiting for the first lead…</span>
        <span className="bt-dim">Post one with a snippet below; it shows here by itself.</span>
      </div>
    );
  }
  const { title, sub } = leadLine(lead.fields);
  const name = [title, sub].filter(Boolean).join(' · ') || lead.id;
  return (
    <div className={classes.first} data-got role="status">
      <CircleCheck size={16} aria-hidden="true" />
      <span>
        Last lead received <RelativeTime at={lead.created_at} />
      </span>
      <Link to="/leads/$id" params={{ id: lead.id }} className="bt-outside">
        {name}
      </Link>
      <StatusPill kind="lead" value={lead.state} />
    </div>
  );
}
