import { expect, test } from 'vitest';
import { csv } from './download';

test('cells are quoted where they must be, and nothing in them is run by a spreadsheet', () => {
  const check = (cell: string | number, expected: string): void => {
    expect(csv([[cell]])).toBe(`${expected}\r\n`);
  };
  check('plain', 'plain');
  check('a, b', '"a, b"');
  check('say "no"', '"say ""no"""');
  check('two\nlines', '"two\nlines"');
  check('=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"');
  check('+447700900123', "'+447700900123");
  check('@SUM(A1)', "'@SUM(A1)");
  check(-5, '-5');
});
