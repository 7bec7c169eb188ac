import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import type { components } from '@/api/schema';
import { verdicts, wordOf } from '@/words';

export type Report = components['schemas']['RejectionReport'];
export type Reason = components['schemas']['RejectionRow'];
export type Figures = components['schemas']['OutcomeFigures'];
type Verdict = Reason['verdict'];

/** What a report is about; times are RFC 3339. */
export interface Span {
  from: string | undefined;
  to: string | undefined;
}

export const rejections = (asked: Span & { campaign: string | undefined; destination: string | undefined }) =>
  queryOptions({
    queryKey: ['reports', 'rejections', asked],
    queryFn: ({ signal }) => {
      const query = given({
        from: asked.from,
        to: asked.to,
        campaign_id: asked.campaign,
        destination_id: asked.destination,
      });
      return ok(api.GET('/api/v1/reports/rejections', { params: { query }, signal }));
    },
  });

const PAGE_ROWS = 50;

/** The deliveries behind one reason. */
export const behind = (row: RowKey, span: Span) =>
  infiniteQueryOptions({
    queryKey: ['reports', 'behind', row, span],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        destination_id: row.destination,
        verdict: row.verdict as Verdict,
        reason_id: row.reason,
        limit: PAGE_ROWS,
        ...given({ from: span.from, to: span.to, cursor: pageParam }),
      };
      const page = await ok(api.GET('/api/v1/reports/rejections/deliveries', { params: { query }, signal }));
      return { rows: page.data, next: page.next_cursor ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });

function given<T extends Record<string, string | undefined>>(all: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: string };
}

/** What names a reason of a report. */
export interface RowKey {
  destination: string;
  verdict: string;
  reason: string;
}

export function rowKey(row: Reason): string {
  return `${row.destination_id}~${row.verdict}~${row.reason_id}`;
}

/** The row that a text of `rowKey` names; nothing for any other text. */
export function readRowKey(text: string | undefined): RowKey | undefined {
  const [destination, verdict, reason, ...more] = (text ?? '').split('~');
  if (!destination || !verdict || !reason || more.length > 0) return undefined;
  return { destination, verdict, reason };
}

/** What a destination is called; it may have been deleted since. */
export function destinationName(row: { destination_id: string; destination?: string | null }): string {
  return row.destination ?? `deleted (${row.destination_id})`;
}

/** The outcomes in the order they are drawn in. */
export const OUTCOMES = [
  { key: 'accepted', label: 'Accepted', tone: 'success' },
  { key: 'rejected', label: 'Rejected', tone: 'violet' },
  { key: 'unmatched', label: 'Unmatched', tone: 'danger' },
  { key: 'failed', label: 'Failed', tone: 'warning' },
] as const;

/** "76.3 %" of a whole; a dash when there is no whole. Never 0 for something, never 100 for less than all. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '—';
  if (part === 0) return '0 %';
  if (part === whole) return '100 %';
  const value = (part / whole) * 100;
  if (value < 0.1) return '< 0.1 %';
  if (value > 99.9) return '> 99.9 %';
  return `${value.toFixed(1)} %`;
}

/** The rows of the report as a table for a file, with its header. */
export function asTable(report: Report): (string | number)[][] {
  const head = ['destination', 'destination_id', 'verdict', 'reason', 'count', 'share_percent', 'share_of_destination_percent', 'first_at', 'last_at'];
  const rows = report.data.map((row) => [
    destinationName(row),
    row.destination_id,
    row.verdict,
    row.reason,
    row.count,
    Number(row.share),
    Number(row.share_of_destination),
    row.first_at,
    row.last_at,
  ]);
  return [head, ...rows];
}

/** What stands in the column of reasons: an answer that no rule knew has none of its own. */
export function reasonText(row: Pick<Reason, 'reason' | 'verdict'>): string {
  return row.reason === '' ? wordOf(verdicts, row.verdict).means : row.reason;
}
