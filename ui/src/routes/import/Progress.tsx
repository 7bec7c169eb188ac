import { ScreenLink } from '@/components/ScreenLink';
import { bytes } from '@/components/json-text';
import { plain } from '@/words';
import { type Import, isAtWork } from './api';
import classes from './Import.module.css';

/** How much of the file has been read. */
export function Progress({ one }: { one: Import }) {
  const part = partOf(one.bytes_read, one.bytes);
  return (
    <div className={classes.progress}>
      <progress className={classes.meter} max={100} value={part} aria-label="How much of the file has been read" data-live={isAtWork(one) || undefined} />
      <p>
        <strong className="bt-num">{part} %</strong>{' '}
        <span className="bt-dim bt-num">
          {bytes(one.bytes_read)} of {bytes(one.bytes)}
          {one.row > 0 && `, row ${one.row.toLocaleString('en')}`}
        </span>
      </p>
    </div>
  );
}

/** Whole percents; 100 only when all is read. */
export function partOf(read: number, whole: number): number {
  if (whole <= 0) return 0;
  return Math.min(100, Math.floor((read / whole) * 100));
}

/** What the rows turned out to be. */
export function Tally({ one }: { one: Import }) {
  const would = one.state === 'checking' || one.state === 'checked';
  const reasons = Object.entries(one.refused_by).sort(([, a], [, b]) => b - a);
  const figures = [
    ['Rows', one.read, undefined],
    [would ? 'Would be leads' : 'Accepted', one.accepted, 'success'],
    ['Duplicates', one.duplicates, 'violet'],
    ['Refused', one.refused, one.refused > 0 ? 'danger' : undefined],
  ] as const;
  return (
    <>
      <dl className={classes.tally}>
        {figures.map(([label, count, tone]) => (
          <div key={label} data-tone={tone}>
            <dt>{label}</dt>
            <dd>{count.toLocaleString('en')}</dd>
          </div>
        ))}
      </dl>
      {reasons.length > 0 && (
        <ul className={classes.reasons} aria-label="Why rows were refused">
          {reasons.map(([code, count]) => (
            <li key={code}>
              <span>{plain(code)}</span>
              <span className={classes.reasonBar} aria-hidden="true">
                <span style={{ width: `${String(Math.max(2, (count / Math.max(1, one.refused)) * 100))}%` }} />
              </span>
              <strong className="bt-num">{count.toLocaleString('en')}</strong>
            </li>
          ))}
        </ul>
      )}
      {one.state === 'done' && one.accepted > 0 && (
        <p>
          <ScreenLink to="/leads" search={{ source: one.source_id, source_id: one.source_id }}>See its leads</ScreenLink>
        </p>
      )}
    </>
  );
}
