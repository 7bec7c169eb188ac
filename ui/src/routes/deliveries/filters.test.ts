import { expect, test } from 'vitest';
import type { FailureGroup } from '@/api/inbox';
import { byTarget, countText, filterOfGroup, queryOf, searchOfGroup } from './filters';

const group = (over: Partial<FailureGroup>): FailureGroup => ({
  destination_id: 'dst_1',
  webhook_id: null,
  destination: 'CRM',
  destination_disabled: false,
  state: 'failed',
  verdict: 'transient',
  note: 'http 503',
  count: 3,
  count_is_exact: true,
  first_at: 'a',
  last_at: 'b',
  sample_delivery_id: 'dlv_1',
  ...over,
});

test('the list of a group asks for exactly its deliveries', () => {
  expect(queryOf(searchOfGroup(group({})))).toEqual({
    state: 'failed',
    destination_id: 'dst_1',
    verdict: 'transient',
    note: 'http 503',
    resent: 'false',
  });
  expect(queryOf(searchOfGroup(group({ destination_id: null, webhook_id: 'wh_1' })))).toMatchObject({ webhook_id: 'wh_1' });
});

test('a resend of a group says empty words too: they tell it from its neighbours', () => {
  expect(filterOfGroup(group({ verdict: '', note: '' }))).toEqual({
    destination_id: 'dst_1',
    state: 'failed',
    verdict: '',
    note: '',
  });
});

test('what went to a webhook is not resent at once: no filter would tell it from others', () => {
  expect(filterOfGroup(group({ destination_id: null, webhook_id: 'wh_1' }))).toBeUndefined();
});

test('groups of one target stand together, and their count is exact only when each is', () => {
  const targets = byTarget([
    group({}),
    group({ destination_id: 'dst_2', destination: 'Other' }),
    group({ verdict: 'unmatched', count: 10_000, count_is_exact: false }),
  ]);
  expect(targets.map(({ name, count, isExact, groups }) => [name, count, isExact, groups.length])).toEqual([
    ['CRM', 10_003, false, 2],
    ['Other', 3, true, 1],
  ]);
});

test('a count that is not exact says so', () => {
  expect([countText(42, true), countText(10_000, false)]).toEqual(['42', '10,000+']);
});
