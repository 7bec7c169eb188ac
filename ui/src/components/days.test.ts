import { expect, test } from 'vitest';
import { beginOf, dayOf, endOf, startOfDay } from './days';

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
  // That midnight was left out: the day began at one o'clock.
  check('2025-03-30T12:00:00Z', 'Asia/Beirut', '2025-03-29T22:00:00.000Z');
  check('2026-11-22T12:00:00Z', 'Nowhere/City', '2026-11-22T00:00:00.000Z');
});

test('a day lasts from its midnight to the next, and says its own name', () => {
  const check = (day: string, zone: string, begin: string, end: string): void => {
    expect([beginOf(day, zone), endOf(day, zone)]).toEqual([`${begin}:00.000Z`, `${end}:00.000Z`]);
    expect(dayOf(Date.parse(`${begin}:00Z`), zone)).toBe(day);
    expect(dayOf(Date.parse(`${end}:00Z`) - 1, zone)).toBe(day);
  };
  check('2026-11-22', 'UTC', '2026-11-22T00:00', '2026-11-23T00:00');
  check('2026-11-22', 'Asia/Tokyo', '2026-11-21T15:00', '2026-11-22T15:00');
  check('2026-12-31', 'America/Los_Angeles', '2026-12-31T08:00', '2027-01-01T08:00');
  // Days of 25 and 23 hours.
  check('2026-10-25', 'Europe/London', '2026-10-24T23:00', '2026-10-26T00:00');
  check('2026-03-29', 'Europe/London', '2026-03-29T00:00', '2026-03-29T23:00');
  expect(beginOf('', 'UTC')).toBeUndefined();
  expect(endOf('2026-13-01', 'UTC')).toBeUndefined();
});
