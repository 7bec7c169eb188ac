import { expect, test } from 'vitest';
import { withIds } from './StatusesField';
import { daysOf, statusFaults, wishOf, type Workspace } from './api';

test('days are whole and at least one', () => {
  const check = (text: string, expected: number | undefined): void => {
    expect(daysOf(text)).toBe(expected);
  };
  check('', undefined);
  check(' 7 ', 7);
  check('90', 90);
  check('36500', 36_500);
  check('36501', undefined);
  check('0', undefined);
  check('-1', undefined);
  check('1.5', undefined);
  check('ninety', undefined);
});

test('two statuses of one name, or one without, are told where they are', () => {
  expect(statusFaults([{ name: 'new' }, { name: ' ' }, { name: 'won' }, { name: 'won ' }])).toEqual({
    1: 'Give it a name.',
    3: 'There is one of that name.',
  });
  expect(statusFaults([{ name: 'new' }, { name: 'New' }])).toEqual({});
});

test('what the server does not tell is not sent to it', () => {
  const workspace = { id: 'ws_1', name: 'A', version: 1, created_at: '', updated_at: '' } as Workspace;
  expect(Object.keys(wishOf(workspace))).toEqual(['name', 'default_campaign', 'retention_days']);
  expect(wishOf({ ...workspace, currency: 'GBP' }).currency).toBe('GBP');
});

test('a status keeps its identity when it is moved or written in, and a new one has another', () => {
  const [a, b, c] = [{ name: 'new' }, { name: 'won' }, { name: 'lost' }];
  const rows = withIds([a, b], []);
  const ids = (list: { id: number }[]): number[] => list.map((row) => row.id);
  const [first, second] = ids(rows);
  expect(ids(withIds([b, a], rows))).toEqual([second, first]);
  expect(ids(withIds([a, { name: 'won!' }], rows))).toEqual([first, second]);
  const grown = ids(withIds([a, b, c], rows));
  expect(grown.slice(0, 2)).toEqual([first, second]);
  expect(new Set(grown).size).toBe(3);
  expect(ids(withIds([b], rows))).toEqual([second]);
});
