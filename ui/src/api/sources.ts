import { queryOptions } from '@tanstack/react-query';
import { api, call, ok, withEtag } from './client';
import type { JsonObject } from './merge-patch';
import { everyPage } from './pages';
import type { components } from './schema';
import type { Loaded } from './use-editor';

type Schemas = components['schemas'];

export type SourceKind = Schemas['SourceKind'];
export type Source = Schemas['SourceView'];

/** The sources of a campaign, or of the whole workspace. */
export const sourceList = (campaignId: string | undefined) =>
  queryOptions({
    queryKey: ['sources', 'list', campaignId ?? 'all'],
    queryFn: ({ signal }) => {
      const of = campaignId === undefined ? {} : { campaign_id: campaignId };
      return everyPage((page) => ok(api.GET('/api/v1/sources', { params: { query: { ...page, ...of } }, signal })));
    },
  });

export const sourceQuery = (id: string) =>
  queryOptions({
    queryKey: ['sources', 'one', id],
    queryFn: () => readSource(id),
    placeholderData: undefined,
  });

export async function readSource(id: string): Promise<Loaded<Source>> {
  return withEtag(api.GET('/api/v1/sources/{id}', { params: { path: { id } } }));
}

export async function createSource(body: Schemas['SourceInput'], key: string): Promise<Source> {
  const header = { 'Idempotency-Key': key };
  return ok(api.POST('/api/v1/sources', { body, params: { header } }));
}

export async function patchSource(id: string, patch: JsonObject, etag: string): Promise<Loaded<Source>> {
  const params = { path: { id }, header: { 'If-Match': etag } };
  return withEtag(api.PATCH('/api/v1/sources/{id}', { params, body: patch }));
}

export async function rotateSourceSecret(id: string, grace: string): Promise<Loaded<Source>> {
  const params = { path: { id } };
  return withEtag(api.POST('/api/v1/sources/{id}/rotate-secret', { params, body: { grace } }));
}

export async function finishSourceRotation(id: string): Promise<Loaded<Source>> {
  const params = { path: { id } };
  return withEtag(api.POST('/api/v1/sources/{id}/rotate-secret/finish', { params, body: {} }));
}

export function deleteSource(id: string): Promise<void> {
  return call('DELETE', `/api/v1/sources/${encodeURIComponent(id)}`);
}

/** The newest lead of a source: its id and when it came. */
export const newestLead = (sourceId: string) =>
  queryOptions({
    queryKey: ['leads', 'newest', sourceId],
    queryFn: async ({ signal }) => {
      const query = { source_id: sourceId, limit: 1 };
      const page = await ok(api.GET('/api/v1/leads', { params: { query }, signal }));
      return page.data[0] ?? null;
    },
    placeholderData: undefined,
  });
