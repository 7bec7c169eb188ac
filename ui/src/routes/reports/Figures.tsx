import { destinationName, type Figures, OUTCOMES, percent, type Report } from './api';
import { verdicts, wordOf } from '@/words';
import classes from './Reports.module.css';

/** How all deliveries of the report ended. */
export function Totals({ total }: { total: Figures }) {
  return (
    <div className={classes.totals}>
      <dl className={classes.figures}>
        <div>
          <dt>Deliveries</dt>
          <dd>{total.deliveries.toLocaleString('en')}</dd>
        </div>
        {OUTCOMES.map((outcome) => (
          <div key={outcome.key}>
            <dt>
              <span className={classes.key} data-tone={outcome.tone} aria-hidden="true" />
              {outcome.label}
            </dt>
            <dd>
              {total[outcome.key].toLocaleString('en')}
              <small>{percent(total[outcome.key], total.deliveries)}</small>
            </dd>
          </div>
        ))}
      </dl>
      <Stack figures={total} />
    </div>
  );
}

/** Outcomes as lengths of one line; the numbers beside it say the same. */
function Stack({ figures }: { figures: Figures }) {
  return (
    <div className={classes.stack} aria-hidden="true">
      {OUTCOMES.map(
        (outcome) =>
          figures[outcome.key] > 0 && (
            <span key={outcome.key} data-tone={outcome.tone} style={{ flexGrow: figures[outcome.key] }} />
          ),
      )}
    </div>
  );
}

/** The same for each destination; choosing one narrows the report to it. */
export function DestinationBars({
  rows,
  chosen,
  onChoose,
}: {
  rows: Report['destinations'];
  chosen: string | undefined;
  onChoose: (id: string | undefined) => void;
}) {
  const sorted = [...rows].sort((a, b) => b.deliveries - a.deliveries);
  return (
    <section className={classes.destinations} aria-label="By destination">
      <table>
        <thead>
          <tr>
            <th scope="col">Destination</th>
            <th scope="col">Outcomes</th>
            <th scope="col">Accepted</th>
            <th scope="col">Unmatched</th>
            <th scope="col">Deliveries</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={row.destination_id}>
              <th scope="row">
                <button type="button" className="bt-cut" aria-pressed={chosen === row.destination_id} onClick={() => { onChoose(chosen === row.destination_id ? undefined : row.destination_id); }}>
                  {destinationName(row)}
                </button>
              </th>
              <td><Stack figures={row} /></td>
              <td>{percent(row.accepted, row.deliveries)}</td>
              <td data-warn={row.unmatched > 0 || undefined}>{row.unmatched.toLocaleString('en')}</td>
              <td>{row.deliveries.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A count as a length beside the largest one. */
export function Bar({ part, most, verdict }: { part: number; most: number; verdict: string }) {
  return (
    <span className={classes.bar} data-tone={wordOf(verdicts, verdict).tone} aria-hidden="true">
      <span style={{ width: `${String(Math.max(1, (part / most) * 100))}%` }} />
    </span>
  );
}
