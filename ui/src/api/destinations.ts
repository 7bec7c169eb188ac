import { queryOptions } from '@tanstack/react-query';
import { api, call, ok, withEtag } from './client';
import type { JsonObject } from './merge-patch';
import { everyPage } from './pages';
import type { components } from './schema';
import type { Loaded } from './use-editor';

type Schemas = components['schemas'];

export type Connector = Schemas['ConnectorView'];
export type Setting = Schemas['Setting'];
export type ResponseRule = Schemas['ResponseRule'];
export type Extract = Schemas['Extract'];
export type Match = Schemas['Match'];
export type Verdict = Schemas['Verdict'];
export type Unmapped = Schemas['Unmapped'];
export type Partials = Schemas['Partials'];
export type OnUnmatched = Schemas['OnUnmatched'];
export type Linked = Schemas['Linked'];
export type Warning = Schemas['WarningView'];
export type Phases = Schemas['Phases'];
export type RequestView = Schemas['RequestView'];
export type AnswerView = Schemas['AnswerView'];
export type Evaluation = Schemas['EvaluateView'];
export type UnmatchedGroup = Schemas['GroupView'];
export type Trial = Schemas['TrialView'];

/** One row of a mapping; a transform is a word or an object of one word and its argument. */
export interface MappingRow {
  to: string;
  from?: string | null;
  value?: unknown;
  transform?: unknown[];
}

type View = Schemas['DestinationView'];

/** A destination; the settings are by its connector's schema, the schedule always spelled out. */
export type Destination = Omit<View, 'settings' | 'mapping' | 'retry' | 'linked'> & {
  settings: Record<string, unknown>;
  mapping: MappingRow[];
  retry: { schedule: string[] };
  linked: Linked;
};

const asDestination = (view: View): Destination => view as unknown as Destination;

const loadedOf = ({ data, etag }: { data: View; etag: string }): Loaded<Destination> => ({
  data: asDestination(data),
  etag,
});

/** The destinations of a campaign, or of the whole workspace. */
export const destinationList = (campaignId: string | undefined) =>
  queryOptions({
    queryKey: ['destinations', 'list', campaignId ?? 'all'],
    queryFn: async ({ signal }) => {
      const of = campaignId === undefined ? {} : { campaign_id: campaignId };
      const views = await everyPage((page) => ok(api.GET('/api/v1/destinations', { params: { query: { ...page, ...of } }, signal })));
      return views.map(asDestination);
    },
  });

export const destinationQuery = (id: string) =>
  queryOptions({
    queryKey: ['destinations', 'one', id],
    queryFn: () => readDestination(id),
    placeholderData: undefined,
  });

export const connectorList = queryOptions({
  queryKey: ['connectors'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/connectors', { signal }))).data,
  // They change with the server's start only.
  staleTime: 300_000,
});

export async function readDestination(id: string): Promise<Loaded<Destination>> {
  return loadedOf(await withEtag(api.GET('/api/v1/destinations/{id}', { params: { path: { id } } })));
}

export function createDestination(body: JsonObject, key: string): Promise<Destination> {
  return call('POST', '/api/v1/destinations', { body, headers: { 'Idempotency-Key': key } });
}

export async function patchDestination(id: string, patch: JsonObject, etag?: string): Promise<Loaded<Destination>> {
  const header = etag === undefined ? {} : { 'If-Match': etag };
  const params = { path: { id }, header };
  return loadedOf(await withEtag(api.PATCH('/api/v1/destinations/{id}', { params, body: patch })));
}

export function deleteDestination(id: string): Promise<void> {
  return call('DELETE', `/api/v1/destinations/${encodeURIComponent(id)}`);
}

export async function rotateDestinationSecret(id: string, grace: string): Promise<Loaded<Destination>> {
  const params = { path: { id } };
  return loadedOf(await withEtag(api.POST('/api/v1/destinations/{id}/rotate-secret', { params, body: { grace } })));
}

export async function finishDestinationRotation(id: string): Promise<Loaded<Destination>> {
  const params = { path: { id } };
  return loadedOf(await withEtag(api.POST('/api/v1/destinations/{id}/rotate-secret/finish', { params, body: {} })));
}

/** A real call with settings that need not be saved, always as a test. */
export function testDestination(body: JsonObject): Promise<Trial> {
  return call('POST', '/api/v1/destinations/test', { body });
}

/** The same for what is saved; the destination then counts as tested. */
export function testSaved(id: string, leadId: string | undefined): Promise<Trial> {
  const body = leadId === undefined ? {} : { lead_id: leadId };
  return call('POST', `/api/v1/destinations/${encodeURIComponent(id)}/test`, { body });
}

/** The request that would be made; nothing is sent. */
export function previewDestination(body: JsonObject, signal: AbortSignal): Promise<RequestView> {
  return call('POST', '/api/v1/destinations/preview', { body, signal });
}

/** An answer written by hand. */
export interface WrittenAnswer {
  answer: { status: number; headers?: Record<string, string>; body: string };
}

/** An answer to try rules on: written by hand, or that of a recorded delivery's last attempt. */
export type TriedAnswer = WrittenAnswer | { attempt: { delivery_id: string } };

export function evaluateRules(
  id: string,
  responses: ResponseRule[] | undefined,
  tried: TriedAnswer,
  signal: AbortSignal,
): Promise<Evaluation> {
  const body = { ...tried, ...(responses === undefined ? {} : { responses }) };
  return call('POST', `/api/v1/destinations/${encodeURIComponent(id)}/responses/evaluate`, { body, signal });
}

/** The same for rules of a destination that is not made yet. */
export function evaluateNewRules(
  connector: string,
  responses: ResponseRule[],
  tried: WrittenAnswer,
  signal: AbortSignal,
): Promise<Evaluation> {
  return ok(api.POST('/api/v1/destinations/responses/evaluate', { body: { connector, responses, ...tried }, signal }));
}

export const unmatchedAnswers = (id: string) =>
  queryOptions({
    queryKey: ['destinations', 'unmatched', id],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/destinations/{id}/responses/unmatched', { params: { path: { id } }, signal })),
    placeholderData: undefined,
  });

export async function addGroupRule(
  id: string,
  group: string,
  body: Schemas['GroupRuleInput'],
  etag: string,
): Promise<Loaded<Destination>> {
  const params = { path: { id, group }, header: { 'If-Match': etag } };
  const path = '/api/v1/destinations/{id}/responses/unmatched/{group}/rule';
  return loadedOf(await withEtag(api.POST(path, { params, body })));
}

const RECENT_ROWS = 15;

/** The last deliveries to a destination, to pick an answer from. */
export const recentDeliveries = (destinationId: string) =>
  queryOptions({
    queryKey: ['deliveries', 'recent-of', destinationId],
    queryFn: async ({ signal }) => {
      const query = { destination_id: destinationId, limit: RECENT_ROWS };
      return (await ok(api.GET('/api/v1/deliveries', { params: { query }, signal }))).data;
    },
    placeholderData: undefined,
  });

/** The answer that a delivery's last attempt got; `null` when none came. */
export async function answerOf(deliveryId: string): Promise<AnswerView | null> {
  const delivery = await ok(api.GET('/api/v1/deliveries/{id}', { params: { path: { id: deliveryId } } }));
  const attempts = (delivery.attempt_log ?? []).filter((attempt) => attempt.question == null);
  return attempts.at(-1)?.answer ?? null;
}

/** The last leads of a campaign, to try a destination with. */
export const recentLeads = (campaignId: string) =>
  queryOptions({
    queryKey: ['leads', 'recent-of', campaignId],
    queryFn: async ({ signal }) => {
      const query = { campaign_id: campaignId, limit: RECENT_ROWS };
      return (await ok(api.GET('/api/v1/leads', { params: { query }, signal }))).data;
    },
    placeholderData: undefined,
  });
