import { queryOptions } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import type { components } from '@/api/schema';

export type Status = components['schemas']['StatusInput'];
export type Workspace = components['schemas']['WorkspaceView'];

/** What a person sets. */
export interface WorkspaceWish {
  name: string;
  default_campaign: string | null;
  retention_days: number | null;
  time_zone?: string;
  currency?: string;
  statuses?: Status[];
}

export function wishOf(workspace: Workspace): WorkspaceWish {
  return {
    name: workspace.name,
    default_campaign: workspace.default_campaign ?? null,
    retention_days: workspace.retention_days ?? null,
    ...(workspace.time_zone === undefined ? {} : { time_zone: workspace.time_zone }),
    ...(workspace.currency === undefined ? {} : { currency: workspace.currency }),
    ...(workspace.statuses === undefined ? {} : { statuses: workspace.statuses }),
  };
}

/** The workspace with the version it is changed upon, which its `version` is. */
export async function readWorkspace(id: string): Promise<{ data: Workspace; etag: string }> {
  const { data } = await ok(api.GET('/api/v1/workspaces'));
  const own = data.find((workspace) => workspace.id === id);
  if (!own) throw new Error('the workspace is gone');
  return { data: own, etag: `"${String(own.version)}"` };
}

export const oneWorkspace = (id: string) =>
  queryOptions({ queryKey: ['workspace', id], queryFn: () => readWorkspace(id) });

export async function saveWorkspace(id: string, wish: WorkspaceWish, etag: string): Promise<Workspace> {
  const params = { path: { id }, header: { 'If-Match': etag } };
  return ok(api.PATCH('/api/v1/workspaces/{id}', { params, body: wish }));
}

export type System = components['schemas']['SystemView'];

const LOOK_EVERY_MS = 15_000;

export const system = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }): Promise<System> => ok(api.GET('/api/v1/system', { signal })),
  refetchInterval: LOOK_EVERY_MS,
});

/** Every lead begins with it, so it is always there. */
export const STATUS_FIRST = 'new';
export const STATUSES_MAX = 50;

/** What is wrong with each status, by its place; nothing when all is well. */
export function statusFaults(statuses: readonly Status[]): Record<number, string> {
  const faults: Record<number, string> = {};
  statuses.forEach((status, at) => {
    const name = status.name.trim();
    if (name === '') faults[at] = 'Give it a name.';
    else if (statuses.findIndex((other) => other.name.trim() === name) !== at) faults[at] = 'There is one of that name.';
  });
  return faults;
}

/** A number of days as a person writes it; `undefined`: it is none. */
export function daysOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^\d{1,5}$/.test(trimmed)) return undefined;
  const days = Number(trimmed);
  return days >= 1 && days <= DAYS_MAX ? days : undefined;
}

/** A hundred years. */
export const DAYS_MAX = 36_500;
