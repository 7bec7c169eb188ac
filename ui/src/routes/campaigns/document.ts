import type { Campaign, FieldSpec, PausedAction } from '@/api/campaigns';
import type { JsonObject } from '@/api/merge-patch';
import { kindOf } from './kinds';

/** A field with a key for the page. */
export interface FieldRow {
  key: string;
  field: FieldSpec;
}

/** A campaign as its form has it. */
export interface Draft {
  name: string;
  reference: string;
  country: string;
  currency: string;
  fields: readonly FieldRow[];
  /** Whether leads are compared at all. */
  checksDuplicates: boolean;
  duplicateFields: readonly string[];
  matching: 'any' | 'all';
  window: string;
  action: 'reject' | 'mark' | 'quarantine';
  when_paused: PausedAction;
}

let made = 0;

export function newFieldRow(fields: readonly FieldRow[]): FieldRow {
  made += 1;
  const names = new Set(fields.map((row) => row.field.name));
  let at = fields.length + 1;
  while (names.has(`field_${String(at)}`)) at += 1;
  return { key: `new-${String(made)}`, field: { name: `field_${String(at)}`, type: 'text', required: false } };
}

export function toDraft(doc: Campaign): Draft {
  const duplicates = doc.duplicates ?? undefined;
  return {
    name: doc.name,
    reference: doc.reference ?? '',
    country: doc.country ?? '',
    currency: doc.currency ?? '',
    fields: doc.fields.map((field, at) => ({ key: `field-${String(at)}`, field })),
    checksDuplicates: duplicates !== undefined,
    duplicateFields: duplicates?.fields ?? [],
    matching: duplicates?.matching ?? 'any',
    window: duplicates?.window ?? '',
    action: duplicates?.action ?? 'reject',
    when_paused: doc.when_paused ?? 'reject',
  };
}

export function toInput(draft: Draft): JsonObject {
  const names = draft.fields.map((row) => row.field.name);
  return {
    name: draft.name.trim(),
    reference: draft.reference.trim(),
    country: draft.country === '' ? null : draft.country,
    currency: draft.currency === '' ? null : draft.currency,
    fields: draft.fields.map((row) => fieldTo(row.field)),
    duplicates: draft.checksDuplicates
      ? {
          // A field that was removed or renamed cannot be compared by.
          fields: draft.duplicateFields.filter((name) => names.includes(name)),
          matching: draft.matching,
          window: draft.window === '' ? null : draft.window,
          action: draft.action,
        }
      : null,
    when_paused: draft.when_paused,
  };
}

/** A field with the rules its type knows and nothing else: others are refused. */
export function fieldTo(field: FieldSpec): JsonObject {
  const { rules } = kindOf(field.type);
  const kept: Record<string, unknown> = { name: field.name.trim(), type: field.type, required: field.required ?? false };
  const keep = (key: keyof FieldSpec): void => {
    const value = field[key];
    if (value !== undefined && value !== null && value !== '' && value !== false) kept[key] = value;
  };
  keep('label');
  keep('delivery_name');
  if (rules.includes('length')) {
    keep('min_length');
    keep('max_length');
  }
  if (rules.includes('bounds') || rules.includes('dates')) {
    keep('min');
    keep('max');
  }
  if (rules.includes('pattern')) keep('pattern');
  if (rules.includes('choices') && (field.choices ?? []).length > 0) keep('choices');
  if (rules.includes('strict')) keep('strict');
  return kept;
}

/** The duplicate rule in a few words, for lists. */
export function duplicatesText(doc: Campaign): string {
  const rule = doc.duplicates;
  if (rule == null) return 'not checked';
  const join = rule.matching === 'all' ? ' and ' : ' or ';
  const what = { reject: 'refused', mark: 'marked', quarantine: 'quarantined' }[rule.action ?? 'reject'];
  return `same ${rule.fields.join(join)}: ${what}`;
}
