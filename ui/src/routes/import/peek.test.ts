import { expect, test } from 'vitest';
import { csvRows, fieldOfName, peek } from './peek';

const look = (name: string, text: string) => peek(name, new TextEncoder().encode(text));

test('the columns of a file and values of its first rows are found', () => {
  const found = look('leads.csv', '\uFEFFE-mail;First Name;Notes\r\na@x.de;Ada;"a; ""b""\nc"\r\n\r\nb@x.de;Bob;\r\n');
  expect(found.format).toBe('csv');
  expect(found.columns).toEqual([
    { name: 'E-mail', samples: ['a@x.de', 'b@x.de'] },
    { name: 'First Name', samples: ['Ada', 'Bob'] },
    { name: 'Notes', samples: ['a; "b"\nc'] },
  ]);
});

test('sep= in the first line counts', () => {
  expect(look('a.csv', 'sep=|\na,b|c\n1|2\n').columns.map((column) => column.name)).toEqual(['a,b', 'c']);
});

test('lines of JSON are known by what they are, not by their name', () => {
  const found = look('leads.csv', '{"email":"a@x.de","age":1.10}\n{"email":"b@x.de","roof":null}\n');
  expect(found.format).toBe('jsonl');
  expect(found.columns.map((column) => column.name)).toEqual(['email', 'age', 'roof']);
});

test('a file that is none is said to be none', () => {
  const check = (bytes: number[], said: RegExp): void => {
    expect(peek('x.csv', Uint8Array.from(bytes)).fault).toMatch(said);
  };
  check([0x50, 0x4b, 3, 4], /workbook/);
  check([0x1f, 0x8b], /compressed/);
  check([0xff, 0xfe, 0x61, 0], /UTF-16/);
  check([], /empty/);
  expect(look('x.jsonl', '{broken\n').fault).toMatch(/JSON/);
  expect(look('x.csv', ',,\n1,2,3\n').fault).toMatch(/names no columns/);
});

test('no text makes the reading of rows go wrong', () => {
  for (const text of ['', '"', '"a', 'a"b,c', ',', '\n\n', 'a,"b""', '\r\n"x\ny",']) {
    expect(Array.isArray(csvRows(text, ',', 5))).toBe(true);
  }
  expect(csvRows('a,b\n1,"2', ',', 5)).toEqual([['a', 'b'], ['1', '2']]);
});

test('a column finds its field whatever its case and spaces', () => {
  expect(fieldOfName('First Name', ['email', 'first_name'])).toBe('first_name');
  expect(fieldOfName('E-Mail', ['email'])).toBeUndefined();
});
