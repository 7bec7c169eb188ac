import { queryOptions } from '@tanstack/react-query';
import { api, call, ok } from './client';
import type { Problem } from './problem';
import type { components } from './schema';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export type AuthState = Schemas['AuthState'];
export type Session = Schemas['SessionView'];
export type Invitation = Schemas['InvitedView'];
export type SecondFactorSecret = Schemas['FactorView'];
export type User = Schemas['UserMe'];

/** Who calls: a person, or a key (only while developing). What only people have may be missing. */
export type Me = Schemas['KeyMe'] & Partial<User> & { kind: 'user' | 'key' };

export const authState = queryOptions({
  queryKey: ['auth-state'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/auth/state', { signal })),
});

export const me = queryOptions({
  queryKey: ['me'],
  // Who is not signed in yet is sent to the sign-in page by the router, and not asked by the dialog.
  queryFn: ({ signal }) => call<Me>('GET', '/api/v1/me', { signal, asks: false }),
  staleTime: 60_000,
});

export const sessions = queryOptions({
  queryKey: ['me', 'sessions'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/sessions', { signal })),
});

export const invitation = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/auth/invitations/{token}', { params: { path: { token } }, signal })),
    retry: false,
  });

export function setUp(body: Schemas['SetupInput']): Promise<Me> {
  return ok(api.POST('/api/v1/auth/setup', { body }));
}

export function signIn(body: Schemas['SignInInput']): Promise<Me> {
  return ok(api.POST('/api/v1/auth/sign-in', { body }));
}

export async function signOut(): Promise<void> {
  await api.POST('/api/v1/auth/sign-out');
}

export function acceptInvitation(token: string, body: Schemas['AcceptInput']): Promise<Me> {
  return ok(api.POST('/api/v1/auth/invitations/{token}/accept', { params: { path: { token } }, body }));
}

export function changeName(name: string): Promise<Me> {
  return ok(api.PATCH('/api/v1/me', { body: { name } }));
}

export async function changePassword(body: Schemas['PasswordInput']): Promise<void> {
  await api.POST('/api/v1/me/password', { body });
}

export async function endSession(id: string): Promise<void> {
  await api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id } } });
}

export async function endOtherSessions(): Promise<void> {
  await api.DELETE('/api/v1/me/sessions');
}

export function startSecondFactor(password: string): Promise<SecondFactorSecret> {
  return ok(api.POST('/api/v1/me/second-factor', { body: { password } }));
}

export function confirmSecondFactor(code: string): Promise<Schemas['RecoveryView']> {
  return ok(api.POST('/api/v1/me/second-factor/confirm', { body: { code } }));
}

export async function removeSecondFactor(password: string): Promise<void> {
  await api.POST('/api/v1/me/second-factor/remove', { body: { password } });
}

/** Whether the answer to a sign-in asks for the second factor. */
export function wantsSecondFactor(problem: Problem): boolean {
  return problem.code === 'second_factor_needed';
}

/** Fewest characters of a password. */
export const PASSWORD_CHARS_MIN = 12;
