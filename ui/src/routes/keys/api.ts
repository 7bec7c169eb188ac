import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, ok, withEtag } from '@/api/client';
import type { components } from '@/api/schema';

export type Key = components['schemas']['KeyView'];

export type KeyWish = components['schemas']['KeyInput'];

const PAGE_ROWS = 100;

export const keyList = infiniteQueryOptions({
  queryKey: ['keys'],
  queryFn: async ({ pageParam, signal }) => {
    const query = { limit: PAGE_ROWS, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
    const page = await ok(api.GET('/api/v1/keys', { params: { query }, signal }));
    return { rows: page.data, next: page.next_cursor ?? undefined };
  },
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next,
});

export function readKey(id: string): Promise<{ data: Key; etag: string }> {
  return withEtag(api.GET('/api/v1/keys/{id}', { params: { path: { id } } }));
}

export function createKey(body: KeyWish, idempotencyKey: string): Promise<Key> {
  return ok(api.POST('/api/v1/keys', { body, params: { header: { 'Idempotency-Key': idempotencyKey } } }));
}

export function renameKey(id: string, name: string, etag: string): Promise<Key> {
  const params = { path: { id }, header: { 'If-Match': etag } };
  return ok(api.PATCH('/api/v1/keys/{id}', { params, body: { name } }));
}

/** `grace`: how long the former text works too, such as `24h`. */
export function rotateKey(id: string, grace: string): Promise<Key> {
  return ok(api.POST('/api/v1/keys/{id}/rotate', { params: { path: { id } }, body: { grace } }));
}

export function finishRotation(id: string): Promise<Key> {
  return ok(api.POST('/api/v1/keys/{id}/rotate/finish', { params: { path: { id } }, body: {} }));
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
