import type { components } from '@/api/schema';
import { type Column, fieldOfName } from './peek';
import classes from './Import.module.css';

type Field = components['schemas']['FieldSpec'];

/** What a person chose for columns: a field, or `null` to leave it out. Others follow their name. */
export type Choices = Readonly<Record<string, string | null>>;

/** What every lead may have beside the campaign's own fields. */
const CONTEXT: readonly (readonly [string, string])[] = [
  ['submitted_at', 'When it was submitted'],
  ['optin_at', 'When they agreed'],
  ['consent_text', 'What they agreed to'],
  ['ip_address', 'IP address'],
  ['user_agent', 'Browser'],
  ['page_url', 'Page'],
  ['referrer', 'Referrer'],
  ['utm_source', 'utm_source'],
  ['utm_medium', 'utm_medium'],
  ['utm_campaign', 'utm_campaign'],
  ['trustedform_cert_url', 'TrustedForm certificate'],
  ['jornaya_leadid', 'Jornaya lead id'],
  ['test', 'Whether it is a test'],
];

const OUT = '\u0000out';

/** Columns of the file, values from it, and what each becomes. */
export function ColumnsTable({
  columns,
  fields,
  choices,
  onChange,
}: {
  columns: readonly Column[];
  fields: readonly Field[];
  choices: Choices;
  onChange: (choices: Choices) => void;
}) {
  const names = fields.map((field) => field.name);
  const missing = missingOf(columns, fields, choices);
  return (
    <>
      {missing.length > 0 && (
        <p className={classes.warning}>
          No column is {missing.join(', ')} yet, which every lead of this campaign must have.
        </p>
      )}
      <div className={classes.columns}>
        <table>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">First values</th>
              <th scope="col">Becomes</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => {
              const own = fieldOfName(column.name, [...names, ...CONTEXT.map(([name]) => name)]);
              const choice = choices[column.name];
              const value = choice === null ? OUT : (choice ?? '');
              return (
                <tr key={column.name} data-out={choice === null || undefined}>
                  <th scope="row" className="bt-outside">{column.name}</th>
                  <td>{column.samples.map((sample, at) => <span key={at} className="bt-cut">{sample}</span>)}</td>
                  <td>
                    <select
                      aria-label={`What “${column.name}” becomes`}
                      value={value}
                      onChange={(event) => { onChange(chosen(choices, column.name, event.currentTarget.value)); }}
                    >
                      <option value="">{own === undefined ? `${column.name} (kept as it is)` : own}</option>
                      <optgroup label="Fields of the campaign">
                        {fields.filter((field) => field.name !== own).map((field) => (
                          <option key={field.name} value={field.name}>{field.label ?? field.name}{field.required ? ' (required)' : ''}</option>
                        ))}
                      </optgroup>
                      <optgroup label="About the lead">
                        {CONTEXT.filter(([name]) => name !== own).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
                      </optgroup>
                      <option value={OUT}>Leave it out</option>
                    </select>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The choices with one column's changed. `''`: it follows its name again. */
export function chosen(choices: Choices, column: string, value: string): Choices {
  const rest = Object.fromEntries(Object.entries(choices).filter(([name]) => name !== column));
  if (value === '') return rest;
  return { ...rest, [column]: value === OUT ? null : value };
}

/** As the API takes them: only what differs from a column's own name. */
export function columnsOf(choices: Choices): Record<string, string | null> {
  return { ...choices };
}

/** Required fields that no column becomes. */
export function missingOf(columns: readonly Column[], fields: readonly Field[], choices: Choices): string[] {
  const names = fields.map((field) => field.name);
  const found = new Set(
    columns.map((column) => {
      const choice = choices[column.name];
      return choice === null ? undefined : (choice ?? fieldOfName(column.name, names));
    }),
  );
  return fields.filter((field) => field.required && !found.has(field.name)).map((field) => field.label ?? field.name);
}
