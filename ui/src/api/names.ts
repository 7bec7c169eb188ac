import { queryOptions } from '@tanstack/react-query';
import { api, ok } from './client';
import type { components } from './schema';

// What screens need of each other to name and choose things: whole lists, which are short.

type Campaign = components['schemas']['CampaignView'];
type Destination = components['schemas']['DestinationView'];
type Source = components['schemas']['SourceView'];

const PAGE_ROWS = 200;
/** Most pages read for a list that somebody chooses from. */
const PAGES_MAX = 5;

/** All campaigns of the workspace, to choose from. */
export const campaignNames = queryOptions({
  queryKey: ['campaigns', 'all'],
  queryFn: ({ signal }) =>
    all<Campaign>((query) => ok(api.GET('/api/v1/campaigns', { params: { query }, signal }))),
});

/** All destinations of the workspace, to choose from. */
export const destinationNames = queryOptions({
  queryKey: ['destinations', 'all'],
  queryFn: ({ signal }) =>
    all<Destination>((query) => ok(api.GET('/api/v1/destinations', { params: { query }, signal }))),
});

/** All sources of the workspace. */
export const sourceNames = queryOptions({
  queryKey: ['sources', 'all'],
  queryFn: ({ signal }) => all<Source>((query) => ok(api.GET('/api/v1/sources', { params: { query }, signal }))),
});

interface Page<Row> {
  data: Row[];
  next_cursor?: string | null;
}

async function all<Row>(read: (query: { limit: number; cursor?: string }) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await read({ limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...found.data);
    cursor = found.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return rows;
}
