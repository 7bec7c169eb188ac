import type { AnswerView, Phases, RequestView } from '@/api/destinations';
import { JsonPane } from '@/components/JsonPane';
import { duration } from '@/components/time';
import classes from './Destinations.module.css';

type Headers = RequestView['headers'];

/** A request: its line, its headers, its body. */
export function RequestPane({ request, title }: { request: RequestView; title: string }) {
  return (
    <section className={classes.exchange} aria-label={title}>
      <h3 className={classes.exchangeTitle}>{title}</h3>
      <p className={classes.line}>
        <b>{request.method}</b> <span className="bt-outside">{request.url}</span>
      </p>
      <HeaderList headers={request.headers} />
      <JsonPane text={request.body} label="Request body" emptyText="Without a body." />
    </section>
  );
}

/** An answer: its status, its headers, its body. */
export function AnswerPane({ answer, title }: { answer: AnswerView; title: string }) {
  return (
    <section className={classes.exchange} aria-label={title}>
      <h3 className={classes.exchangeTitle}>{title}</h3>
      <p className={classes.line}>
        <b>{answer.status}</b>
        {!answer.body_is_text && <span className="bt-dim"> with bytes that are no text</span>}
        {answer.cut && <span className="bt-dim"> and only the first part of the body</span>}
      </p>
      <HeaderList headers={answer.headers} />
      <JsonPane text={answer.body} label="Answer body" emptyText="Without a body." />
    </section>
  );
}

function HeaderList({ headers }: { headers: Headers }) {
  if (headers.length === 0) return null;
  return (
    <details className={classes.headerList}>
      <summary>{headers.length === 1 ? '1 header' : `${String(headers.length)} headers`}</summary>
      <dl>
        {headers.map((header, at) => (
          <div key={`${header.name}-${String(at)}`}>
            <dt className="bt-outside">{header.name}</dt>
            <dd className="bt-outside">{header.value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

const PHASES = [
  ['dns_us', 'DNS'],
  ['connect_us', 'Connect'],
  ['tls_us', 'TLS'],
  ['first_byte_us', 'First byte'],
] as const;

/** Where the time of a call went, as a bar and in numbers. */
export function TimingBar({ timing }: { timing: Phases }) {
  const parts = PHASES.map(([key, label]) => ({ key: key as string, label: label as string, us: timing[key] ?? null }));
  const known = parts.reduce((sum, part) => sum + (part.us ?? 0), 0);
  const rest = Math.max(0, timing.total_us - known);
  const all = [...parts, { key: 'rest', label: 'Rest', us: rest }];
  return (
    <div className={classes.timing}>
      <div className={classes.timingBar} aria-hidden="true">
        {all.map((part) =>
          part.us === null || part.us === 0 ? null : (
            <span key={part.key} data-phase={part.key} style={{ flexGrow: Math.max(part.us, timing.total_us / 100) }} />
          ),
        )}
      </div>
      <dl className={classes.timingWords}>
        {all.map((part) => (
          <div key={part.key}>
            <dt>
              <span data-phase={part.key} className={classes.phaseDot} aria-hidden="true" />
              {part.label}
            </dt>
            <dd className="bt-num">{part.us === null ? '—' : micro(part.us)}</dd>
          </div>
        ))}
        <div>
          <dt>Total</dt>
          <dd className="bt-num">
            <b>{micro(timing.total_us)}</b>
          </dd>
        </div>
      </dl>
    </div>
  );
}

/** Microseconds as people read them: "0.4 ms", "340 ms". */
function micro(us: number): string {
  return us < 10_000 ? `${(us / 1000).toFixed(1)} ms` : duration(us / 1000);
}
