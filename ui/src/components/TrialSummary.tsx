import type { components } from '@/api/schema';
import { JsonPane } from './JsonPane';
import { StatusPill } from './StatusPill';
import { duration } from './time';
import classes from './TrialSummary.module.css';

type Trial = components['schemas']['TrialView'];

/** What a test call did: what was sent, what came back, how long it took, and what it means. */
export function TrialSummary({ trial, brief }: { trial: Trial; /** Without the bodies. */ brief?: boolean }) {
  const { answer, request, fault } = trial;
  return (
    <div className={classes.root} role="status">
      <div className={classes.head}>
        <StatusPill kind="verdict" value={trial.verdict} />
        {answer && <code>HTTP {answer.status}</code>}
        <span className="bt-num bt-dim">{duration(trial.timing.total_us / 1000)}</span>
      </div>
      <p className={classes.why}>
        {fault ? <span className="bt-outside">{`${fault.kind}: ${fault.detail}`}</span> : <>Decided by <bdi className="bt-outside">{trial.decided_by}</bdi>.</>}
        {trial.reason != null && trial.reason !== '' && <> The receiver says “<bdi className="bt-outside">{trial.reason}</bdi>”.</>}
      </p>
      <TimingBar timing={trial.timing} />
      {!brief && request && (
        <details className={classes.more}>
          <summary>
            What was sent: {request.method} <span className="bt-outside">{request.url}</span>
          </summary>
          <Headers headers={request.headers} />
          <JsonPane text={request.body} label="Request body" />
        </details>
      )}
      {!brief && answer && (
        <details className={classes.more} open={trial.verdict !== 'accepted'}>
          <summary>What came back: HTTP {answer.status}</summary>
          <Headers headers={answer.headers} />
          <JsonPane text={answer.body} label="Answer body" emptyText="The answer has no body." />
        </details>
      )}
    </div>
  );
}

function Headers({ headers }: { headers: readonly components['schemas']['HeaderView'][] }) {
  return (
    <dl className={classes.headers}>
      {headers.map((header, at) => (
        <div key={`${header.name}${String(at)}`}>
          <dt>{header.name}</dt>
          <dd>{header.value}</dd>
        </div>
      ))}
    </dl>
  );
}

const PHASES = [
  ['dns_us', 'Name'],
  ['connect_us', 'Connect'],
  ['tls_us', 'TLS'],
  ['first_byte_us', 'First byte'],
] as const;

/** Where the time of a call went, as lengths. */
function TimingBar({ timing }: { timing: Trial['timing'] }) {
  const parts = PHASES.flatMap(([key, label]) => {
    const us = timing[key];
    return us == null ? [] : [{ label, us }];
  });
  if (parts.length === 0) return null;
  const rest = timing.total_us - parts.reduce((sum, part) => sum + part.us, 0);
  const all = rest > 0 ? [...parts, { label: 'Body', us: rest }] : parts;
  return (
    <div className={classes.timing}>
      <div className={classes.bar} aria-hidden="true">
        {all.map((part) => (
          <span key={part.label} data-phase={part.label} style={{ flexGrow: Math.max(1, part.us) }} />
        ))}
      </div>
      <span className={classes.legend}>
        {all.map((part) => `${part.label} ${duration(part.us / 1000)}`).join(' · ')}
      </span>
    </div>
  );
}
