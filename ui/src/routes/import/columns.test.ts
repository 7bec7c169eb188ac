import { expect, test } from 'vitest';
import type { components } from '@/api/schema';
import { chosen, missingOf } from './ColumnsTable';

const field = (name: string, required: boolean) =>
  ({ name, type: 'text', required }) as components['schemas']['FieldSpec'];
const column = (name: string) => ({ name, samples: [] });

test('a required field is missed until a column becomes it, by its name or by choice', () => {
  const fields = [field('email', true), field('phone', false)];
  const check = (names: string[], choices: Record<string, string | null>, expected: string[]): void => {
    expect(missingOf(names.map(column), fields, choices)).toEqual(expected);
  };
  check(['email'], {}, []);
  check(['Email'], {}, []);
  check(['E-mail'], {}, ['email']);
  check(['E-mail'], { 'E-mail': 'email' }, []);
  check(['email'], { email: null }, ['email']);
  check(['email'], { email: 'phone' }, ['email']);
});

test('a column that follows its name again is no choice', () => {
  expect(chosen({ a: 'x', b: null }, 'a', '')).toEqual({ b: null });
  expect(chosen({}, 'a', 'email')).toEqual({ a: 'email' });
});
