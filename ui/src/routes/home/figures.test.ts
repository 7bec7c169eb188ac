import { expect, test } from 'vitest';
import { curlLine, said, stepsDone, withAdded } from './figures';

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
