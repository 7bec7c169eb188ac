import { describe, expect, test } from 'vitest';
import { exportQuery, filtersOf, isLeadId, queryOf, replacing, searchOf } from './filters';

const ID = 'lead_01m81maxf1ft7a5ewxmmyasq1r';

describe('the question to the API', () => {
  test('tests and partial leads are left out unless asked for', () => {
    expect(queryOf({})).toEqual({
      test: 'false',
      state: 'received,routing,sold,unsold,delivered,rejected,quarantined,held,erased',
    });
    expect(queryOf({ test: 'true', partial: 'true' })).toEqual({});
  });

  test('a state that was chosen stands as it is', () => {
    expect(queryOf({ state: 'partial,held', test: 'true' })).toEqual({ state: 'partial,held' });
  });

  test('names of the URL become those of the API', () => {
    const search = { campaign: 'cmp_1', source: 'src_1', status: 'won', tag: 'vip', since: 'a', until: 'b', before: 'c' };
    expect(queryOf({ ...search, test: 'true', partial: 'true' })).toEqual({
      campaign_id: 'cmp_1',
      source_id: 'src_1',
      status: 'won',
      tag: 'vip',
      since: 'a',
      until: 'b',
      cursor: 'c',
    });
  });

  test('an export begins at the newest, wherever the list is', () => {
    expect(exportQuery({ before: 'c', state: 'held' })).toEqual({ state: 'held', test: 'false' });
  });
});

test.each([
  [undefined, {}],
  ['  ', {}],
  ['ab', {}],
  ['ada', { q: 'ada' }],
  [' ada@example.com ', { q: 'ada@example.com' }],
  ['+44 7700 900-203', { phone: '+447700900203' }],
  ['+44 77', { q: '4477' }],
  ['07700 900203', { q: '7700900203' }],
  ['(212) 555-0171', { q: '2125550171' }],
  ['000', { q: '000' }],
  ['12 High Street', { q: '12 High Street' }],
  [ID, {}],
])('the text %j is looked for by %j', (text, query) => {
  expect(searchOf(text)).toEqual(query);
});

test('a lead is told by its id', () => {
  expect(isLeadId(` ${ID} `)).toBe(true);
  expect(isLeadId('lead_1')).toBe(false);
});

test('a view keeps the filters and nothing else, and takes the place of those that were', () => {
  const search = { q: 'ada', state: 'held', open: ID, tab: 'raw' };
  expect(filtersOf(search)).toEqual({ q: 'ada', state: 'held' });
  const next = { ...search, ...replacing({ tag: 'vip' }) };
  expect(filtersOf(next)).toEqual({ tag: 'vip' });
  expect(next.open).toBe(ID);
});
