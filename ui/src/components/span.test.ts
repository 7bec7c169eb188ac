import { expect, it } from 'vitest';
import { parseSpan, rateWords, spanWords, splitRate, splitSpan } from './span';

it('reads spans and nothing else', () => {
  expect(['0s', '500ms', '5m', '2h', '7d'].map(parseSpan)).toEqual([0, 500, 300_000, 7_200_000, 604_800_000]);
  expect(['', '5', 'm', '-1s', '1.5h', '5 m', '5min', '9999999999999s'].map(parseSpan)).toEqual(Array(8).fill(undefined));
});

it('says spans as people do', () => {
  expect([0, 500, 60_000, 90_000, 5_400_000, 604_800_000].map(spanWords)).toEqual([
    '0 s', '500 ms', '1 min', '1 min 30 s', '1 h 30 min', '7 d',
  ]);
});

it('shows a span in the largest unit that holds it whole', () => {
  expect(splitSpan('30d')).toEqual({ count: '30', unit: 'd' });
  expect(splitSpan('90s')).toEqual({ count: '90', unit: 's' });
  expect(splitSpan('120s')).toEqual({ count: '2', unit: 'm' });
  expect(splitSpan('')).toEqual({ count: '', unit: 's' });
});

it('reads and says rates', () => {
  expect(splitRate('100/m')).toEqual({ count: '100', per: 'm' });
  expect(splitRate('nonsense')).toEqual({ count: '', per: 'm' });
  expect(rateWords('10/s')).toBe('10 a second');
});
