import { expect, test } from 'vitest';
import { keepDigits } from '@/api/inbox';
import { fieldRows, valueText, webAddress } from './values';

test.each([
  ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
  ['http://example.com', 'http://example.com/'],
  ['javascript:alert(1)', undefined],
  ['JAVASCRIPT://example.com/%0aalert(1)', undefined],
  ['data:text/html,x', undefined],
  ['//example.com', undefined],
  ['example.com', undefined],
  ['', undefined],
])('%j leads to %j', (text, href) => {
  expect(webAddress(text)).toBe(href);
});

test('values are text, whatever they are', () => {
  expect(['a', 5, true, null, undefined, { a: [1] }].map(valueText)).toEqual(['a', '5', 'true', '', '', '{"a":[1]}']);
});

test('fields stand beside what they came as, and those Baton added come last', () => {
  expect(fieldRows({ country: 'GB', phone: '+44770', name: 'Ada' }, { phone: '0770', name: 'Ada' })).toEqual([
    { name: 'phone', normal: '+44770', raw: '0770', changed: true },
    { name: 'name', normal: 'Ada', raw: 'Ada', changed: false },
    { name: 'country', normal: 'GB', raw: '', changed: true },
  ]);
});

test('numbers that JavaScript cannot hold keep their digits', () => {
  expect(keepDigits.call(undefined, 'a', 1.1, { source: '1.10' })).toBe('1.10');
  expect(keepDigits.call(undefined, 'a', 5, { source: '5' })).toBe(5);
  expect(keepDigits.call(undefined, 'a', 5)).toBe(5);
  expect(keepDigits.call(undefined, 'a', 'x', { source: '"x"' })).toBe('x');
});
