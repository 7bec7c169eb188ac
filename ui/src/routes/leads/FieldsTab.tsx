import type { Lead, LeadProblem, Values } from '@/api/inbox';
import { sentence } from '@/api/problem';
import { EmptyState } from '@/components/EmptyState';
import { Pill } from '@/components/StatusPill';
import { Warning } from '@/components/delivery/Warning';
import { plain } from '@/words';
import { Outside } from './Outside';
import { fieldRows, valueText } from './values';
import classes from './Lead.module.css';

/** The fields as Baton keeps them beside what came, and what was found out about each. */
export function FieldsTab({ lead }: { lead: Lead }) {
  const rows = fieldRows(lead.fields, lead.raw);
  const problems = lead.problems ?? [];
  const names = new Set(rows.map((row) => row.name));
  const apart = problems.filter((problem) => problem.field === undefined || !names.has(problem.field));
  if (lead.state === 'erased') {
    return <EmptyState title="Its personal data was erased">Only what counts it is left.</EmptyState>;
  }
  return (
    <>
      {apart.map((problem, at) => (
        <div key={at} className={classes.problem}>
          <Warning>
            {problem.field !== undefined && <strong>{problem.field}: </strong>}
            {sentence(problem.message ?? problem.code ?? 'it was refused')}
          </Warning>
        </div>
      ))}
      {rows.length === 0 ? (
        <EmptyState title="No fields">It came without any.</EmptyState>
      ) : (
        <div className={classes.scroll}>
          <table className={classes.fields}>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Normalised</th>
                <th scope="col">As it came</th>
                <th scope="col">Found out</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row">
                    <bdi className="bt-outside">{row.name}</bdi>
                  </th>
                  <td data-label="Normalised">{row.normal === '' ? <Nothing /> : <Outside text={row.normal} />}</td>
                  <td data-label="As it came" data-same={!row.changed || undefined}>
                    {row.changed ? row.raw === '' ? <Nothing /> : <bdi className="bt-outside">{row.raw}</bdi> : 'the same'}
                  </td>
                  <td data-label="Found out">
                    <Found note={lead.notes[row.name]} problems={problems.filter((problem) => problem.field === row.name)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const Nothing = () => <span className="bt-dim">—</span>;

function Found({ note, problems }: { note: Values | undefined; problems: readonly LeadProblem[] }) {
  const { valid, ...rest } = note ?? {};
  const words = Object.entries(rest).filter(([, value]) => valueText(value) !== '');
  if (valid === undefined && words.length === 0 && problems.length === 0) return <Nothing />;
  return (
    <span className={classes.found}>
      {problems.map((problem, at) => (
        <span key={at}>
          <Pill tone="danger" label="Refused" /> <span className="bt-outside">{sentence(problem.message ?? problem.code ?? '')}</span>
        </span>
      ))}
      {valid !== undefined && <Pill tone={valid === true ? 'success' : 'warning'} label={valid === true ? 'Valid' : 'Doubtful'} />}
      {words.map(([name, value]) => (
        <span key={name} className="bt-outside">
          {plain(name)}: {plain(valueText(value))}
        </span>
      ))}
    </span>
  );
}
