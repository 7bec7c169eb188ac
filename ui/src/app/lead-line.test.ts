import { expect, it } from 'vitest';
import { leadLine } from './lead-line';

it.each([
  [{ first_name: 'Ada', last_name: 'Lovelace', email: 'a@x.org', phone: '+44' }, 'Ada Lovelace', 'a@x.org · +44'],
  [{ email: 'a@x.org' }, 'a@x.org', ''],
  [{ phone: 123 }, '123', ''],
  [{ email: { odd: true }, name: ' ' }, '', ''],
  [undefined, '', ''],
])('says who %o is', (fields, title, sub) => {
  expect(leadLine(fields as Record<string, unknown> | undefined)).toEqual({ title, sub });
});
