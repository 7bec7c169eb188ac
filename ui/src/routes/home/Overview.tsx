import { useQuery } from '@tanstack/react-query';
import { ArrowRight, Inbox } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { failuresQuery } from '@/api/inbox';
import type { components } from '@/api/schema';
import { useStreamEvents } from '@/api/use-live';
import { leadLine } from '@/app/lead-line';
import { failing } from '@/app/Navigation';
import { startOfDay } from '@/components/days';
import { EmptyState } from '@/components/EmptyState';
import { RelativeTime } from '@/components/RelativeTime';
import { ScreenLink } from '@/components/ScreenLink';
import { Mark, Pill, StatusPill } from '@/components/StatusPill';
import { useNow, useZone } from '@/components/time';
import { leadsSince, outcomesSince, said, stuckAt, waitingLeads, withAdded } from './figures';
import classes from './Home.module.css';

type Lead = components['schemas']['LeadDocument'];
type Destination = components['schemas']['DestinationView'];

const CAPTURED = ['lead.created', 'lead.rejected', 'lead.quarantined'];
const DAYS_USED = 90;
const LOOK_EVERY_MS = 15_000;
const DAY_MS = 86_400_000;

/** How things are, in four figures and two lists; each leads to what it counts. */
export function Overview({ leads, destinations }: { leads: readonly Lead[]; destinations: readonly Destination[] }) {
  return (
    <>
      <Figures />
      <div className={classes.columns}>
        <Newest leads={leads} />
        <Attention destinations={destinations} />
      </div>
    </>
  );
}

function useToday(): string {
  return new Date(startOfDay(useNow(), useZone())).toISOString();
}

function Figures() {
  const today = useToday();
  const captured = useQuery(leadsSince(today));
  const outcomes = useQuery(outcomesSince(today));
  const failures = useQuery({ ...failing, retry: false });
  const waiting = useQuery(waitingLeads);
  const added = useAdded(captured.dataUpdatedAt);
  const count = captured.data && withAdded(captured.data, added);
  const total = outcomes.data?.total;
  const share = total && total.deliveries > 0 ? Math.floor((total.accepted / total.deliveries) * 1000) / 10 : undefined;
  return (
    <dl className={classes.figures}>
      <Figure label="Captured today" to="/leads" search={{ since: today }} value={count && said(count)} note="leads since midnight" />
      <Figure
        label="Delivered today"
        to="/reports"
        search={{ from: today }}
        value={total && (share === undefined ? '—' : `${String(share)} %`)}
        note={total && (total.deliveries === 0 ? 'nothing has been sent' : `${total.accepted.toLocaleString('en')} of ${total.deliveries.toLocaleString('en')} accepted`)}
      />
      <Figure
        label="Failing"
        to="/deliveries"
        value={failures.data === undefined ? (failures.error ? '—' : undefined) : failures.data.toLocaleString('en')}
        note={failures.data === 0 ? 'nothing is stuck' : 'deliveries given up or held'}
        tone={failures.data !== undefined && failures.data > 0 ? 'danger' : undefined}
      />
      <Figure
        label="Waiting for you"
        to="/leads"
        search={{ state: 'quarantined,held' }}
        value={waiting.data && said(waiting.data)}
        note={waiting.data?.count === 0 ? 'nothing is put aside' : 'leads put aside or held'}
        tone={waiting.data && waiting.data.count > 0 ? 'warning' : undefined}
      />
    </dl>
  );
}

/** Leads that came since they were last counted. */
function useAdded(countedAt: number): number {
  const [added, setAdded] = useState({ countedAt, count: 0 });
  if (added.countedAt !== countedAt) setAdded({ countedAt, count: 0 });
  useStreamEvents(CAPTURED, () => {
    setAdded((old) => ({ ...old, count: old.count + 1 }));
  });
  return added.count;
}

function Figure({
  label,
  value,
  note,
  to,
  search,
  tone,
}: {
  label: string;
  value: string | undefined;
  note: string | undefined;
  to: string;
  search?: Readonly<Record<string, string>>;
  tone?: 'danger' | 'warning' | undefined;
}) {
  return (
    <div className={classes.figure} data-tone={tone}>
      <dt>
        <ScreenLink to={to} {...(search ? { search } : {})}>{label}</ScreenLink>
      </dt>
      <dd className={classes.value}>{value ?? <span className={classes.loading} />}</dd>
      <dd className={classes.figureNote}>{note ?? ' '}</dd>
    </div>
  );
}

function Box({ title, more, children }: { title: string; more?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.box} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {more}
      </header>
      {children}
    </section>
  );
}

function Newest({ leads }: { leads: readonly Lead[] }) {
  return (
    <Box title="Newest leads" more={<ScreenLink to="/leads" className={classes.all}>All leads <ArrowRight size={14} aria-hidden="true" /></ScreenLink>}>
      {leads.length === 0 ? (
        <EmptyState icon={Inbox} title="No leads yet">They show here the moment they arrive.</EmptyState>
      ) : (
        <ul className={classes.rows}>
          {leads.map((lead) => {
            const { title, sub } = leadLine(lead.fields);
            return (
              <li key={lead.id}>
                <div className={classes.who}>
                  <ScreenLink to={`/leads/${lead.id}`} className="bt-cut">{title === '' ? lead.id : title}</ScreenLink>
                  <span className="bt-cut bt-dim">{[lead.campaign, sub].filter(Boolean).join(' · ')}</span>
                </div>
                {lead.test && <Mark>Test</Mark>}
                <StatusPill kind="lead" value={lead.state} />
                <span className={classes.when}><RelativeTime at={lead.created_at} /></span>
              </li>
            );
          })}
        </ul>
      )}
    </Box>
  );
}

/** Destinations somebody should look at: switched off, with failed deliveries, or never used. */
function Attention({ destinations }: { destinations: readonly Destination[] }) {
  const zone = useZone();
  // Whole days: the question is the same all day.
  const from = new Date(startOfDay(useNow(), zone) - DAYS_USED * DAY_MS).toISOString();
  const { data: outcomes } = useQuery(outcomesSince(from));
  const { data: failures } = useQuery({ ...failuresQuery, retry: false, refetchInterval: LOOK_EVERY_MS });
  const stuck = stuckAt(failures?.data ?? []);
  const used = new Set(outcomes?.destinations.map((one) => one.destination_id));
  const off = destinations.filter((one) => one.disabled != null);
  const on = destinations.filter((one) => one.disabled == null);
  const failed = on.flatMap((one) => {
    const count = stuck.get(one.id);
    return count === undefined ? [] : [{ ...one, count }];
  });
  // What is held has no outcome yet, and has been sent all the same.
  const unused = outcomes && failures ? on.filter((one) => !used.has(one.id) && !stuck.has(one.id)) : [];
  return (
    <Box title="Destinations" more={<ScreenLink to="/destinations" className={classes.all}>All <ArrowRight size={14} aria-hidden="true" /></ScreenLink>}>
      {off.length + failed.length + unused.length === 0 ? (
        <p className={classes.well}>
          {destinations.length === 0 ? 'There are none yet: leads stay here.' : `All ${String(destinations.length)} are on and in use.`}
        </p>
      ) : (
        <ul className={classes.rows}>
          {off.map((one) => (
            <li key={one.id}>
              <div className={classes.who}>
                <ScreenLink to={`/destinations/${one.id}`} className="bt-cut">{one.name}</ScreenLink>
                <span className="bt-cut bt-dim" title={one.disabled ?? ''}>{one.disabled}</span>
              </div>
              <Pill tone="danger" label="Disabled" title="Its deliveries wait." />
            </li>
          ))}
          {failed.map((one) => (
            <li key={one.id}>
              <div className={classes.who}>
                <ScreenLink to={`/destinations/${one.id}`} className="bt-cut">{one.name}</ScreenLink>
                <span className="bt-cut bt-dim">
                  {said(one.count)} {one.count.count === 1 && !one.count.more ? 'delivery' : 'deliveries'} given up or held
                </span>
              </div>
              <Pill tone="warning" label="Failing" title="See the deliveries for why." />
            </li>
          ))}
          {unused.map((one) => (
            <li key={one.id}>
              <div className={classes.who}>
                <ScreenLink to={`/destinations/${one.id}`} search={{ panel: 'test' }} className="bt-cut">{one.name}</ScreenLink>
                <span className="bt-cut bt-dim">{one.failover_only === true ? 'Takes over when another fails' : 'Test it before the first lead does'}</span>
              </div>
              <Pill tone="neutral" label="Never used" title={`Nothing was sent to it in ${String(DAYS_USED)} days.`} />
            </li>
          ))}
        </ul>
      )}
    </Box>
  );
}
