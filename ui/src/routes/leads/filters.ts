import type { FilterValues } from '@/components/FilterBar';
import { leadStates } from '@/words';

/** What the inbox is filtered by, in the URL. */
export const FILTER_KEYS = [
  'q',
  'state',
  'campaign',
  'source',
  'status',
  'tag',
  'since',
  'until',
  'test',
  'partial',
  'before',
] as const;

export type LeadSearch = { readonly [Key in (typeof FILTER_KEYS)[number]]?: string | undefined };

/** What the API is asked for. */
export type LeadQuery = Readonly<Record<string, string>>;

/** Fewest characters that are searched for. */
export const SEARCH_CHARS_MIN = 3;

/** The search texts of URL and API are the same but for these names. */
const RENAMED: readonly (readonly [url: keyof LeadSearch, api: string])[] = [
  ['campaign', 'campaign_id'],
  ['source', 'source_id'],
  ['status', 'status'],
  ['tag', 'tag'],
  ['since', 'since'],
  ['until', 'until'],
  ['before', 'cursor'],
];

/** All states that are not begun only: what the inbox shows when nothing else is said. */
const WHOLE_STATES = Object.keys(leadStates)
  .filter((state) => state !== 'partial')
  .join(',');

/**
 * The question to the API for what the URL says. Tests and partial leads are left out unless they
 * are asked for; a state that was chosen says itself whether partial ones are meant.
 */
export function queryOf(search: LeadSearch): LeadQuery {
  const query: Record<string, string> = {};
  for (const [url, api] of RENAMED) {
    const value = search[url];
    if (value !== undefined && value !== '') query[api] = value;
  }
  if (search.state !== undefined) query.state = search.state;
  else if (search.partial !== 'true') query.state = WHOLE_STATES;
  if (search.test !== 'true') query.test = 'false';
  return { ...query, ...searchOf(search.q) };
}

/**
 * How a text of the search box is looked for. A whole e-mail address and a whole phone number have
 * an index of their own; digits are looked for as they are kept, without what people put between
 * them. Too short a text is not looked for.
 */
export function searchOf(text: string | undefined): LeadQuery {
  const q = (text ?? '').trim();
  if (q.length < SEARCH_CHARS_MIN || isLeadId(q)) return {};
  if (/^[+(\d][\d\s().-]*$/.test(q)) {
    const digits = q.replace(/\D/g, '');
    if (q.startsWith('+') && digits.length >= 9) return { phone: `+${digits}` };
    // The number as dialled inside a country begins with a zero that is not kept.
    const kept = digits.replace(/^0+/, '');
    return kept.length < SEARCH_CHARS_MIN ? { q } : { q: kept };
  }
  return { q };
}

/** Whether the text is a lead's id, which is opened and not searched for. */
export function isLeadId(text: string): boolean {
  return /^lead_[0-9a-z]{26}$/.test(text.trim());
}

/** What an export is asked for: the list's filters, all of its pages. */
export function exportQuery(search: LeadSearch): LeadQuery {
  return queryOf({ ...search, before: undefined });
}

/** The filters of a search that has other things too, such as the open lead. */
export function filtersOf(search: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const filters: Record<string, string> = {};
  for (const key of FILTER_KEYS) {
    const value = search[key];
    if (value !== undefined && value !== '') filters[key] = value;
  }
  return filters;
}

/** A patch that takes all filters away and puts these in their place. */
export function replacing(filters: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return { ...Object.fromEntries(FILTER_KEYS.map((key) => [key, undefined])), ...filters };
}

/** The filters that make a list say "nothing matches" when it is empty. */
export function narrowing(search: LeadSearch): FilterValues {
  return { ...search, test: undefined, partial: undefined };
}
