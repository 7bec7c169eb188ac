import { expect, test } from 'vitest';
import type { Role } from '@/api/accounts';
import { type Member, rolesToGive, whyFixed } from './api';

const member = (id: string, role: Role): Member => ({
  id, role, email: `${id}@x.de`, name: id, second_factor: false, created_at: '', seen_at: null,
});

test('the last owner stays, and only owners touch owners', () => {
  const check = (roles: Role[], own: Role | undefined, expected: RegExp | undefined): void => {
    const members = roles.map((role, at) => member(String(at), role));
    const [first] = members;
    if (!first) throw new Error('no members');
    const why = whyFixed(first, members, own);
    if (expected) expect(why).toMatch(expected);
    else expect(why).toBeUndefined();
  };
  check(['owner', 'admin'], 'owner', /last owner/);
  check(['owner', 'owner'], 'owner', undefined);
  check(['owner', 'owner'], 'admin', /only an owner/i);
  check(['admin', 'owner'], 'admin', undefined);
  check(['viewer', 'owner'], undefined, undefined);
});

test('an admin makes no owners', () => {
  expect(rolesToGive('owner')).toContain('owner');
  expect(rolesToGive('admin')).not.toContain('owner');
});
