import { infiniteQueryOptions } from '@tanstack/react-query';
import type { Role } from '@/api/accounts';
import { call } from '@/api/client';

// Typed by hand after the agreement between server and interface, as api/accounts.ts.

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  second_factor: boolean;
  created_at: string;
  seen_at: string | null;
}

export interface Invited {
  id: string;
  email: string;
  role: Role;
  created_at?: string;
  expires_at: string;
  /** Shown when it is made and never again. */
  url?: string;
}

const USERS = '/api/v1/users';
const INVITATIONS = `${USERS}/invitations`;
const PAGE_ROWS = 100;

function listOf<Row>(key: string[], path: string) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: String(PAGE_ROWS) });
      if (pageParam !== undefined) query.set('cursor', pageParam);
      const page = await call<{ data: Row[]; next_cursor: string | null }>('GET', `${path}?${query.toString()}`, { signal });
      return { rows: page.data, next: page.next_cursor ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });
}

export const memberList = listOf<Member>(['users'], USERS);
export const invitationList = listOf<Invited>(['users', 'invitations'], INVITATIONS);

export function invite(wish: { email: string; role: Role }, idempotencyKey: string): Promise<Invited> {
  return call('POST', INVITATIONS, { body: wish, headers: { 'Idempotency-Key': idempotencyKey } });
}

export function revokeInvitation(id: string): Promise<void> {
  return call('DELETE', `${INVITATIONS}/${encodeURIComponent(id)}`);
}

export function changeRole(id: string, role: Role): Promise<Member> {
  return call('PATCH', `${USERS}/${encodeURIComponent(id)}`, { body: { role } });
}

export function removeMember(id: string): Promise<void> {
  return call('DELETE', `${USERS}/${encodeURIComponent(id)}`);
}

/** From the most to the least. */
export const ROLES: readonly Role[] = ['owner', 'admin', 'operator', 'viewer'];

/** The roles this person may give: only an owner says who is an owner. */
export function rolesToGive(own: Role | undefined): Role[] {
  return ROLES.filter((role) => role !== 'owner' || own === 'owner');
}

/**
 * Why the role of a member cannot be changed, or they not be removed, by this person; nothing when
 * they can. The server decides in any case.
 */
export function whyFixed(member: Member, members: readonly Member[], own: Role | undefined): string | undefined {
  if (member.role !== 'owner') return undefined;
  if (members.filter((other) => other.role === 'owner').length <= 1) {
    return 'The last owner stays: make somebody else an owner first.';
  }
  return own === 'owner' ? undefined : 'Only an owner changes what an owner is.';
}
