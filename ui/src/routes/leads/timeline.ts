import type { Delivery, TimelineEntry } from '@/api/inbox';
import { sentence } from '@/api/problem';
import { micros } from '@/components/delivery/timing';
import { plain, type Tone, verdicts, wordOf } from '@/words';

/** A line of the timeline. */
export interface Happening {
  key: string;
  at: string;
  tone: Tone;
  /** What it is about, when it has a name: a destination. */
  about?: string;
  text: string;
  detail?: string;
  /** The delivery it belongs to. */
  delivery?: string;
}

type Told = Readonly<Record<string, unknown>>;

const EVENTS: Readonly<Record<string, readonly [text: string, tone: Tone]>> = {
  'lead.created': ['Captured', 'info'],
  'lead.partial': ['Begun, not sent yet', 'violet'],
  'lead.completed': ['Completed', 'info'],
  'lead.updated': ['Changed', 'neutral'],
  'lead.duplicate': ['Repeats another lead', 'warning'],
  'lead.rejected': ['Refused', 'warning'],
  'lead.quarantined': ['Put aside', 'warning'],
  'lead.erased': ['Personal data erased', 'neutral'],
  'delivery.failed': ['Given up', 'danger'],
};

const CAUSES: Readonly<Record<string, string>> = {
  lead: 'Handed on',
  event: 'Told of it',
  failover: 'Handed on instead of another',
  linked: 'Handed on after another',
  resend: 'Sent again by a person',
};

/**
 * The timeline in words, oldest first. What an attempt tells already is not told again by its
 * event.
 */
export function happenings(entries: readonly TimelineEntry[], nameOf: (delivery: Delivery) => string): Happening[] {
  const targets = new Map<string, string>();
  for (const entry of entries) {
    if ('delivery' in entry) targets.set(entry.delivery.id, nameOf(entry.delivery));
  }
  return ordered(entries).flatMap((entry, at): Happening[] => {
    const key = `${entry.at}-${String(at)}`;
    if ('delivery' in entry) {
      const { delivery } = entry;
      const about = nameOf(delivery);
      return [{ key, at: entry.at, tone: 'neutral', about, text: CAUSES[delivery.cause] ?? plain(delivery.cause), delivery: delivery.id }];
    }
    if ('attempt' in entry) {
      const { attempt } = entry;
      const { label, tone } = wordOf(verdicts, attempt.verdict);
      const answer = attempt.status != null ? `HTTP ${String(attempt.status)}` : plain(attempt.fault ?? 'no answer');
      return [
        {
          key,
          at: entry.at,
          tone,
          about: targets.get(attempt.delivery_id) ?? attempt.delivery_id,
          text: `Attempt ${String(attempt.n)}: ${label}`,
          detail: `${answer} in ${micros(attempt.total_us)}, decided by ${attempt.decided_by}`,
          delivery: attempt.delivery_id,
        },
      ];
    }
    if (!('event' in entry)) return [];
    const { event: kind, data } = entry.event as unknown as { event: string; data?: Told };
    return eventLine(key, entry.at, kind, data ?? {}, targets);
  });
}

/** What happened within one millisecond, in the order in which it must have. */
function ordered(entries: readonly TimelineEntry[]): TimelineEntry[] {
  const made = new Map<string, string>();
  for (const entry of entries) {
    if ('delivery' in entry) made.set(entry.delivery.id, entry.at);
  }
  const rank = (entry: TimelineEntry): number => {
    if ('attempt' in entry) return made.get(entry.attempt.delivery_id) === entry.at ? 4 : 1;
    if ('delivery' in entry) return 3;
    const { event: kind } = entry.event as unknown as { event: string };
    return kind.startsWith('delivery.') ? 2 : 0;
  };
  return [...entries].sort((one, other) => one.at.localeCompare(other.at) || rank(one) - rank(other));
}

function eventLine(key: string, at: string, kind: string, data: Told, targets: ReadonlyMap<string, string>): Happening[] {
  const known = EVENTS[kind];
  if (!known && kind.startsWith('delivery.')) return [];
  const [text, tone] = known ?? [plain(kind.replace('.', ' ')), 'neutral' as const];
  const delivery = typeof data.delivery_id === 'string' ? data.delivery_id : undefined;
  const about = delivery === undefined ? undefined : targets.get(delivery);
  const detail = detailOf(kind, data);
  return [
    {
      key,
      at,
      tone,
      text,
      ...(about === undefined ? {} : { about }),
      ...(detail === undefined ? {} : { detail }),
      ...(delivery === undefined ? {} : { delivery }),
    },
  ];
}

function detailOf(kind: string, data: Told): string | undefined {
  if (kind === 'lead.created' && typeof data.source === 'string') return `from ${data.source}`;
  if (kind === 'lead.duplicate' && typeof data.duplicate_of === 'string') return data.duplicate_of;
  if (kind === 'lead.updated' && typeof data.status === 'string') return `status ${data.status}`;
  const reason = data.note ?? data.reason ?? data.decided_by;
  return typeof reason === 'string' && reason !== '' ? sentence(reason) : undefined;
}
