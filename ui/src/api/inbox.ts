import { queryOptions } from '@tanstack/react-query';
import { api, call, ok, withEtag } from './client';
import { everyPage, type Page } from './pages';
import type { components } from './schema';

// The inbox: leads and what people say of them, deliveries, failures and jobs.

type Schemas = components['schemas'];

export type LeadDelivery = Schemas['LeadDeliveryView'];

export interface LeadProblem {
  field?: string;
  code?: string;
  message?: string;
}

export type Values = Readonly<Record<string, unknown>>;

export type Lead = Omit<
  Schemas['LeadDocument'],
  'fields' | 'raw' | 'notes' | 'context' | 'problems'
> & {
  fields: Values;
  raw: Values;
  /** What was found out about values, by field. */
  notes: Readonly<Record<string, Values>>;
  context: Values;
  problems: readonly LeadProblem[] | null;
};

export type Delivery = Schemas['DeliveryView'];
export type Attempt = Schemas['AttemptView'];
export type DeliveryDocument = Schemas['DeliveryDocument'];
export type Destination = Schemas['DestinationView'];
export type TimelineEntry = Schemas['TimelineEntry'];

export type Note = Schemas['NoteView'];

export type Screen = 'leads' | 'deliveries';

/** A list people come back to: the search of a screen, under a name. */
export interface View {
  id: string;
  name: string;
  screen: Screen;
  query: Record<string, string>;
}

/** Deliveries that failed alike and were not resent. */
export type FailureGroup = Schemas['FailureGroupView'];

/** A destination that is switched off; what goes to it waits. */
export type DisabledDestination = Schemas['DisabledView'];

export type Failures = Schemas['FailuresView'];

export type Job = Schemas['JobView'];

/** What a resend sends: the request of then, or the lead by the mapping of now. */
export type Payload = 'same' | 'current';

export interface ResendFilter {
  destination_id?: string;
  state: string;
  verdict?: string;
  note?: string;
  since?: string;
  until?: string;
}

/** Which deliveries are resent at once. */
export type ResendWish = { ids: readonly string[] } | { filter: ResendFilter };

const path = (base: string, id: string, rest = ''): string => `${base}/${encodeURIComponent(id)}${rest}`;
const LEADS = '/api/v1/leads';
const DELIVERIES = '/api/v1/deliveries';

/** A query string of what is set. */
export function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

// Leads.

export function listLeads(
  query: Readonly<Record<string, string | number | undefined>>,
  signal: AbortSignal,
): Promise<Page<Lead>> {
  return call('GET', `${LEADS}${queryText({ include: 'deliveries', ...query })}`, { signal });
}

/** A lead, and its document as it came: numbers keep their digits there. */
export const leadQuery = (id: string) =>
  queryOptions({
    queryKey: ['leads', 'one', id],
    queryFn: async ({ signal }): Promise<{ lead: Lead; text: string }> => {
      const options = { params: { path: { id } }, parseAs: 'text', signal } as const;
      const text = (await ok(api.GET('/api/v1/leads/{id}', options))) as unknown as string;
      return { lead: JSON.parse(text, keepDigits) as Lead, text };
    },
  });

/** Numbers that JavaScript cannot hold are kept as the digits they came with. */
export function keepDigits(this: unknown, _: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
  return source;
}

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: ['leads', 'timeline', id],
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/leads/{id}/timeline', { params: { path: { id } }, signal }))).data,
  });

export function changeLead(id: string, body: { status?: string; tags?: readonly string[] }): Promise<Lead> {
  return call('PATCH', path(LEADS, id), { body });
}

export function changeLeads(body: {
  ids: readonly string[];
  status?: string;
  add_tags?: readonly string[];
  remove_tags?: readonly string[];
}): Promise<{ changed: number }> {
  return call('POST', `${LEADS}/bulk`, { body });
}

export function eraseLead(id: string): Promise<Lead> {
  return call('POST', path(LEADS, id, '/erase'), { body: { confirm: id } });
}

export const notesQuery = (id: string) =>
  queryOptions({
    queryKey: ['leads', 'notes', id],
    queryFn: async ({ signal }) => (await call<Page<Note>>('GET', path(LEADS, id, '/notes'), { signal })).data,
  });

export function addNote(id: string, text: string, idempotencyKey: string): Promise<Note> {
  const headers = { 'Idempotency-Key': idempotencyKey };
  return call('POST', path(LEADS, id, '/notes'), { body: { text }, headers });
}

export function removeNote(id: string, note: string): Promise<undefined> {
  return call('DELETE', path(LEADS, id, `/notes/${encodeURIComponent(note)}`));
}

export const tagsQuery = queryOptions({
  queryKey: ['tags'],
  queryFn: async ({ signal }) => (await call<Page<string>>('GET', '/api/v1/tags', { signal })).data,
  staleTime: 30_000,
});

// Saved views.

const VIEWS = '/api/v1/views';

export const viewsQuery = queryOptions({
  queryKey: ['views'],
  queryFn: async ({ signal }) => (await call<Page<View>>('GET', VIEWS, { signal })).data,
  staleTime: 30_000,
});

export function addView(view: Omit<View, 'id'>, idempotencyKey: string): Promise<View> {
  return call('POST', VIEWS, { body: view, headers: { 'Idempotency-Key': idempotencyKey } });
}

export function removeView(id: string): Promise<undefined> {
  return call('DELETE', path(VIEWS, id));
}

// Deliveries.

export function listDeliveries(
  query: Readonly<Record<string, string | number | undefined>>,
  signal: AbortSignal,
): Promise<Page<Delivery>> {
  return call('GET', `${DELIVERIES}${queryText(query)}`, { signal });
}

/** Deliveries of a lead that are shown on its page; it rarely has more than a few. */
const OF_LEAD_MAX = 200;

export const deliveriesOfLead = (lead: string) =>
  queryOptions({
    queryKey: ['deliveries', 'of-lead', lead],
    queryFn: async ({ signal }) => (await listDeliveries({ lead_id: lead, limit: OF_LEAD_MAX }, signal)).data,
  });

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ['deliveries', 'one', id],
    queryFn: ({ signal }): Promise<DeliveryDocument> =>
      ok(api.GET('/api/v1/deliveries/{id}', { params: { path: { id } }, signal })),
  });

export function resendDelivery(id: string, payload: Payload, idempotencyKey: string): Promise<Delivery> {
  const headers = { 'Idempotency-Key': idempotencyKey };
  return call('POST', path(DELIVERIES, id, '/resend'), { body: { payload }, headers });
}

export const failuresQuery = queryOptions({
  queryKey: ['deliveries', 'failures', 'groups'],
  queryFn: ({ signal }) => call<Failures>('GET', `${DELIVERIES}/failures`, { signal }),
});

export type ResendCount = Schemas['CountView'];

/** How many deliveries the wish is about; nothing is sent. */
export function countResend(wish: ResendWish, signal: AbortSignal): Promise<ResendCount> {
  return call('POST', `${DELIVERIES}/bulk-resend`, { body: { ...wish, dry_run: true }, signal });
}

export function resendMany(wish: ResendWish, payload: Payload, idempotencyKey: string): Promise<Job> {
  const headers = { 'Idempotency-Key': idempotencyKey };
  return call('POST', `${DELIVERIES}/bulk-resend`, { body: { ...wish, payload, dry_run: false }, headers });
}

// Jobs.

export const isActive = (job: Job): boolean => job.state === 'waiting' || job.state === 'running';

const JOB_EVERY_MS = 1_000;
const JOBS_EVERY_MS = 15_000;

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: async ({ signal }) => (await call<Page<Job>>('GET', '/api/v1/jobs', { signal })).data,
  refetchInterval: (query) => (query.state.data?.some(isActive) ? JOB_EVERY_MS : JOBS_EVERY_MS),
});

export function cancelJob(id: string): Promise<Job> {
  return call('POST', path('/api/v1/jobs', id, '/cancel'));
}

// Set-up that these screens name.

/** Whatever a screen needs by name, the whole of it, kept for a while. */
const named = <T>(noun: 'destinations' | 'campaigns' | 'sources' | 'webhooks') =>
  queryOptions({
    queryKey: [noun, 'named'],
    queryFn: ({ signal }) =>
      everyPage((query) => call<Page<T>>('GET', `/api/v1/${noun}${queryText({ ...query })}`, { signal })),
    staleTime: 30_000,
  });

export const destinationsQuery = named<Destination>('destinations');
export const campaignsQuery = named<Schemas['CampaignView']>('campaigns');
export const sourcesQuery = named<Schemas['SourceView']>('sources');
export const webhooksQuery = named<Schemas['WebhookView']>('webhooks');

/** Switches a destination on, or off with the reason. */
export async function switchDestination(id: string, disabled: string | null): Promise<undefined> {
  const params = { path: { id } };
  const { etag } = await withEtag(api.GET('/api/v1/destinations/{id}', { params }));
  const body = { disabled };
  await ok(api.PATCH('/api/v1/destinations/{id}', { params: { ...params, header: { 'If-Match': etag } }, body }));
  return undefined;
}
