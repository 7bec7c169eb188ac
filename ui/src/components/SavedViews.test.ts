import { expect, test } from 'vitest';
import { sameQuery } from './SavedViews';

test('two searches are the same whatever the order, and only then', () => {
  expect(sameQuery({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true);
  expect(sameQuery({ a: '1' }, { a: '1', b: '2' })).toBe(false);
  expect(sameQuery({ a: '1' }, { b: '1' })).toBe(false);
});
