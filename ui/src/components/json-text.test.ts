import { expect, it } from 'vitest';
import { bytes, pieces, prettyJson } from './json-text';

it('lays JSON out and keeps what it says', () => {
  expect(prettyJson('{"a":[1,{"b":"x,:{}\\"y"}],"c":{},"d":[]}')).toBe(
    '{\n  "a": [\n    1,\n    {\n      "b": "x,:{}\\"y"\n    }\n  ],\n  "c": {},\n  "d": []\n}',
  );
});

it('keeps digits, order and members of one name', () => {
  const text = '{"n":12345678901234567890.10,"b":1,"a":2,"a":3}';
  expect(prettyJson(text)?.replace(/\s/g, '')).toBe(text);
});

it.each(['', 'plain', '{broken', '"a string"', '12', '<xml/>', '{"a":1} {"b":2}'])('takes %s as no JSON', (text) => {
  expect(prettyJson(text)).toBeUndefined();
});

it('changes nothing but white space, whatever is in it', () => {
  const odd = ['\u202Eabc', '😀', '</script>', 'a\\b"c', '\u0000', ' , : { } [ ] ', '\n'];
  const value = { list: odd, nested: Object.fromEntries(odd.map((key) => [key, { key }])) };
  expect(JSON.parse(prettyJson(JSON.stringify(value)) ?? '')).toEqual(value);
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KB'],
  [1536, '1.5 KB'],
  [65_536, '64 KB'],
  [1_500_000, '1.4 MB'],
  [5_000_000_000, '4.7 GB'],
])('writes %d as %s', (count, expected) => {
  expect(bytes(count)).toBe(expected);
});

it.each([
  ['nothing', '', 0],
  ['little', 'a\nb', 1],
  ['lines', 'a line of text\n'.repeat(1_000), 4],
  ['one long line', 'x'.repeat(10_000), 3],
  ['one long line of pairs', `x${'😀'.repeat(5_000)}`, 3],
])('parts %s into pieces that are all of it', (_, text, count) => {
  const parts = pieces(text);
  expect(parts.join('')).toBe(text);
  expect(parts.length).toBe(count);
  for (const part of parts) expect(part).not.toMatch(/[\ud800-\udbff]$/);
});
