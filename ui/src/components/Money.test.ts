import { expect, it } from 'vitest';
import { money } from './Money';

it.each([
  ['1234567.5', 'GBP', '£1,234,567.50'],
  ['0', 'USD', '$0.00'],
  ['-12.345', 'USD', '-$12.345'],
  ['99999999999999999999.01', 'USD', '$99,999,999,999,999,999,999.01'],
  ['0.10', 'EUR', '€0.10'],
  ['1500', 'JPY', '¥1,500'],
  ['7.5', 'CHF', '7.50 CHF'],
  ['not a number', 'USD', 'not a number'],
  ['1e5', 'USD', '1e5'],
])('writes %s %s as %s', (amount, currency, expected) => {
  expect(money(amount, currency)).toBe(expected);
});
