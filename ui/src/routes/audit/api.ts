import { infiniteQueryOptions } from '@tanstack/react-query';
import { call } from '@/api/client';
import { plain } from '@/words';

// Typed by hand after the agreement between server and interface, as api/accounts.ts.

export interface AuditLine {
  id: string;
  at: string;
  actor: { kind: 'user' | 'key' | 'system'; id: string | null; name: string };
  action: string;
  subject_kind: string;
  subject_id: string | null;
  subject_name: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  ip: string | null;
  request_id: string | null;
}

const PAGE_ROWS = 50;

export const auditLog = (filter: { actor: string | undefined; action: string | undefined; subject: string | undefined }) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: String(PAGE_ROWS) });
      for (const [key, value] of Object.entries({ ...filter, cursor: pageParam })) if (value !== undefined) query.set(key, value);
      const page = await call<{ data: AuditLine[]; next_cursor: string | null }>('GET', `/api/v1/audit?${query.toString()}`, { signal });
      return { rows: page.data, next: page.next_cursor ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
  });

const VERBS: Readonly<Record<string, string>> = {
  create: 'made',
  update: 'changed',
  delete: 'deleted',
  revoke: 'revoked',
  rotate: 'gave a new secret to',
  rotate_secret: 'changed the secret of',
  finish_rotation: 'ended the former secret of',
  pause: 'paused',
  resume: 'resumed',
  erase: 'erased',
  export: 'exported',
  run: 'ran',
  cancel: 'stopped',
  remove: 'removed',
  role: 'changed the role of',
  disable: 'switched off',
  resend: 'resent',
};

/** Actions whose words are not those of their verb. */
const WHOLE: Readonly<Record<string, string>> = {
  'user.sign_in': 'signed in as',
  'user.sign_in_failed': 'failed to sign in as',
  'user.sign_out': 'signed out as',
  'user.second_factor_on': 'turned on the second factor of',
  'user.second_factor_off': 'turned off the second factor of',
  'user.password': 'changed the password of',
  'user.end_sessions': 'ended other sessions of',
  'user.end_session': 'ended a session of',
  'invitation.create': 'invited',
  'invitation.delete': 'took back the invitation of',
  'invitation.accept': 'accepted the invitation of',
};

/** What was done, so that the subject may follow: "paused", "changed the role of". */
export function actionWords(action: string): string {
  const whole = WHOLE[action];
  if (whole !== undefined) return whole;
  const verb = action.slice(action.lastIndexOf('.') + 1);
  return VERBS[verb] ?? plain(verb).toLowerCase();
}

/** The actions a person filters by. */
export const ACTIONS: readonly string[] = [
  ...['campaign', 'source', 'destination', 'webhook'].flatMap((kind) => ['create', 'update', 'delete'].map((verb) => `${kind}.${verb}`)),
  'campaign.pause',
  'campaign.resume',
  'key.create',
  'key.rotate',
  'key.revoke',
  'workspace.create',
  'workspace.update',
  'user.sign_in',
  'user.sign_in_failed',
  'user.password',
  'user.role',
  'user.remove',
  'invitation.create',
  'invitation.delete',
  'lead.erase',
  'lead.export',
];

/** One thing that differs; `undefined` is what was not there. */
export interface Difference {
  path: string;
  before: unknown;
  after: unknown;
}

/** How deep objects are looked into; deeper ones are compared as wholes. */
const DEPTH_MAX = 6;

/** What differs between before and after, by the path of each member: `retry.schedule[1]`. */
export function differences(before: unknown, after: unknown, path = '', depth = 0): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const keys = depth < DEPTH_MAX ? membersOf(before, after) : undefined;
  if (!keys) return [{ path, before, after }];
  return keys.flatMap((key) => {
    const at = Array.isArray(before ?? after) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    return differences(member(before, key), member(after, key), at, depth + 1);
  });
}

/** The members to compare one by one: when both sides are of one kind, or one side is not there. */
function membersOf(before: unknown, after: unknown): string[] | undefined {
  const sides = [before, after].filter((side) => side != null);
  const isObject = (side: unknown): boolean => typeof side === 'object' && side !== null;
  if (sides.length === 0 || !sides.every(isObject)) return undefined;
  if (new Set(sides.map((side) => Array.isArray(side))).size > 1) return undefined;
  // A list that was not there, or grew: its members; a thing that was made: its members too.
  const keys = [...new Set(sides.flatMap((side) => Object.keys(side as object)))];
  return keys.length === 0 ? undefined : keys;
}

function member(side: unknown, key: string): unknown {
  if (typeof side !== 'object' || side === null) return undefined;
  return Object.hasOwn(side, key) ? (side as Record<string, unknown>)[key] : undefined;
}

/** Where a thing of this kind is shown; nothing when it has no page. */
export function pageOf(line: Pick<AuditLine, 'subject_kind' | 'subject_id' | 'action'>): string | undefined {
  const page = PAGES[line.subject_kind];
  if (page === undefined || line.subject_id === null || line.action.endsWith('.delete')) return undefined;
  return `${page}/${line.subject_id}`;
}

const PAGES: Readonly<Record<string, string>> = {
  campaign: '/campaigns',
  source: '/sources',
  destination: '/destinations',
  webhook: '/webhooks',
  lead: '/leads',
  import: '/import',
  delivery: '/deliveries',
};
