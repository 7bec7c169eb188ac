import { expect, it } from 'vitest';
import { argumentFrom, argumentOf, argumentText, fieldsIn, kindOf, newWord, wordName, WORDS } from './transforms';

it('writes and reads every argument of the documentation', () => {
  const words: unknown[] = [
    { truncate: 4 },
    { replace: ['-', '/'] },
    { concat: [{ field: 'first_name' }, ' ', { field: 'last_name' }] },
    { default: 'unknown' },
    { date: 'DD.MM.YYYY HH:mm:ss' },
    { number: { decimals: 2 } },
    { boolean: ['Y', 'N'] },
    { boolean: [1, 0] },
    { map: { own: 'OWNER', '*': 'OTHER' } },
  ];
  for (const word of words) {
    const kind = kindOf(word);
    expect(kind).toBeDefined();
    if (kind) expect({ [kind.name]: argumentFrom(kind, argumentText(kind, argumentOf(word))) }).toEqual(word);
  }
});

it('is total for what is being written', () => {
  for (const kind of WORDS) {
    for (const text of ['', '{', '{a', '|', '=', '\n\n', '{ a }', 'x|y|z', '9'.repeat(30)]) {
      expect(() => argumentText(kind, argumentFrom(kind, text))).not.toThrow();
    }
    expect(wordName(newWord(kind))).toBe(kind.name);
  }
});

it('names the fields that are put together', () => {
  expect(fieldsIn(['trim', { concat: [{ field: 'a' }, '-', { field: 'b' }] }, { default: 'c' }])).toEqual(['a', 'b']);
});
