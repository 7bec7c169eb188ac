import { expect, it } from 'vitest';
import { parseSearch, stringifySearch, textSearch } from './search';

it('takes texts of its own keys and nothing else', () => {
  const validate = textSearch('q', 'state');
  expect(validate({ q: 'ada', state: '', evil: 'x', n: 1 })).toEqual({ q: 'ada' });
  expect(validate({ q: { a: 1 } })).toEqual({});
  expect(validate({ q: 'x'.repeat(10_000) }).q?.length).toBe(500);
});

it.each([{ q: '123' }, { q: 'a b&c=d', state: 'new,won' }, { q: '"quoted"' }, { q: '%E0%A4%A' }])(
  'reads back what it wrote: %o',
  (search) => {
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  },
);

it('leaves out what is not set', () => {
  expect(stringifySearch({ q: undefined, state: '' })).toBe('');
});
