import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronDown, RotateCw } from 'lucide-react';
import { useId, useState } from 'react';
import { type Delivery, deliveryQuery, type Destination } from '@/api/inbox';
import { sentence } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { Mark, StatusPill } from '@/components/StatusPill';
import { plain } from '@/words';
import { AttemptCard } from './AttemptCard';
import { DestinationLink } from './DestinationLink';
import { ResendDialog } from './ResendDialog';
import { attemptsMax } from './targets';
import classes from './DeliveryCard.module.css';

const CAUSES: Readonly<Record<string, string>> = {
  failover: 'Failover',
  linked: 'Linked',
  resend: 'Resend',
};

/** States in which something happens by itself; then the card looks again. */
const MOVING: ReadonlySet<string> = new Set(['pending', 'in_flight', 'retrying']);
const MOVING_EVERY_MS = 3_000;

/** A delivery: where it stands, what was tried, and sending it again. Attempts load when it is opened. */
export function DeliveryCard({
  delivery,
  name,
  destination,
  initiallyOpen = false,
}: {
  delivery: Delivery;
  /** What it goes to. */
  name: string;
  destination: Destination | undefined;
  initiallyOpen?: boolean;
}) {
  const [open, setOpen] = useState(initiallyOpen);
  const [resends, setResends] = useState(false);
  const canResend = useCan('deliveries:write');
  const id = useId();
  const due = MOVING.has(delivery.state) ? delivery.next_attempt_at : null;
  return (
    <section className={classes.root} aria-label={`Delivery to ${name}`} data-state={delivery.state}>
      <header className={classes.head}>
        <div className={classes.words}>
          <h3 className={classes.name}>
            {delivery.destination_id == null ? (
              <span className="bt-outside">{name}</span>
            ) : (
              <DestinationLink id={delivery.destination_id} className="bt-outside">
                {name}
              </DestinationLink>
            )}
            <StatusPill kind="delivery" value={delivery.state} />
            {CAUSES[delivery.cause] !== undefined && <Mark>{CAUSES[delivery.cause] ?? ''}</Mark>}
            {delivery.stopped && <Mark title="Its destination is switched off or paused.">Waits</Mark>}
          </h3>
          <p className={classes.facts}>
            <span>{attemptsText(delivery.attempts, attemptsMax(destination))}</span>
            {due != null && (
              <span>
                next attempt <RelativeTime at={due} />
              </span>
            )}
            {delivery.next_question_at != null && (
              <span>
                asked again <RelativeTime at={delivery.next_question_at} />
              </span>
            )}
            <span>
              made <RelativeTime past at={delivery.created_at} />
            </span>
          </p>
        </div>
        <div className={classes.actions}>
          {canResend && (
            <Button size="xs" variant="default" leftSection={<RotateCw size={13} />} onClick={() => { setResends(true); }}>
              Resend
            </Button>
          )}
        </div>
      </header>
      {delivery.note != null && delivery.note !== '' && <p className={`${classes.note ?? ''} bt-outside`}>{sentence(delivery.note)}</p>}
      {delivery.resent_by_id != null && (
        <p className={classes.note}>
          It was resent as <DeliveryLink id={delivery.resent_by_id}>another delivery</DeliveryLink>.
        </p>
      )}
      <button type="button" className={classes.toggle} aria-expanded={open} aria-controls={id} onClick={() => { setOpen(!open); }}>
        <ChevronDown size={14} aria-hidden="true" />
        {open ? 'Hide what was sent and answered' : 'Show what was sent and answered'}
      </button>
      {open && (
        <div id={id}>
          <Attempts delivery={delivery} destination={destination} />
        </div>
      )}
      {resends && <ResendDialog delivery={delivery} name={name} onClose={() => { setResends(false); }} />}
    </section>
  );
}

/** The page of a delivery. */
function DeliveryLink({ id, children }: { id: string; children: string }) {
  return (
    <Link to="/deliveries/$id" params={{ id }}>
      {children}
    </Link>
  );
}

/** "2 of 5 attempts"; a resend begins to count anew, and a schedule may have been cut since. */
export function attemptsText(made: number, most: number | undefined): string {
  if (most !== undefined && made <= most) return `${String(made)} of ${String(most)} attempts`;
  return made === 1 ? '1 attempt' : `${String(made)} attempts`;
}

function Attempts({ delivery, destination }: { delivery: Delivery; destination: Destination | undefined }) {
  const query = useQuery({
    ...deliveryQuery(delivery.id),
    refetchInterval: MOVING.has(delivery.state) ? MOVING_EVERY_MS : false,
  });
  const log = query.data?.attempt_log;
  if (query.error && !log) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
  if (!log) return <div className={classes.skeleton} role="status" aria-label="Loading the attempts" />;
  if (log.length === 0) {
    return <p className={classes.none}>{plain(delivery.state)}: nothing was sent yet.</p>;
  }
  const newest = log.length - 1;
  return (
    <ol className={classes.attempts} aria-label="Attempts">
      {log.map((attempt, at) => (
        <AttemptCard
          key={`${String(attempt.n)}-${String(attempt.question ?? 0)}-${attempt.started_at}`}
          attempt={attempt}
          destination={destination}
          initiallyOpen={at === newest}
        />
      ))}
    </ol>
  );
}
