import { expect, test } from 'vitest';
import { curlLine, said, startOfDay, stepsDone, stuckAt } from './figures';

test('a day begins at midnight where the workspace is, also when the clocks change', () => {
  const check = (now: string, zone: string, expected: string): void => {
    expect(new Date(startOfDay(Date.parse(now), zone)).toISOString()).toBe(expected);
  };
  check('2026-11-22T12:00:00Z', 'UTC', '2026-11-22T00:00:00.000Z');
  check('2026-07-01T23:30:00Z', 'Europe/London', '2026-07-01T23:00:00.000Z');
  check('2026-11-22T03:00:00Z', 'America/New_York', '2026-11-21T05:00:00.000Z');
  check('2026-11-22T20:00:00Z', 'Asia/Kolkata', '2026-11-22T18:30:00.000Z');
  // The clocks went back at 01:00 UTC that day, after its midnight.
  check('2026-10-25T12:00:00Z', 'Europe/London', '2026-10-24T23:00:00.000Z');
  check('2026-03-29T12:00:00Z', 'Europe/London', '2026-03-29T00:00:00.000Z');
});

test('steps are ticked by what is there, and a delivery needs no test', () => {
  const none = { campaigns: 0, sources: 0, leads: 0, destinations: 0, tested: false, delivered: false };
  const done = (seen: Partial<typeof none>): string =>
    stepsDone({ ...none, ...seen }).filter(([, is]) => is).map(([key]) => key).join(' ');
  expect(done({})).toBe('');
  expect(done({ campaigns: 1, sources: 1 })).toBe('campaign source');
  expect(done({ delivered: true })).toBe('test delivered');
});

test('a count that was cut says so, and a URL cannot end its quotes', () => {
  expect(said({ count: 1000, more: true })).toBe('1,000+');
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
