import { queryOptions, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, ok } from '@/api/client';
import type { components } from '@/api/schema';
import { useMe } from '@/api/use-me';
import { statusColours } from '@/components/StatusPill';
import { zone } from '@/components/time';

type Workspace = components['schemas']['WorkspaceView'];

/** The workspaces the caller can see, with their settings. */
export const workspaces = queryOptions({
  queryKey: ['workspaces'],
  queryFn: async ({ signal }): Promise<Workspace[]> => (await ok(api.GET('/api/v1/workspaces', { signal }))).data,
  staleTime: 60_000,
});

/** The workspace that is shown, with its settings; none while they are not known. */
export function useOwnWorkspace(): Workspace | undefined {
  const id = useMe().workspace_id;
  const { data } = useQuery({ ...workspaces, retry: false });
  return data?.find((workspace) => workspace.id === id);
}

/** Shows times in the workspace's zone and statuses in its colours, everywhere. */
export function useWorkspaceLooks(): void {
  const own = useOwnWorkspace();
  const timeZone = own?.time_zone ?? 'UTC';
  useEffect(() => {
    zone.set(timeZone);
  }, [timeZone]);
  const statuses = own?.statuses;
  useEffect(() => {
    const coloured = statuses?.flatMap(({ name, colour }) => (colour == null ? [] : [[name, colour] as const]));
    statusColours.set(Object.fromEntries(coloured ?? []));
  }, [statuses]);
}
