import { describe, expect, it } from 'vitest';
import { attemptClock, attemptsFrom, presetOf, PRESETS, readWaits, scheduleProblem } from './schedule';

const NOON = Date.UTC(2026, 10, 22, 12, 3, 0);

describe('a schedule as clock times', () => {
  const clocks = (waits: string[], zone: string, now = NOON): string[] =>
    attemptsFrom(waits, now).map((attempt) => attemptClock(attempt, now, zone));
  it('adds each wait to the attempt before', () => {
    expect(clocks(['0s', '1m', '5m', '30m', '2h'], 'UTC')).toEqual(['12:03', '12:04', '12:09', '12:39', '14:39']);
  });
  it('shows seconds where a wait is shorter than a minute', () => {
    expect(clocks(['0s', '15s', '1m'], 'UTC')).toEqual(['12:03', '12:03:15', '12:04']);
  });
  it('goes by the calendar of the zone', () => {
    expect(clocks(['0s', '6h'], 'UTC')).toEqual(['12:03', '18:03']);
    expect(clocks(['0s', '6h'], 'Asia/Tokyo')).toEqual(['21:03', 'tomorrow 03:03']);
    expect(clocks(['0s', '3d'], 'UTC')).toEqual(['12:03', 'in 3 days, 12:03']);
  });
  it('keeps the clock where it changes', () => {
    // Europe/London goes back an hour in the night to 25 October 2026.
    const before = Date.UTC(2026, 9, 24, 22, 30);
    expect(clocks(['0s', '2h'], 'Europe/London', before)).toEqual(['23:30', 'tomorrow 01:30']);
    expect(clocks(['0s', '3h'], 'Europe/London', before)).toEqual(['23:30', 'tomorrow 01:30']);
  });
});

it('knows the presets, however they are written', () => {
  expect(presetOf(PRESETS.standard)).toBe('standard');
  expect(presetOf(['0s', '60s', '300s', '30m', '120m'])).toBe('standard');
  expect(presetOf(['0ms', '30s', '2m', '10m', '1h'])).toBe('backoff');
  expect(presetOf(['0s', '1m'])).toBe('own');
});

it('says what is wrong with a schedule', () => {
  const problem = (text: string): string | undefined => scheduleProblem(readWaits(text));
  expect(problem('0s, 1m; 5m 2h')).toBeUndefined();
  expect(problem('')).toMatch(/at least one/);
  expect(problem('0s, 5min')).toMatch(/“5min” is no wait/);
  expect(problem('0s, 8d')).toMatch(/longer than 7 days/);
  expect(problem(Array(51).fill('1s').join())).toMatch(/At most 50/);
});
