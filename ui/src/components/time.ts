import { useSyncExternalStore } from 'react';
import { makeStore, useStore } from '@/api/store';

/** The workspace's zone (IANA); the shell sets it, "UTC" until then. */
export const zone = makeStore('UTC');

/** How often shown times are renewed. */
const TICK_MS = 15_000;
/** The time as of the last tick. */
const clock = makeStore(Date.now());
let watchers = 0;
let ticking: ReturnType<typeof setInterval> | undefined;

function watchClock(heard: () => void): () => void {
  const stop = clock.subscribe(heard);
  watchers += 1;
  ticking ??= setInterval(() => {
    if (!document.hidden) clock.set(Date.now());
  }, TICK_MS);
  return () => {
    stop();
    watchers -= 1;
    if (watchers > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** The time now in milliseconds, as a value that renews itself: relative times stay right by it. */
export function useNow(): number {
  return useSyncExternalStore(watchClock, clock.get);
}

export function useZone(): string {
  return useStore(zone);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 min ago", "in 2 h", "12 Nov". Short, since it stands in columns. */
export function relative(at: number, now: number, timeZone: string): string {
  const away = Math.abs(now - at);
  const past = at <= now;
  if (away < 5 * SECOND) return 'now';
  if (away >= 7 * DAY) return day(at, now, timeZone);
  const [count, unit] = amount(away);
  return past ? `${String(count)} ${unit} ago` : `in ${String(count)} ${unit}`;
}

function amount(ms: number): [number, string] {
  if (ms < MINUTE) return [Math.floor(ms / SECOND), 's'];
  if (ms < HOUR) return [Math.floor(ms / MINUTE), 'min'];
  if (ms < DAY) return [Math.floor(ms / HOUR), 'h'];
  return [Math.floor(ms / DAY), 'd'];
}

function day(at: number, now: number, timeZone: string): string {
  const yearOf = (ms: number): string => format(ms, timeZone, { year: 'numeric' });
  const sameYear = yearOf(at) === yearOf(now);
  return format(at, timeZone, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** "22 Nov 2026, 14:03:09 Europe/London": nothing left to ask. */
export function absolute(at: number, timeZone: string): string {
  const text = format(at, timeZone, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  return `${text} ${timeZone}`;
}

/** "14:03:09" in the zone. */
export function clockTime(at: number, timeZone: string): string {
  return format(at, timeZone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
}

/** "1.2 s", "340 ms", "2 min 5 s". */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '—';
  if (ms < SECOND) return `${String(Math.round(ms))} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR) return `${String(Math.floor(ms / MINUTE))} min ${String(Math.floor((ms % MINUTE) / SECOND))} s`;
  if (ms < DAY) return `${String(Math.floor(ms / HOUR))} h ${String(Math.floor((ms % HOUR) / MINUTE))} min`;
  return `${String(Math.floor(ms / DAY))} d ${String(Math.floor((ms % DAY) / HOUR))} h`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, timeZone: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${timeZone}|${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (!made) {
    try {
      made = new Intl.DateTimeFormat('en-GB', { timeZone, ...options });
    } catch {
      // A zone this browser does not know; then UTC, which `absolute` would name wrongly, so rare.
      made = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
    }
    formats.set(key, made);
  }
  return made.format(at);
}
