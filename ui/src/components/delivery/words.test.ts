import { expect, test } from 'vitest';
import type { Job } from '@/api/inbox';
import { attemptsText } from './DeliveryCard';
import { jobText } from './JobList';
import { attemptsMax } from './targets';

const job = (over: Partial<Job>): Job => ({
  id: 'job_1',
  kind: 'bulk_resend',
  state: 'running',
  total: 100_000,
  total_is_exact: true,
  done: 1_200,
  skipped: 0,
  created_at: 'a',
  updated_at: 'b',
  created_by: 'Ada',
  ...over,
});

test.each([
  [{}, 'Resending: 1,200 of 100,000'],
  [{ skipped: 3 }, 'Resending: 1,200 of 100,000, 3 left alone as they were resent or are gone'],
  [{ total_is_exact: false }, 'Resending: 1,200 of 100,000+'],
  [{ state: 'waiting' }, 'Waiting to resend 100,000'],
  [{ state: 'done', done: 42 }, 'Resent 42'],
  [{ state: 'cancelled' }, 'Stopped after 1,200 of 100,000'],
  [{ state: 'failed' }, 'Could not go on after 1,200 of 100,000'],
] as const)('a job with %j reads "%s"', (over, text) => {
  expect(jobText(job(over))).toBe(text);
});

test('attempts are counted against the schedule when it has room for them', () => {
  expect([attemptsText(2, 5), attemptsText(1, undefined), attemptsText(7, 5)]).toEqual(['2 of 5 attempts', '1 attempt', '7 attempts']);
});

test('a schedule by name or by its waits has so many attempts', () => {
  const of = (retry: unknown) => attemptsMax({ retry } as unknown as Parameters<typeof attemptsMax>[0]);
  expect([of('standard'), of({ schedule: ['0s', '1m'] }), of(null), attemptsMax(undefined)]).toEqual([5, 2, undefined, undefined]);
});
