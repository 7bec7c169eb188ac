import { dayOf } from '@/components/days';
import { parseSpan } from '@/components/span';
import { clockTime } from '@/components/time';

/** Presets by the API's names. */
export const PRESETS: Readonly<Record<'standard' | 'backoff', readonly string[]>> = {
  standard: ['0s', '1m', '5m', '30m', '2h'],
  backoff: ['0s', '30s', '2m', '10m', '1h'],
};

export const WAITS_MAX = 50;
const WAIT_MS_MAX = 7 * 86_400_000;

/** The waits in a text such as `0s, 1m, 5m`; commas or spaces part them. */
export function readWaits(text: string): string[] {
  return text.split(/[\s,;]+/).filter((part) => part !== '');
}

/** What is wrong with a schedule, as a sentence. */
export function scheduleProblem(waits: readonly string[]): string | undefined {
  if (waits.length === 0) return 'Give at least one wait; 0s is at once.';
  if (waits.length > WAITS_MAX) return `At most ${String(WAITS_MAX)} waits.`;
  const bad = waits.find((wait) => parseSpan(wait) === undefined);
  if (bad !== undefined) return `“${bad}” is no wait: write 30s, 5m, 2h or 1d.`;
  const long = waits.find((wait) => (parseSpan(wait) ?? 0) > WAIT_MS_MAX);
  return long === undefined ? undefined : `“${long}” is longer than 7 days.`;
}

/** Which preset these waits are. */
export function presetOf(waits: readonly string[]): 'standard' | 'backoff' | 'own' {
  const ms = waits.map(parseSpan).join();
  for (const name of ['standard', 'backoff'] as const) {
    if (PRESETS[name].map(parseSpan).join() === ms) return name;
  }
  return 'own';
}

export interface Attempt {
  /** Milliseconds after the attempt before. */
  wait: number;
  /** When it would be made, in milliseconds. */
  at: number;
}

/** When the attempts of a delivery that begins now would be made, if each fails at once. */
export function attemptsFrom(waits: readonly string[], now: number): Attempt[] {
  let at = now;
  return waits.flatMap((text) => {
    const wait = parseSpan(text);
    if (wait === undefined) return [];
    at += wait;
    return [{ wait, at }];
  });
}

/** "12:04", with the day when it is not today's, with seconds when the wait is under a minute. */
export function attemptClock({ wait, at }: Attempt, now: number, timeZone: string): string {
  const clock = clockTime(at, timeZone);
  const shown = wait > 0 && wait < 60_000 ? clock : clock.slice(0, 5);
  const days = dayNumber(at, timeZone) - dayNumber(now, timeZone);
  if (days === 0) return shown;
  return days === 1 ? `tomorrow ${shown}` : `in ${String(days)} days, ${shown}`;
}

/** Counts days by the calendar of the zone. */
function dayNumber(at: number, timeZone: string): number {
  return Math.round(Date.parse(`${dayOf(at, timeZone)}T00:00:00Z`) / 86_400_000);
}
