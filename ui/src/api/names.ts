import { queryOptions } from '@tanstack/react-query';
import { api, ok } from './client';
import { everyPage } from './pages';
import type { components } from './schema';

// What screens need of each other to name and choose things: whole lists, which are short.

type Campaign = components['schemas']['CampaignView'];
type Destination = components['schemas']['DestinationView'];
type Source = components['schemas']['SourceView'];

/** All campaigns of the workspace, to choose from. */
export const campaignNames = queryOptions({
  queryKey: ['campaigns', 'all'],
  queryFn: ({ signal }) =>
    everyPage<Campaign>((query) => ok(api.GET('/api/v1/campaigns', { params: { query }, signal }))),
});

/** All destinations of the workspace, to choose from. */
export const destinationNames = queryOptions({
  queryKey: ['destinations', 'all'],
  queryFn: ({ signal }) =>
    everyPage<Destination>((query) => ok(api.GET('/api/v1/destinations', { params: { query }, signal }))),
});

/** All sources of the workspace. */
export const sourceNames = queryOptions({
  queryKey: ['sources', 'all'],
  queryFn: ({ signal }) => everyPage<Source>((query) => ok(api.GET('/api/v1/sources', { params: { query }, signal }))),
});
