import { queryOptions } from '@tanstack/react-query';
import { call } from './client';
import { Problem } from './problem';

// Accounts and sign-in, typed by hand after the agreement between server and interface.

export type Role = 'owner' | 'admin' | 'operator' | 'viewer';

/** What is known without signing in. */
export interface AuthState {
  setup_needed: boolean;
  signed_in: boolean;
  /** The page came over plain http, so the session's cookie can be read on the way. */
  insecure: boolean;
  version: string;
}

export interface MyWorkspace {
  id: string;
  name: string;
  role: Role;
}

/** Who calls: a person, or a key (only while developing). */
export interface Me {
  kind: 'user' | 'key';
  id: string;
  name: string;
  email?: string;
  role?: Role;
  scopes: string[];
  workspace_id: string;
  workspace: string;
  workspaces?: MyWorkspace[];
  second_factor?: boolean;
  recovery_codes_left?: number;
}

export interface Session {
  id: string;
  created_at: string;
  seen_at: string;
  ip: string | null;
  user_agent: string | null;
  current: boolean;
}

export interface Invitation {
  email: string;
  workspace: string;
  role: Role;
  /** Whether somebody with that address has an account already. */
  known: boolean;
}

export interface SecondFactorSecret {
  secret: string;
  otpauth_url: string;
}

const AUTH = '/api/v1/auth';
const ME = '/api/v1/me';

export const authState = queryOptions({
  queryKey: ['auth-state'],
  queryFn: ({ signal }) => call<AuthState>('GET', `${AUTH}/state`, { signal }),
});

export const me = queryOptions({
  queryKey: ['me'],
  // Who is not signed in yet is sent to the sign-in page by the router, and not asked by the dialog.
  queryFn: async ({ signal }): Promise<Me> => {
    const answer = await call<Omit<Me, 'kind'> & { kind?: Me['kind'] }>('GET', ME, { signal, asks: false });
    return { ...answer, kind: answer.kind ?? 'key' };
  },
  staleTime: 60_000,
});

export const sessions = queryOptions({
  queryKey: ['me', 'sessions'],
  queryFn: async ({ signal }) => {
    const answer = await call<Session[] | { data: Session[] }>('GET', `${ME}/sessions`, { signal });
    return Array.isArray(answer) ? answer : answer.data;
  },
});

export const invitation = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) =>
      call<Invitation>('GET', `${AUTH}/invitations/${encodeURIComponent(token)}`, { signal }),
    retry: false,
  });

export function setUp(body: {
  token: string;
  email: string;
  name: string;
  password: string;
  workspace?: string;
}): Promise<Me> {
  return call('POST', `${AUTH}/setup`, { body });
}

export function signIn(body: { email: string; password: string; code?: string }): Promise<Me> {
  return call('POST', `${AUTH}/sign-in`, { body });
}

export function signOut(): Promise<void> {
  return call('POST', `${AUTH}/sign-out`);
}

export function acceptInvitation(token: string, body: { name?: string; password: string }): Promise<Me> {
  return call('POST', `${AUTH}/invitations/${encodeURIComponent(token)}/accept`, { body });
}

export function changeName(name: string): Promise<Me> {
  return call('PATCH', ME, { body: { name } });
}

export function changePassword(body: { current: string; new: string }): Promise<void> {
  return call('POST', `${ME}/password`, { body });
}

export function endSession(id: string): Promise<void> {
  return call('DELETE', `${ME}/sessions/${encodeURIComponent(id)}`);
}

export function endOtherSessions(): Promise<void> {
  return call('DELETE', `${ME}/sessions`);
}

export function startSecondFactor(password: string): Promise<SecondFactorSecret> {
  return call('POST', `${ME}/second-factor`, { body: { password } });
}

export function confirmSecondFactor(code: string): Promise<{ recovery_codes: string[] }> {
  return call('POST', `${ME}/second-factor/confirm`, { body: { code } });
}

export function removeSecondFactor(password: string): Promise<void> {
  return call('POST', `${ME}/second-factor/remove`, { body: { password } });
}

/** Whether the answer to a sign-in asks for the second factor. */
export function wantsSecondFactor(problem: Problem): boolean {
  return problem.code === 'second_factor_needed';
}

/** Fewest characters of a password. */
export const PASSWORD_CHARS_MIN = 12;
