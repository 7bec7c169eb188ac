import { expect, it } from 'vitest';
import { withinApp } from './SignInScreen';

it.each([
  [undefined, '/admin/'],
  ['/leads?q=ada', '/admin/leads?q=ada'],
  ['/admin/leads', '/admin/leads'],
  ['//evil.example', '/admin/'],
  ['https://evil.example', '/admin/'],
  ['/\\evil.example', '/admin/'],
  ['javascript:alert(1)', '/admin/'],
])('after signing in with next=%s goes to %s', (next, expected) => {
  expect(withinApp(next, '/admin')).toBe(expected);
});
