import { expect, test } from 'vitest';
import { asTable, percent, readRowKey, type Reason, reasonText, rowKey } from './api';

const ROW: Reason = {
  destination_id: 'dst_1',
  destination: 'CRM',
  campaign_id: 'cmp_1',
  verdict: 'duplicate',
  reason: 'Duplicate of lead #',
  reason_id: '968ca13f',
  count: 3,
  share: '6.64',
  share_of_destination: '29.01',
  first_at: '2026-11-22T12:39:59Z',
  last_at: '2026-11-22T12:40:19Z',
};

test('something is never said to be nothing, and not quite all is not all', () => {
  const check = (part: number, whole: number, expected: string): void => {
    expect(percent(part, whole)).toBe(expected);
  };
  check(0, 0, '—');
  check(0, 10, '0 %');
  check(10, 10, '100 %');
  check(1, 3, '33.3 %');
  check(1, 100_000, '< 0.1 %');
  check(99_999, 100_000, '> 99.9 %');
});

test('a row is found again by the text that names it, and other texts name none', () => {
  expect(readRowKey(rowKey(ROW))).toEqual({ destination: 'dst_1', verdict: 'duplicate', reason: '968ca13f' });
  for (const text of [undefined, '', 'dst_1', 'dst_1~duplicate', 'a~b~', 'a~b~c~d']) {
    expect(readRowKey(text)).toBeUndefined();
  }
});

test('a file has a header, and a deleted destination keeps a name', () => {
  const report = {
    from: '', to: '', cut: false, destinations: [],
    total: { deliveries: 0, accepted: 0, rejected: 0, unmatched: 0, failed: 0 },
    data: [{ ...ROW, destination: null }],
  };
  const [head, first] = asTable(report);
  expect(head?.length).toBe(first?.length);
  expect(first?.[0]).toBe('deleted (dst_1)');
  expect(reasonText({ reason: '', verdict: 'unmatched' })).not.toBe('');
});
