import { queryOptions } from '@tanstack/react-query';
import { api, ok } from '@/api/client';

const PAGE_ROWS = 200;
/** Most pages that are counted; more leads than those have are said as "1,000+". */
const PAGES_MAX = 5;
const COUNT_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 15_000;
const NEWEST_ROWS = 8;
/** Leads that wait for a person are counted up to this. */
const WAITING_MAX = 20;

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

/** How many leads have come since then; tests and partial ones are left out, as in the inbox. */
export const leadsSince = (since: string) =>
  queryOptions({
    queryKey: ['home', 'since', since],
    queryFn: async ({ signal }): Promise<Count> => {
      let count = 0;
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const query = { since, limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) };
        const found = await ok(api.GET('/api/v1/leads', { params: { query }, signal }));
        count += found.data.filter((lead) => !lead.test && lead.state !== 'partial').length;
        cursor = found.next_cursor ?? undefined;
        if (cursor === undefined) return { count, more: false };
      }
      return { count, more: true };
    },
    refetchInterval: COUNT_EVERY_MS,
    staleTime: COUNT_EVERY_MS,
  });

/** Leads that somebody has to look at. */
export const waitingLeads = queryOptions({
  queryKey: ['home', 'waiting'],
  queryFn: async ({ signal }): Promise<Count> => {
    const counts = await Promise.all(
      ['quarantined', 'held'].map(async (state) => {
        const page = await ok(api.GET('/api/v1/leads', { params: { query: { state, limit: WAITING_MAX } }, signal }));
        return { count: page.data.length, more: page.next_cursor != null };
      }),
    );
    return { count: counts.reduce((sum, one) => sum + one.count, 0), more: counts.some((one) => one.more) };
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
    const query = { state: 'accepted', limit: WAITING_MAX };
    const page = await ok(api.GET('/api/v1/deliveries', { params: { query }, signal }));
    return page.data.find((delivery) => delivery.destination_id != null) ?? null;
  },
  refetchInterval: ({ state }) => (state.data ? false : 2_000),
});

/** "312", "1,000+". */
export function said({ count, more }: Count): string {
  return `${count.toLocaleString('en')}${more ? '+' : ''}`;
}

/** The beginning of the day in a zone, as milliseconds of UTC. */
export function startOfDay(now: number, timeZone: string): number {
  const wall = (at: number): number => {
    const parts = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(at);
    const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  };
  const DAY_MS = 86_400_000;
  const midnight = Math.floor(wall(now) / DAY_MS) * DAY_MS;
  // The zone's distance from UTC may be another at midnight than now.
  let at = midnight;
  for (let round = 0; round < 3; round += 1) at = midnight - (wall(at) - at);
  return at;
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
