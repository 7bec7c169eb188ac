import { expect, test } from 'vitest';
import type { Delivery, TimelineEntry } from '@/api/inbox';
import { happenings } from './timeline';

const AT = '2026-11-22T12:00:00.000Z';
const LATER = '2026-11-22T12:00:05.000Z';
const delivery = (id: string, at: string, cause: string): TimelineEntry =>
  ({ at, delivery: { id, cause, destination_id: `dst_${id}` } }) as unknown as TimelineEntry;
const attempt = (id: string, at: string, verdict: string): TimelineEntry =>
  ({ at, attempt: { delivery_id: id, n: 1, verdict, decided_by: 'http 503', status: 503, total_us: 1500 } }) as unknown as TimelineEntry;
const event = (kind: string, at: string, data: object): TimelineEntry =>
  ({ at, event: { event: kind, data } }) as unknown as TimelineEntry;
const nameOf = ({ destination_id: id }: Delivery): string => String(id).replace('dst_', 'To ');

test('what happened at one instant stands in the order in which it must have', () => {
  const lines = happenings(
    [
      event('delivery.failed', LATER, { delivery_id: 'a', decided_by: 'http 503' }),
      delivery('b', LATER, 'failover'),
      attempt('b', LATER, 'accepted'),
      attempt('a', LATER, 'transient'),
      delivery('a', AT, 'lead'),
      event('lead.created', AT, { source: 'Partner A' }),
    ],
    nameOf,
  );
  expect(lines.map(({ about, text }) => [about, text])).toEqual([
    [undefined, 'Captured'],
    ['To a', 'Handed on'],
    ['To a', 'Attempt 1: Temporary fault'],
    ['To a', 'Given up'],
    ['To b', 'Handed on instead of another'],
    ['To b', 'Attempt 1: Accepted'],
  ]);
  expect(lines[2]?.detail).toBe('HTTP 503 in 1.5 ms, decided by http 503');
});

test('an event that its attempt tells already is not told twice, an unknown one in its own words', () => {
  const lines = happenings([event('delivery.succeeded', AT, {}), event('lead.scored_high', AT, {})], nameOf);
  expect(lines.map((line) => line.text)).toEqual(['Lead scored high']);
});
