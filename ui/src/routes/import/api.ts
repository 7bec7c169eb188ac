import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import type { components } from '@/api/schema';
import { send } from '@/api/transport';

export type Import = components['schemas']['ImportView'];
export type ImportWish = components['schemas']['ImportInput'];

const PAGE_ROWS = 50;
/** How often an import at work is looked at. */
const LOOK_EVERY_MS = 1_000;
const LIST_EVERY_MS = 5_000;

/** Whether it gets on by itself now. */
export function isAtWork(one: Pick<Import, 'state'>): boolean {
  return one.state === 'checking' || one.state === 'importing';
}

export const importList = infiniteQueryOptions({
  queryKey: ['imports'],
  queryFn: async ({ pageParam, signal }) => {
    const query = { limit: PAGE_ROWS, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
    const page = await ok(api.GET('/api/v1/imports', { params: { query }, signal }));
    return { rows: page.data, next: page.next_cursor ?? undefined };
  },
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next,
  refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.rows.some(isAtWork)) ? LIST_EVERY_MS : false),
});

export const oneImport = (id: string) =>
  queryOptions({
    queryKey: ['import', id],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/imports/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isAtWork(state.data) ? LOOK_EVERY_MS : false),
  });

export async function createImport(wish: ImportWish, idempotencyKey: string): Promise<Import> {
  const params = { header: { 'Idempotency-Key': idempotencyKey } };
  return ok(api.POST('/api/v1/imports', { params, body: wish }));
}

/** Runs in earnest what was only checked. */
export async function runImport(id: string): Promise<Import> {
  return ok(api.POST('/api/v1/imports/{id}/run', { params: { path: { id } }, body: {} }));
}

export async function cancelImport(id: string): Promise<Import> {
  return ok(api.POST('/api/v1/imports/{id}/cancel', { params: { path: { id } }, body: {} }));
}

/** Puts one part of the file. */
export async function putPart(id: string, part: Blob, offset: number, more: boolean, signal: AbortSignal): Promise<void> {
  const query = new URLSearchParams({ offset: String(offset), more: String(more) });
  const path = `/api/v1/imports/${encodeURIComponent(id)}/file?${query.toString()}`;
  await send(new URL(path, location.origin), {
    method: 'PUT',
    body: part,
    signal,
    headers: { 'Content-Type': 'application/octet-stream' },
  });
}

/** One line of a report. */
export interface ReportRow {
  row: number;
  line: number;
  field: string;
  code: string;
  message: string;
}

/** How many lines of a report are shown; the file has all of them. */
export const REPORT_ROWS_SHOWN = 200;

const reportPath = (id: string, format: 'csv' | 'jsonl'): URL =>
  new URL(`/api/v1/imports/${encodeURIComponent(id)}/report?format=${format}`, location.origin);

/** The first lines of the report; the rest of it is not read. */
export const reportHead = (one: Import) =>
  queryOptions({
    queryKey: ['import', one.id, 'report', one.state, one.reported],
    queryFn: async ({ signal }) => {
      const response = await send(reportPath(one.id, 'jsonl'), { signal });
      return firstLines(response, REPORT_ROWS_SHOWN);
    },
    staleTime: Infinity,
  });

/** The whole report as a file. */
export async function reportFile(id: string): Promise<Blob> {
  return (await send(reportPath(id, 'csv'))).blob();
}

async function firstLines(response: Response, most: number): Promise<ReportRow[]> {
  const rows: ReportRow[] = [];
  if (!response.body) return rows;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) {
      if (rows.length >= most) break;
      if (line.trim() !== '') rows.push(JSON.parse(line) as ReportRow);
    }
    if (done) return rows;
    if (rows.length >= most) {
      await reader.cancel();
      return rows;
    }
  }
}
