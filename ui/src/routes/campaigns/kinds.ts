import type { FieldKind, FieldSpec } from '@/api/campaigns';

export interface Kind {
  kind: FieldKind;
  label: string;
  /** What it takes and what becomes of it (docs/capture.md). */
  takes: string;
  /** Rules that mean something for it. */
  rules: readonly Rule[];
}

export type Rule = 'length' | 'pattern' | 'bounds' | 'dates' | 'choices' | 'strict';

const TEXT: readonly Rule[] = ['length', 'pattern'];

/** The types of fields, in the order people look for them. */
export const KINDS: readonly Kind[] = [
  { kind: 'text', label: 'Text', takes: 'Anything; spaces at the ends go.', rules: TEXT },
  { kind: 'email', label: 'E-mail', takes: 'An address. Ada@Example.COM becomes Ada@example.com.', rules: TEXT },
  { kind: 'phone', label: 'Phone', takes: 'Any possible number; without a country code it is one of the campaign’s country. 07400 123456 becomes +447400123456 in GB.', rules: ['strict', 'pattern'] },
  { kind: 'number', label: 'Number', takes: '1250.50; no thousands separators. It keeps its digits.', rules: ['bounds', 'pattern'] },
  { kind: 'integer', label: 'Whole number', takes: '42.', rules: ['bounds', 'pattern'] },
  { kind: 'boolean', label: 'Yes or no', takes: 'yes, y, true, t, on, 1, no, n, false, f, off, 0; becomes true or false.', rules: [] },
  { kind: 'consent', label: 'Consent', takes: 'The same, and words such as “I agree”; when required it must be a yes.', rules: [] },
  { kind: 'date', label: 'Date', takes: '28.01.2026, 28 January 2026, 2026-01-28; becomes 2026-01-28. In 03/04/2026 the day is first, in the US the month.', rules: ['dates', 'pattern'] },
  { kind: 'choice', label: 'Choice', takes: 'One of the words below, upper or lower case.', rules: ['choices'] },
  { kind: 'postcode', label: 'Postcode', takes: 'One of the lead’s country, else the campaign’s. sw1a1aa becomes SW1A 1AA.', rules: TEXT },
  { kind: 'country', label: 'Country', takes: 'A name or an ISO code; becomes GB.', rules: [] },
  { kind: 'state', label: 'State', takes: 'In the US and Canada a name or code, which becomes TX; elsewhere any text.', rules: TEXT },
  { kind: 'url', label: 'Link', takes: 'An address with http:// or https://.', rules: TEXT },
];

export function kindOf(kind: FieldKind): Kind {
  return KINDS.find((one) => one.kind === kind) ?? { kind, label: kind, takes: '', rules: TEXT };
}

/** A field's rules in a few words: "2 to 40 characters, pattern". */
export function rulesText(field: FieldSpec): string {
  const { rules } = kindOf(field.type);
  const parts: string[] = [];
  if (rules.includes('choices')) {
    const choices = field.choices ?? [];
    parts.push(choices.length === 0 ? 'no choices yet' : choices.slice(0, 4).join(', ') + (choices.length > 4 ? ` and ${String(choices.length - 4)} more` : ''));
  }
  if (rules.includes('length')) parts.push(range(field.min_length, field.max_length, 'characters'));
  if (rules.includes('bounds') || rules.includes('dates')) parts.push(range(field.min, field.max, ''));
  if (rules.includes('strict') && field.strict) parts.push('only numbers in use');
  if (rules.includes('pattern') && field.pattern != null && field.pattern !== '') parts.push(`like ${field.pattern}`);
  if (field.delivery_name != null && field.delivery_name !== '') parts.push(`delivered as ${field.delivery_name}`);
  return parts.filter((part) => part !== '').join('; ');
}

function range(min: string | number | null | undefined, max: string | number | null | undefined, unit: string): string {
  const tail = unit === '' ? '' : ` ${unit}`;
  const low = min == null || min === '' ? undefined : String(min);
  const high = max == null || max === '' ? undefined : String(max);
  if (low !== undefined && high !== undefined) return `${low} to ${high}${tail}`;
  if (low !== undefined) return `from ${low}${tail}`;
  return high === undefined ? '' : `up to ${high}${tail}`;
}
