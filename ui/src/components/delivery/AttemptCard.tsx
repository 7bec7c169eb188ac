import { ChevronRight } from 'lucide-react';
import { useId, useState } from 'react';
import type { Attempt, Destination } from '@/api/inbox';
import { sentence } from '@/api/problem';
import { Facts } from '@/components/Page';
import { StatusPill } from '@/components/StatusPill';
import { absolute, clockTime, useZone } from '@/components/time';
import { plain } from '@/words';
import { Exchange } from './Exchange';
import { micros } from './timing';
import { TimingBar } from './TimingBar';
import classes from './AttemptCard.module.css';

type Step = NonNullable<Attempt['steps']>[number];

const STEPS: Readonly<Record<string, string>> = {
  token: 'A token was fetched',
  ping: 'A bid was asked for',
  refused: 'The lead went out with a token that was no longer good',
};

/** One attempt: a line that says how it went, and all of it when it is opened. */
export function AttemptCard({
  attempt,
  destination,
  initiallyOpen = false,
}: {
  attempt: Attempt;
  destination?: Destination | undefined;
  initiallyOpen?: boolean;
}) {
  const [open, setOpen] = useState(initiallyOpen);
  const timeZone = useZone();
  const id = useId();
  const at = Date.parse(attempt.started_at);
  return (
    <li className={classes.root}>
      <button type="button" className={classes.head} aria-expanded={open} aria-controls={id} onClick={() => { setOpen(!open); }}>
        <ChevronRight size={14} className={classes.arrow} aria-hidden="true" />
        <span className={classes.number}>{numberOf(attempt)}</span>
        <time dateTime={attempt.started_at} title={absolute(at, timeZone)} className={classes.time}>
          {clockTime(at, timeZone)}
        </time>
        <span className={classes.code}>{codeOf(attempt)}</span>
        <span className={classes.ms}>{micros(attempt.timing.total_us)}</span>
        <span className={classes.verdict}>
          <StatusPill kind="verdict" value={attempt.verdict} />
        </span>
      </button>
      <p className={classes.why}>
        <Decision attempt={attempt} destination={destination} />
      </p>
      {open && (
        <div id={id} className={classes.body}>
          <TimingBar timing={attempt.timing} />
          {attempt.late && <p className={classes.note}>It ended after another node had taken the delivery over.</p>}
          {attempt.steps?.map((step, at) => <StepPart key={at} step={step} />)}
          <Exchange request={attempt.request} answer={attempt.answer} fault={attempt.fault} />
          <Extracted values={attempt.extracted} />
        </div>
      )}
    </li>
  );
}

function numberOf(attempt: Attempt): string {
  return attempt.question == null ? `#${String(attempt.n)}` : `Question ${String(attempt.question)}`;
}

function codeOf(attempt: Attempt): string {
  if (attempt.answer) return `HTTP ${String(attempt.answer.status)}`;
  return attempt.fault ? plain(attempt.fault.kind) : 'No answer';
}

/** The rule that decided, or what else did, and the reason it gave. */
function Decision({ attempt, destination }: { attempt: Attempt; destination: Destination | undefined }) {
  const rule = attempt.rule == null ? undefined : destination?.responses?.[attempt.rule];
  return (
    <>
      Decided by <span className="bt-outside">{attempt.decided_by}</span>
      {attempt.reason != null && attempt.reason !== '' && (
        <>
          {' '}
          · reason <q className="bt-outside">{attempt.reason}</q>
        </>
      )}
      {rule?.reason != null && rule.reason !== attempt.reason && <span className="bt-outside"> ({rule.reason})</span>}
    </>
  );
}

function StepPart({ step }: { step: Step }) {
  const answer =
    step.status == null
      ? null
      : { status: step.status, headers: [], body: step.answer ?? '', body_is_text: true, cut: false };
  return (
    <details className={classes.step}>
      <summary>
        {STEPS[step.kind] ?? plain(step.kind)} <StatusPill kind="verdict" value={step.verdict} bare />{' '}
        <span className="bt-dim">{micros(step.timing.total_us)}</span>
      </summary>
      <p className={classes.note}>{sentence(step.decided_by)}</p>
      <Exchange request={step.request} answer={answer} fault={step.fault} />
    </details>
  );
}

function Extracted({ values }: { values: unknown }) {
  const rows = typeof values === 'object' && values !== null ? Object.entries(values) : [];
  if (rows.length === 0) return null;
  return (
    <div className={classes.extracted}>
      <h4 className={classes.subtitle}>Taken from the answer</h4>
      <Facts rows={rows.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const)} />
    </div>
  );
}
