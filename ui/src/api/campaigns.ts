import { queryOptions } from '@tanstack/react-query';
import { api, call, ok, withEtag } from './client';
import type { JsonObject } from './merge-patch';
import { everyPage } from './pages';
import type { FieldError } from './problem';
import type { components } from './schema';
import type { Loaded } from './use-editor';

type Schemas = components['schemas'];

export type FieldSpec = Schemas['FieldSpec'];
export type FieldKind = Schemas['FieldKind'];
export type Duplicates = Schemas['DuplicatesInput'];
export type PausedAction = Schemas['PausedAction'];
export type Campaign = Omit<Schemas['CampaignView'], 'fields'> & { fields: FieldSpec[] };

const asCampaign = (view: Schemas['CampaignView']): Campaign => ({ ...view, fields: view.fields ?? [] });
const loadedOf = (answer: { data: Schemas['CampaignView']; etag: string }): Loaded<Campaign> => ({
  data: asCampaign(answer.data),
  etag: answer.etag,
});

/** The campaigns of the workspace: for the list and for choosing one. */
export const campaignList = queryOptions({
  queryKey: ['campaigns', 'list'],
  queryFn: async ({ signal }) => {
    const views = await everyPage((query) => ok(api.GET('/api/v1/campaigns', { params: { query }, signal })));
    return views.map(asCampaign);
  },
});

export const campaignQuery = (id: string) =>
  queryOptions({
    queryKey: ['campaigns', 'one', id],
    queryFn: () => readCampaign(id),
    // The form of one campaign never shows another.
    placeholderData: undefined,
  });

export async function readCampaign(id: string): Promise<Loaded<Campaign>> {
  return loadedOf(await withEtag(api.GET('/api/v1/campaigns/{id}', { params: { path: { id } } })));
}

export async function createCampaign(body: Schemas['CampaignInput'], key: string): Promise<Campaign> {
  const header = { 'Idempotency-Key': key };
  return asCampaign(await ok(api.POST('/api/v1/campaigns', { body, params: { header } })));
}

export async function patchCampaign(id: string, patch: JsonObject, etag: string): Promise<Loaded<Campaign>> {
  const params = { path: { id }, header: { 'If-Match': etag } };
  return loadedOf(await withEtag(api.PATCH('/api/v1/campaigns/{id}', { params, body: patch })));
}

/** `action`: what happens to leads meanwhile, kept for the next pause too. */
export async function pauseCampaign(id: string, action: PausedAction): Promise<Loaded<Campaign>> {
  const params = { path: { id } };
  return loadedOf(await withEtag(api.POST('/api/v1/campaigns/{id}/pause', { params, body: { action } })));
}

export async function resumeCampaign(id: string): Promise<Loaded<Campaign>> {
  const params = { path: { id } };
  return loadedOf(await withEtag(api.POST('/api/v1/campaigns/{id}/resume', { params, body: {} })));
}

export function deleteCampaign(id: string): Promise<void> {
  return call('DELETE', `/api/v1/campaigns/${encodeURIComponent(id)}`);
}

/** What became of values that were tried. */
export interface SampleView {
  ok: boolean;
  /** Normal forms of those that are taken. */
  fields: Readonly<Record<string, unknown>>;
  /** What was found out about them. */
  notes: Readonly<Record<string, unknown>>;
  errors: readonly FieldError[];
}

/** Tries values on fields that need not be saved. Nothing is kept. */
export function checkSample(body: JsonObject, signal: AbortSignal): Promise<SampleView> {
  return call('POST', '/api/v1/campaigns/check', { body, signal });
}
