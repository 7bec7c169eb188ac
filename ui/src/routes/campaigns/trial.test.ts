import { expect, it } from 'vitest';
import type { FieldKind, FieldSpec, SampleView } from '@/api/campaigns';
import { Problem } from '@/api/problem';
import { KINDS } from './kinds';
import { sampleFor } from './samples';
import { faultOf, noteText, outcomeOf, textOf, trialOf, verdictOf, withText } from './trial';

const field = (name: string, type: FieldKind, more: Partial<FieldSpec> = {}): FieldSpec => ({ name, type, ...more });
const rowsOf = (...fields: FieldSpec[]) => fields.map((one, at) => ({ key: `field-${String(at)}`, field: one }));
const view = (given: Partial<SampleView>): SampleView => ({ ok: true, fields: {}, notes: {}, errors: [], ...given });

it('has a value to start from for each type', () => {
  for (const { kind } of KINDS.filter((one) => one.kind !== 'choice')) expect(sampleFor(field('x', kind), 'GB')).not.toBe('');
  expect(sampleFor(field('roof', 'choice', { choices: ['flat', 'other'] }), '')).toBe('flat');
  expect(sampleFor(field('roof', 'choice'), '')).toBe('');
  expect(sampleFor(field('phone', 'phone'), 'US')).toBe('(212) 555-0123');
  expect(sampleFor(field('phone', 'phone'), 'FR')).toMatch(/^\+/);
  expect(sampleFor(field('first_name', 'text'), 'GB')).toBe('Ada');
});

it('starts from a value that the rules take', () => {
  expect(sampleFor(field('a', 'integer', { min: '500' }), '')).toBe('500');
  expect(sampleFor(field('a', 'number', { max: '9.5' }), '')).toBe('9.5');
  expect(sampleFor(field('a', 'date', { min: '2027-01-01' }), '')).toBe('2027-01-01');
  expect(sampleFor(field('birth_date', 'date', { max: '2008-01-01' }), '')).toBe('10 December 1985');
  expect(sampleFor(field('a', 'text', { min_length: 30 }), '')).toHaveLength(30);
  expect(sampleFor(field('a', 'text', { max_length: 3 }), '')).toBe('Exa');
  expect(sampleFor(field('a', 'text', { pattern: '[A-Z]{2}\\d+' }), '')).toBe('');
  expect(sampleFor(field('a', 'text', { pattern: '(broken' }), '')).toBe('');
  expect(sampleFor(field('a', 'text', { pattern: '[A-z]+' }), '')).toBe('Example');
});

it('keeps what was typed through renames and a save that renumbers', () => {
  const [a, b] = rowsOf(field('a', 'text'), field('b', 'text')) as [ReturnType<typeof rowsOf>[0], ReturnType<typeof rowsOf>[0]];
  const typed = withText(withText([], a, 'one'), a, 'first');
  expect(typed).toHaveLength(1);
  const renamed = { ...a, field: { ...a.field, name: 'ab' } };
  expect(textOf(renamed, [renamed, b], typed, '')).toBe('first');
  // Saved in another order: the key is now that of the other field.
  const saved = rowsOf(b.field, a.field);
  expect(saved.map((row) => textOf(row, saved, typed, ''))).toEqual(['Example', 'first']);
  expect(textOf(a, [a], withText(typed, a, ''), '')).toBe('');
});

it('asks about fields as they would be saved', () => {
  const rows = rowsOf(field(' email ', 'email', { required: true, min: '3' }), field('x', 'text'));
  expect(trialOf(rows, ['a@b.example', ''], 'GB')).toEqual({
    country: 'GB',
    fields: [
      { name: 'email', type: 'email', required: true },
      { name: 'x', type: 'text', required: false },
    ],
    sample: { email: 'a@b.example' },
  });
  expect(trialOf([], [], '')).toEqual({ fields: [], sample: {} });
});

it('says what became of a value', () => {
  const phone = view({ fields: { p: '+447400123456' }, notes: { p: { valid: true, type: 'mobile', country: 'GB' } } });
  expect(outcomeOf(field('p', 'phone'), '07400 123456', phone)).toEqual({ tone: 'good', text: 'becomes', value: '+447400123456', note: 'mobile, GB' });
  expect(outcomeOf(field('t', 'text'), 'x', view({ fields: { t: 'x' } }))).toEqual({ tone: 'good', text: 'taken as it is' });
  expect(outcomeOf(field('n', 'number'), '1250.50', view({ fields: { n: 1250.5 } }))).toEqual({ tone: 'good', text: 'taken as a number' });
  expect(outcomeOf(field('b', 'boolean'), 'yes', view({ fields: { b: true } }))).toMatchObject({ text: 'becomes', value: 'true' });
  expect(outcomeOf(field('constructor', 'text'), '', view({}))).toMatchObject({ tone: 'quiet' });
  const errors = [{ field: 'e', code: 'required', message: 'is required' }, { field: 'n', code: 'out_of_range', message: 'must be at least 500' }];
  expect(outcomeOf(field('e', 'email'), '', view({ errors }))).toEqual({ tone: 'bad', text: 'A lead must have it.' });
  expect(outcomeOf(field('n', 'integer'), '1', view({ errors }))).toEqual({ tone: 'bad', text: 'Must be at least 500.' });
});

it('says what is known of a phone', () => {
  expect(noteText({ valid: true, type: 'fixed_line', country: 'GB', extension: '12' })).toBe('fixed line, GB, extension 12');
  expect(noteText({ valid: false, type: 'unknown' })).toBe('possible, but not a number in use');
  expect(noteText({ valid: false, type: 'unknown', doubt: 'area_code_missing' })).toBe('area code missing');
  expect(noteText(undefined)).toBe('');
});

it('says what would become of the lead', () => {
  expect(verdictOf(undefined, null)).toBeUndefined();
  expect(verdictOf(view({}), null)).toEqual({ tone: 'success', text: 'A lead like this is accepted.' });
  const errors = ['a', 'b', 'c', 'd'].map((name) => ({ field: name, code: 'required', message: 'is required' }));
  expect(verdictOf(view({ ok: false, errors }), null)?.text).toBe('A lead like this is refused: a, b, c and 1 more.');
  const wrong = new Problem({
    status: 422,
    code: 'validation_failed',
    detail: 'the fields are wrong',
    errors: [{ field: 'fields[1].pattern', code: 'invalid', message: 'is not a regular expression' }],
  });
  expect(verdictOf(view({}), wrong)).toEqual({ tone: 'warning', text: 'The fields cannot be used like this.' });
  expect(faultOf(wrong, 1)).toBe('Is not a regular expression.');
  expect(faultOf(wrong, 0)).toBeUndefined();
  expect(faultOf(null, 1)).toBeUndefined();
  expect(verdictOf(undefined, new Problem({ status: 0, code: 'gone', detail: 'no answer' }))?.tone).toBe('warning');
});
