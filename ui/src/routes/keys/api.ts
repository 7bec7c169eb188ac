import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, ok, withEtag } from '@/api/client';
import type { components } from '@/api/schema';

/** A key as the API shows it; when it was last used is told by newer servers only. */
export type Key = Omit<components['schemas']['KeyView'], 'scopes'> & {
  scopes: string[];
  last_used_at?: string | null;
  last_used_ip?: string | null;
};

/** The scopes of `schema.d.ts` are the server's own names for them, the words are those of words.ts. */
type SchemaScopes = components['schemas']['KeyInput']['scopes'];

const PAGE_ROWS = 100;

export const keyList = infiniteQueryOptions({
  queryKey: ['keys'],
  queryFn: async ({ pageParam, signal }) => {
    const query = { limit: PAGE_ROWS, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
    const page = await ok(api.GET('/api/v1/keys', { params: { query }, signal }));
    return { rows: page.data as unknown as Key[], next: page.next_cursor ?? undefined };
  },
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next,
});

export async function readKey(id: string): Promise<{ data: Key; etag: string }> {
  const { data, etag } = await withEtag(api.GET('/api/v1/keys/{id}', { params: { path: { id } } }));
  return { data: data as unknown as Key, etag };
}

export interface KeyWish {
  name: string;
  scopes: string[];
  expires_at: string | null;
}

export async function createKey(wish: KeyWish, idempotencyKey: string): Promise<Key> {
  const body = { ...wish, scopes: wish.scopes as unknown as SchemaScopes };
  const header = { 'Idempotency-Key': idempotencyKey };
  return (await ok(api.POST('/api/v1/keys', { body, params: { header } }))) as unknown as Key;
}

export async function renameKey(id: string, name: string, etag: string): Promise<Key> {
  const params = { path: { id }, header: { 'If-Match': etag } };
  return (await ok(api.PATCH('/api/v1/keys/{id}', { params, body: { name } }))) as unknown as Key;
}

/** `grace`: how long the former text works too, such as `24h`. */
export async function rotateKey(id: string, grace: string): Promise<Key> {
  const params = { path: { id } };
  return (await ok(api.POST('/api/v1/keys/{id}/rotate', { params, body: { grace } }))) as unknown as Key;
}

export async function finishRotation(id: string): Promise<Key> {
  const params = { path: { id } };
  return (await ok(api.POST('/api/v1/keys/{id}/rotate/finish', { params, body: {} }))) as unknown as Key;
}

export async function revokeKey(id: string): Promise<void> {
  await api.DELETE('/api/v1/keys/{id}', { params: { path: { id } } });
}

/** Whether it works now. */
export type KeyState = 'active' | 'expired' | 'revoked';

export function stateOf(key: Key, now: number): KeyState {
  if (key.revoked_at != null) return 'revoked';
  if (key.expires_at != null && Date.parse(key.expires_at) <= now) return 'expired';
  return 'active';
}
