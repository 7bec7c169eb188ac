import { expect, test } from 'vitest';
import { curlLine, said, stepsDone, stuckAt, withAdded } from './figures';

test('steps are ticked by what is there, and a delivery needs no test', () => {
  const none = { campaigns: 0, sources: 0, leads: 0, destinations: 0, tested: false, delivered: false };
  const done = (seen: Partial<typeof none>): string =>
    stepsDone({ ...none, ...seen }).filter(([, is]) => is).map(([key]) => key).join(' ');
  expect(done({})).toBe('');
  expect(done({ campaigns: 1, sources: 1 })).toBe('campaign source');
  expect(done({ delivered: true })).toBe('test delivered');
});

test('a count that was cut says so, and a URL cannot end its quotes', () => {
  expect(said({ count: 10_000, more: true })).toBe('10,000+');
  expect(said(withAdded({ count: 10_000, more: true }, 3))).toBe('10,000+');
  expect(said(withAdded({ count: 9_999, more: false }, 3))).toBe('10,002');
  expect(curlLine("http://x/'; rm", 'ada@example.com')).toContain("'http://x/'\\''; rm'");
});

test('what is stuck is counted by destination, over all its reasons', () => {
  const stuck = stuckAt([
    { destination_id: 'dst_a', count: 3, count_is_exact: true },
    { destination_id: 'dst_b', count: 1, count_is_exact: true },
    { destination_id: 'dst_a', count: 1000, count_is_exact: false },
    { destination_id: null, count: 5, count_is_exact: true },
  ]);
  expect([...stuck].map(([id, count]) => `${id} ${said(count)}`)).toEqual(['dst_a 1,003+', 'dst_b 1']);
});
