import { render } from '@testing-library/react';
import { expect, it } from 'vitest';
import { RelativeTime } from './RelativeTime';
import { absolute, clockTime, duration, relative, zone } from './time';

const NOW = Date.parse('2026-11-22T12:00:00Z');

it.each([
  ['2026-11-22T11:59:58Z', 'now'],
  ['2026-11-22T11:59:20Z', '40 s ago'],
  ['2026-11-22T11:57:00Z', '3 min ago'],
  ['2026-11-22T14:30:00Z', 'in 2 h'],
  ['2026-11-20T12:00:00Z', '2 d ago'],
  ['2026-11-01T12:00:00Z', '1 Nov'],
  ['2025-11-01T12:00:00Z', '1 Nov 2025'],
])('says %s as "%s"', (at, expected) => {
  expect(relative(Date.parse(at), NOW, 'UTC')).toBe(expected);
});

it('names the zone with the whole time', () => {
  expect(absolute(NOW, 'UTC')).toMatch(/^22 Nov 2026, 12:00:00 UTC$/);
  expect(absolute(NOW, 'America/New_York')).toMatch(/^22 Nov 2026, 07:00:00 America\/New_York$/);
  expect(clockTime(NOW, 'Asia/Kolkata')).toBe('17:30:00');
  expect(absolute(NOW, 'Nowhere/Land')).toContain('12:00:00');
});

it.each([
  [12, '12 ms'],
  [1234, '1.2 s'],
  [65_000, '1 min 5 s'],
  [7_260_000, '2 h 1 min'],
  [90_000_000, '1 d 1 h'],
  [-1, '—'],
  [NaN, '—'],
])('writes %d ms as %s', (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

it('shows the whole time in the zone of the workspace when pointed at', () => {
  zone.set('Europe/London');
  const { container } = render(<RelativeTime at="2026-07-01T12:00:00Z" />);
  expect(container.querySelector('time')?.title).toBe('1 Jul 2026, 13:00:00 Europe/London');
  zone.set('UTC');
});

it.each([null, undefined, 'no time'])('shows what there is of %s', (at) => {
  const { container } = render(<RelativeTime at={at} none="never" />);
  expect(container.textContent).toBe('never');
});
