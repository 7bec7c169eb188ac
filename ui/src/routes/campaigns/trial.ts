import type { FieldSpec, SampleView } from '@/api/campaigns';
import type { JsonObject } from '@/api/merge-patch';
import { type Problem, sentence } from '@/api/problem';
import { type FieldRow, fieldTo } from './document';
import { sampleFor } from './samples';

/** A value that was written to be tried, with the name its field had then. */
export interface Typed {
  key: string;
  name: string;
  text: string;
}

/** What became of the value of one field. */
export interface Outcome {
  tone: 'good' | 'bad' | 'quiet';
  text: string;
  /** The normal form, where it is another than what was written. */
  value?: string;
  /** What else was found out. */
  note?: string;
}

/** What would become of the whole lead. */
export interface Verdict {
  tone: 'success' | 'danger' | 'warning';
  text: string;
}

/**
 * The text to try for a field. Keys change when the campaign is saved and names while they are
 * written, so either finds it, unless the name is that of another field by now.
 */
export function textOf(row: FieldRow, rows: readonly FieldRow[], typed: readonly Typed[], country: string): string {
  const taken = new Set(rows.map((one) => one.field.name));
  const found =
    typed.find((one) => one.name === row.field.name) ?? typed.find((one) => one.key === row.key && !taken.has(one.name));
  return found?.text ?? sampleFor(row.field, country);
}

/** What was typed, with this text for this field. */
export function withText(typed: readonly Typed[], row: FieldRow, text: string): Typed[] {
  const { name } = row.field;
  return [...typed.filter((one) => one.key !== row.key && one.name !== name), { key: row.key, name, text }];
}

/** The body that asks what becomes of the texts. An empty one is a value that was not sent. */
export function trialOf(rows: readonly FieldRow[], texts: readonly string[], country: string): JsonObject {
  const given = rows.flatMap((row, at) => {
    const text = texts[at] ?? '';
    return text === '' ? [] : [[row.field.name.trim(), text] as const];
  });
  return {
    ...(country === '' ? {} : { country }),
    fields: rows.map((row) => fieldTo(row.field)),
    sample: Object.fromEntries(given),
  };
}

export function outcomeOf(field: FieldSpec, text: string, view: SampleView): Outcome {
  const name = field.name.trim();
  const refused = view.errors.find((error) => error.field === name);
  if (refused) {
    return { tone: 'bad', text: refused.code === 'required' ? 'A lead must have it.' : sentence(refused.message) };
  }
  const value = own(view.fields, name);
  if (value === undefined || value === null || value === '') return { tone: 'quiet', text: 'Not given; it may be left out.' };
  const note = noteText(own(view.notes, name));
  const more = note === '' ? {} : { note };
  // A number keeps its digits, which are not all in what the browser read.
  if (typeof value === 'number' && value === Number(text)) return { tone: 'good', text: 'taken as a number', ...more };
  const normal = typeof value === 'string' ? value : JSON.stringify(value);
  return normal === text ? { tone: 'good', text: 'taken as it is', ...more } : { tone: 'good', text: 'becomes', value: normal, ...more };
}

/** What is wrong with a field itself, which is the `at`th. */
export function faultOf(problem: Problem | null, at: number): string | undefined {
  const path = `fields[${String(at)}]`;
  const error = problem?.errors.find(({ field }) => field === path || field.startsWith(`${path}.`));
  return error && sentence(error.message);
}

export function verdictOf(view: SampleView | undefined, problem: Problem | null): Verdict | undefined {
  if (problem) {
    if (problem.status !== 422) return { tone: 'warning', text: `It cannot be tried now. ${sentence(problem.detail)}` };
    const whole = problem.errors.find(({ field }) => !field.startsWith('fields['));
    return { tone: 'warning', text: `The fields cannot be used like this.${whole ? ` ${sentence(whole.message)}` : ''}` };
  }
  if (!view) return undefined;
  if (view.ok) return { tone: 'success', text: 'A lead like this is accepted.' };
  const names = [...new Set(view.errors.map((error) => error.field))];
  const some = names.slice(0, 3).join(', ');
  const rest = names.length > 3 ? ` and ${String(names.length - 3)} more` : '';
  return { tone: 'danger', text: `A lead like this is refused: ${some}${rest}.` };
}

const DOUBTS: Readonly<Record<string, string>> = {
  country_unknown: 'country unknown',
  area_code_missing: 'area code missing',
};

/** What is known of a phone: "mobile, GB". */
export function noteText(note: unknown): string {
  if (typeof note !== 'object' || note === null) return '';
  const { valid, type, country, extension, doubt } = note as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  if (typeof type === 'string' && type !== 'unknown') parts.push(type.replaceAll('_', ' '));
  if (typeof country === 'string') parts.push(country);
  if (typeof extension === 'string') parts.push(`extension ${extension}`);
  if (typeof doubt === 'string') parts.push(DOUBTS[doubt] ?? doubt.replaceAll('_', ' '));
  else if (valid === false) parts.push('possible, but not a number in use');
  return parts.join(', ');
}

function own(of: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}
