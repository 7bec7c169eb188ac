import { queryOptions } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import { leadStates } from '@/words';

const COUNT_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 15_000;
const NEWEST_ROWS = 8;
/** Rows among which the first delivery to a destination is looked for: the others go to webhooks. */
const FIRST_ROWS = 20;

/** A number, or "at least" a number. */
export interface Count {
  count: number;
  more: boolean;
}

/** The newest leads, whatever became of them. */
export const newestLeads = queryOptions({
  queryKey: ['home', 'newest'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/leads', { params: { query: { limit: NEWEST_ROWS } }, signal }))).data,
  refetchInterval: LOOK_EVERY_MS,
});

/** States of leads that the inbox shows unless asked otherwise: all but the partial ones. */
const WHOLE = Object.keys(leadStates).filter((state) => state !== 'partial').join(',');

/** How many leads have come since then; tests and partial ones are left out, as in the inbox. */
export const leadsSince = (since: string) =>
  queryOptions({
    queryKey: ['home', 'since', since],
    queryFn: async ({ signal }): Promise<Count> => {
      const query = { since, state: WHOLE, test: false };
      const found = await ok(api.GET('/api/v1/leads/count', { params: { query }, signal }));
      return { count: found.count, more: !found.count_is_exact };
    },
    refetchInterval: COUNT_EVERY_MS,
    staleTime: COUNT_EVERY_MS,
  });

/** Leads that somebody has to look at. */
export const waitingLeads = queryOptions({
  queryKey: ['home', 'waiting'],
  queryFn: async ({ signal }): Promise<Count> => {
    const query = { state: 'quarantined,held' };
    const found = await ok(api.GET('/api/v1/leads/count', { params: { query }, signal }));
    return { count: found.count, more: !found.count_is_exact };
  },
  refetchInterval: LOOK_EVERY_MS,
});

/** How many deliveries are given up, held or unknown at each destination. */
export function stuckAt(
  groups: readonly { destination_id?: string | null; count: number; count_is_exact: boolean }[],
): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const group of groups) {
    if (group.destination_id == null) continue;
    const { count, more } = counts.get(group.destination_id) ?? { count: 0, more: false };
    counts.set(group.destination_id, { count: count + group.count, more: more || !group.count_is_exact });
  }
  return counts;
}

/** How the deliveries ended since then, by destination too. */
export const outcomesSince = (from: string) =>
  queryOptions({
    queryKey: ['home', 'outcomes', from],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/reports/rejections', { params: { query: { from } }, signal })),
    refetchInterval: LOOK_EVERY_MS,
  });

/** The first delivery to a destination that was accepted. */
export const firstDelivered = queryOptions({
  queryKey: ['home', 'delivered'],
  queryFn: async ({ signal }) => {
    const query = { state: 'accepted', limit: FIRST_ROWS };
    const page = await ok(api.GET('/api/v1/deliveries', { params: { query }, signal }));
    return page.data.find((delivery) => delivery.destination_id != null) ?? null;
  },
  refetchInterval: ({ state }) => (state.data ? false : 2_000),
});

/** The count with those that came since; of an inexact one nobody knows whether they are in it. */
export function withAdded(counted: Count, added: number): Count {
  return counted.more ? counted : { ...counted, count: counted.count + added };
}

/** "312", "10,000+". */
export function said({ count, more }: Count): string {
  return `${count.toLocaleString('en')}${more ? '+' : ''}`;
}

/** A lead posted by hand, as one line for a terminal. */
export function curlLine(url: string, email: string): string {
  const body = JSON.stringify({ email, first_name: email.startsWith('ada') ? 'Ada' : 'Grace', phone: '+447400123456' });
  return `curl -sS '${url.replaceAll("'", "'\\''")}' -H 'Content-Type: application/json' -d '${body}'`;
}

/** A step of the first run. */
export type StepKey = 'campaign' | 'source' | 'lead' | 'destination' | 'test' | 'delivered';

/** Which steps are done, in their order. */
export function stepsDone(seen: {
  campaigns: number;
  sources: number;
  leads: number;
  destinations: number;
  tested: boolean;
  delivered: boolean;
}): readonly (readonly [StepKey, boolean])[] {
  return [
    ['campaign', seen.campaigns > 0],
    ['source', seen.sources > 0],
    ['lead', seen.leads > 0],
    ['destination', seen.destinations > 0],
    // What was delivered needs no test any more.
    ['test', seen.tested || seen.delivered],
    ['delivered', seen.delivered],
  ];
}
