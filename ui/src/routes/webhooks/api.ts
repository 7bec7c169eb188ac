import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ok, withEtag } from '@/api/client';
import type { components } from '@/api/schema';
import { eventKinds, wordOf } from '@/words';

/** A webhook; its events are the words of words.ts. */
export type Webhook = Omit<components['schemas']['WebhookView'], 'events'> & { events: string[] };

export type Trial = components['schemas']['TrialView'];

type SchemaEvents = components['schemas']['WebhookInput']['events'];

const PAGE_ROWS = 100;

export const webhookList = infiniteQueryOptions({
  queryKey: ['webhooks'],
  queryFn: async ({ pageParam, signal }) => {
    const query = { limit: PAGE_ROWS, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
    const page = await ok(api.GET('/api/v1/webhooks', { params: { query }, signal }));
    return { rows: page.data as unknown as Webhook[], next: page.next_cursor ?? undefined };
  },
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next,
});

export const oneWebhook = (id: string) =>
  queryOptions({ queryKey: ['webhook', id], queryFn: () => readWebhook(id) });

export async function readWebhook(id: string): Promise<{ data: Webhook; etag: string }> {
  const { data, etag } = await withEtag(api.GET('/api/v1/webhooks/{id}', { params: { path: { id } } }));
  return { data: data as unknown as Webhook, etag };
}

/** What a person sets. `events` empty: all kinds. */
export interface WebhookWish {
  url: string;
  description: string;
  events: string[];
}

export async function createWebhook(wish: WebhookWish, idempotencyKey: string): Promise<Webhook> {
  const params = { header: { 'Idempotency-Key': idempotencyKey } };
  return (await ok(api.POST('/api/v1/webhooks', { params, body: bodyOf(wish) }))) as unknown as Webhook;
}

export async function saveWebhook(id: string, wish: WebhookWish, etag: string): Promise<Webhook> {
  const params = { path: { id }, header: { 'If-Match': etag } };
  return (await ok(api.PATCH('/api/v1/webhooks/{id}', { params, body: bodyOf(wish) }))) as unknown as Webhook;
}

function bodyOf(wish: WebhookWish) {
  return {
    url: wish.url.trim(),
    description: wish.description.trim() === '' ? null : wish.description.trim(),
    events: wish.events as unknown as NonNullable<SchemaEvents>,
  };
}

/** Pauses it, or lets it go on. */
export async function switchWebhook(id: string, paused: boolean): Promise<void> {
  const params = { path: { id } };
  if (paused) await api.POST('/api/v1/webhooks/{id}/pause', { params, body: {} });
  else await api.POST('/api/v1/webhooks/{id}/resume', { params, body: {} });
}

/** Switches it on again after its receiver had it switched off. */
export async function enableWebhook(id: string): Promise<void> {
  const { etag } = await readWebhook(id);
  await api.PATCH('/api/v1/webhooks/{id}', {
    params: { path: { id }, header: { 'If-Match': etag } },
    body: { disabled: null },
  });
}

export async function testWebhook(id: string): Promise<Trial> {
  return ok(api.POST('/api/v1/webhooks/{id}/test', { params: { path: { id } }, body: {} }));
}

/** `grace`: how long the former secret counts too, such as `24h`. */
export async function rotateWebhook(id: string, grace: string): Promise<Webhook> {
  const params = { path: { id } };
  return (await ok(
    api.POST('/api/v1/webhooks/{id}/rotate-secret', { params, body: { grace } }),
  )) as unknown as Webhook;
}

export async function finishRotation(id: string): Promise<void> {
  await api.POST('/api/v1/webhooks/{id}/rotate-secret/finish', { params: { path: { id } }, body: {} });
}

export async function deleteWebhook(id: string, etag: string): Promise<void> {
  await api.DELETE('/api/v1/webhooks/{id}', { params: { path: { id }, header: { 'If-Match': etag } } });
}

/** What it is called: its note, else where it posts to. */
export function nameOf(webhook: Pick<Webhook, 'url' | 'description'>): string {
  return webhook.description == null || webhook.description === '' ? hostOf(webhook.url) : webhook.description;
}

/** The host of a URL, or the text itself when it is none. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** Which events it gets, in a few words. */
export function scopeInWords(events: readonly string[]): string {
  if (events.length === 0) return 'All events, of every lead';
  const names = events.map((kind) => wordOf(eventKinds, kind).label.toLowerCase());
  const [first = '', second = ''] = names;
  const text = names.length === 1 ? first : names.length === 2 ? `${first} and ${second}` : `${first}, ${second} and ${String(names.length - 2)} more`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
