import { expect, it } from 'vitest';
import { sentReader } from './sent';

it('finds what is sent, by the kind of body', () => {
  const json = sentReader('application/json', '{"a":{"b":"x"},"n":1.5,"t":true}', '');
  expect([json('a.b'), json('n'), json('t'), json('z'), json('toString')]).toEqual(['x', '1.5', 'true', undefined, undefined]);
  expect(sentReader('application/json', '{"leads":[{"Email":"e"}]}', '')('Email')).toBe('e');
  const form = sentReader('application/x-www-form-urlencoded', 'a.b=x+y&c=%3Cb%3E', '');
  expect([form('a.b'), form('c'), form('d')]).toEqual(['x y', '<b>', undefined]);
  expect(sentReader('', '', 'https://a.example/?q=1')('q')).toBe('1');
});

it('is total for what is no such body', () => {
  expect(sentReader('application/json', '{', '')('a')).toBeUndefined();
  expect(sentReader('application/json', 'null', '')('a')).toBeUndefined();
});
