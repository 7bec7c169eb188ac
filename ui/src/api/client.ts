import createClient from 'openapi-fetch';
import type { paths } from './schema';
import { send } from './transport';

/**
 * The typed client. A call either gives an answer or throws a `Problem`, so use it through
 * {@link ok}: `ok(api.GET('/api/v1/keys', { params, signal }))`.
 */
export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request: Request) => send(request),
});

/** The body of a successful answer. */
export async function ok<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** The body and the `ETag` of an answer: what is read to be changed is read with this. */
export async function withEtag<T>(
  call: Promise<{ data?: T; response: Response }>,
): Promise<{ data: T; etag: string }> {
  const { data, response } = await call;
  return { data: data as T, etag: response.headers.get('etag') ?? '' };
}

/**
 * A call to a path that `schema.d.ts` does not have. `T` is believed, so each use belongs into a
 * module of `api/` that says where the type comes from.
 */
export async function call<T>(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  options: { body?: unknown; signal?: AbortSignal | undefined; headers?: Record<string, string>; asks?: boolean } = {},
): Promise<T> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  const init: RequestInit = { method, headers };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  const response = await send(new URL(path, location.origin), init, { asks: options.asks ?? true });
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}
