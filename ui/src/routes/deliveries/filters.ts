import type { FailureGroup, ResendFilter } from '@/api/inbox';

/** What the list of deliveries is filtered by, in the URL. */
export const FILTER_KEYS = [
  'state',
  'destination',
  'webhook',
  'verdict',
  'note',
  'resent',
  'since',
  'until',
  'before',
] as const;

export type DeliverySearch = { readonly [Key in (typeof FILTER_KEYS)[number]]?: string | undefined };

const API_NAMES: Readonly<Partial<Record<keyof DeliverySearch, string>>> = {
  destination: 'destination_id',
  webhook: 'webhook_id',
  before: 'cursor',
};

/** The question to the API for what the URL says. */
export function queryOf(search: DeliverySearch): Record<string, string> {
  const query: Record<string, string> = {};
  for (const key of FILTER_KEYS) {
    const value = search[key];
    if (value !== undefined && value !== '') query[API_NAMES[key] ?? key] = value;
  }
  return query;
}

/** The filters of a search that has other things too. */
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

/** The list of a group's deliveries. */
export function searchOfGroup(group: FailureGroup): DeliverySearch & { view: string } {
  return {
    view: 'all',
    state: group.state,
    resent: 'false',
    ...(group.destination_id == null ? {} : { destination: group.destination_id }),
    ...(group.webhook_id == null ? {} : { webhook: group.webhook_id }),
    ...(group.verdict === '' ? {} : { verdict: group.verdict }),
    ...(group.note === '' ? {} : { note: group.note }),
  };
}

/**
 * Which deliveries a resend of the group is about: exactly its own, an empty verdict or note
 * included. `undefined` where it went to a webhook: those are resent one by one.
 */
export function filterOfGroup(group: FailureGroup): ResendFilter | undefined {
  if (group.destination_id == null) return undefined;
  return {
    destination_id: group.destination_id,
    state: group.state,
    verdict: group.verdict,
    note: group.note,
  };
}

export interface GroupsOfTarget {
  key: string;
  destination_id: string | null;
  name: string;
  disabled: boolean;
  groups: FailureGroup[];
  count: number;
  isExact: boolean;
}

/** The groups by what they went to, in the order they came: the newest failure first. */
export function byTarget(groups: readonly FailureGroup[]): GroupsOfTarget[] {
  const targets = new Map<string, GroupsOfTarget>();
  for (const group of groups) {
    const key = group.destination_id ?? group.webhook_id ?? '';
    const target = targets.get(key) ?? {
      key,
      destination_id: group.destination_id ?? null,
      name: group.destination,
      disabled: group.destination_disabled,
      groups: [],
      count: 0,
      isExact: true,
    };
    target.groups.push(group);
    target.count += group.count;
    target.isExact &&= group.count_is_exact;
    targets.set(key, target);
  }
  return [...targets.values()];
}

/** "42", "10,000+". */
export function countText(count: number, isExact: boolean): string {
  return `${count.toLocaleString('en-GB')}${isExact ? '' : '+'}`;
}
