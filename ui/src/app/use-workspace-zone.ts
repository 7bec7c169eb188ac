import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import { useMe } from '@/api/use-me';

/** The workspaces the caller can see, with their settings. */
export const workspaces = queryOptions({
  queryKey: ['workspaces'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/workspaces', { signal }))).data,
  staleTime: 60_000,
});

/** The zone in which times are shown: the workspace's, UTC when it names none. */
export function useWorkspaceZone(): string {
  const id = useMe().workspace_id;
  const { data } = useQuery({ ...workspaces, retry: false });
  const own = data?.find((workspace) => workspace.id === id);
  return own && 'time_zone' in own && typeof own.time_zone === 'string' ? own.time_zone : 'UTC';
}
