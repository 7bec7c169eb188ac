import { expect, test } from 'vitest';
import { findNamed } from './named';

const ROWS = [
  { id: 'cmp_1', name: 'Solar UK', hint: 'SOLAR-UK' },
  { id: 'cmp_2', name: 'Home insurance', hint: 'HOME-US' },
  { id: 'cmp_3', name: 'Solar US', hint: undefined },
];

test.each([
  ['solar', 'cmp_1 cmp_3'],
  [' INSUR', 'cmp_2'],
  ['home-us', 'cmp_2'],
  ['home-u', ''],
  ['', ''],
  ['x', ''],
])('%j finds %j', (text, expected) => {
  expect(findNamed(text, ROWS).map((row) => row.id).join(' ')).toBe(expected);
});

test('a common word does not push everything else out of the list', () => {
  const many = Array.from({ length: 50 }, (_, at) => ({ id: String(at), name: `Solar ${String(at)}`, hint: undefined }));
  expect(findNamed('solar', many)).toHaveLength(4);
});
