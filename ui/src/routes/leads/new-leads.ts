import type { StreamEvent } from '@/api/stream';
import { type LeadSearch, SEARCH_CHARS_MIN } from './filters';

/** Events by which a lead comes into the inbox. */
export const COMING: readonly string[] = ['lead.created', 'lead.partial', 'lead.completed'];
/** Events that change what the inbox shows of a lead. */
export const CHANGING: readonly string[] = [
  'lead.updated',
  'lead.completed',
  'lead.rejected',
  'lead.quarantined',
  'lead.erased',
  'delivery.succeeded',
  'delivery.rejected',
  'delivery.failed',
];

/** More than this are not counted one by one. */
export const COUNT_MAX = 999;

/** What the stream tells of a lead. Campaign and source are named, not by their ids. */
export interface Told {
  id: string;
  kind: string;
  data: Readonly<Record<string, unknown>>;
}

/** Reads an event; `undefined` when it is not about a lead. */
export function told(event: StreamEvent): Told | undefined {
  try {
    const { data } = JSON.parse(event.data) as { data?: Record<string, unknown> };
    const id = data?.lead_id ?? data?.id;
    if (!data || typeof id !== 'string' || !id.startsWith('lead_')) return undefined;
    return { id, kind: event.kind, data };
  } catch {
    return undefined;
  }
}

/** Names of what the filters name by id; a filter by a name that is not known lets nothing through. */
export interface Names {
  campaign: (id: string) => string | undefined;
  source: (id: string) => string | undefined;
}

/**
 * Whether a lead that came belongs into the list as it is filtered now. Filters that cannot be
 * judged by the event are taken for not met: too low a number is better than one that promises rows
 * which are not there.
 */
export function belongs({ kind, data }: Told, search: LeadSearch, names: Names): boolean {
  if (!COMING.includes(kind)) return false;
  const state = kind === 'lead.partial' ? 'partial' : data.state;
  if (search.state !== undefined) {
    if (!search.state.split(',').includes(String(state))) return false;
  } else if (state === 'partial' && search.partial !== 'true') return false;
  if (data.test === true && search.test !== 'true') return false;
  if (search.status !== undefined && data.status !== search.status) return false;
  if (search.campaign !== undefined && data.campaign !== names.campaign(search.campaign)) return false;
  if (search.source !== undefined && data.source !== names.source(search.source)) return false;
  // It has no tag yet, and a span that ends, or a list continued further down, does not grow.
  if (search.tag !== undefined || search.until !== undefined || search.before !== undefined) return false;
  return holds(data, search.q);
}

function holds(data: Told['data'], text: string | undefined): boolean {
  const wanted = (text ?? '').trim().toLowerCase();
  if (wanted.length < SEARCH_CHARS_MIN) return true;
  const digits = /^[+(\d][\d\s().-]*$/.test(wanted) ? wanted.replace(/\D/g, '').replace(/^0+/, '') : undefined;
  return Object.values(data).some(
    (value) => typeof value === 'string' && value.toLowerCase().includes(digits ?? wanted),
  );
}

/** The leads that came since the list was loaded; a lead counts once. */
export function withNew(known: ReadonlySet<string>, id: string): ReadonlySet<string> {
  if (known.has(id) || known.size > COUNT_MAX) return known;
  return new Set(known).add(id);
}

/** "1 new lead", "3 new leads", "More than 999 new leads". */
export function newText(count: number): string {
  if (count > COUNT_MAX) return `More than ${String(COUNT_MAX)} new leads`;
  return count === 1 ? '1 new lead' : `${String(count)} new leads`;
}
