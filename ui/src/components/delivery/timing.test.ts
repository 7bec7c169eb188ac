import { expect, test } from 'vitest';
import { micros, phasesOf } from './timing';

const shown = (timing: Parameters<typeof phasesOf>[0]): string[] =>
  phasesOf(timing).map(({ key, us, share }) => `${key} ${String(us)} ${share.toFixed(2)}`);

test('the phases and what is left make the whole', () => {
  expect(shown({ dns_us: 100, connect_us: 200, tls_us: 300, first_byte_us: 300, total_us: 1000 })).toEqual([
    'dns 100 0.10',
    'connect 200 0.20',
    'tls 300 0.30',
    'wait 300 0.30',
    'read 100 0.10',
  ]);
});

test('a pooled connection has no phases before the first byte', () => {
  expect(shown({ dns_us: null, connect_us: null, tls_us: null, first_byte_us: 750, total_us: 1000 })).toEqual([
    'wait 750 0.75',
    'read 250 0.25',
  ]);
});

test('without a first byte the rest was waiting for it', () => {
  expect(shown({ connect_us: 100, first_byte_us: null, total_us: 1000 })).toEqual(['connect 100 0.10', 'wait 900 0.90']);
});

test('phases that make more than the total never make more than the whole', () => {
  const phases = phasesOf({ connect_us: 600, first_byte_us: 600, total_us: 1000 });
  expect(phases.reduce((sum, phase) => sum + phase.share, 0)).toBeCloseTo(1);
});

test('nothing measured is no bar', () => {
  expect(phasesOf({ total_us: 0 })).toEqual([]);
});

test.each([
  [0, '0 µs'],
  [879, '879 µs'],
  [1_500, '1.5 ms'],
  [12_345, '12 ms'],
  [1_240_000, '1.24 s'],
  [30_000_000, '30.00 s'],
])('%i microseconds read %s', (us, text) => {
  expect(micros(us)).toBe(text);
});
