// Days as the workspace counts them: from midnight to midnight in its zone.

const DAY_MS = 86_400_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const options = {
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  } as const;
  let made;
  try {
    made = new Intl.DateTimeFormat('en-GB', { timeZone, ...options });
  } catch {
    // A zone this browser does not know.
    made = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
  }
  clocks.set(timeZone, made);
  return made;
}

/** What a clock on the wall shows in a zone, as if it were UTC. */
function wall(at: number, timeZone: string): number {
  const parts = clockOf(timeZone).formatToParts(at);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** When a clock on the wall first shows this midnight, or what follows it where it is left out. */
function instantOf(midnight: number, timeZone: string): number {
  let at = midnight;
  let before = at;
  // The zone's distance from UTC may be another at midnight than at the time it was asked for.
  for (let round = 0; round < 3; round += 1) {
    before = at;
    at = midnight - (wall(at, timeZone) - at);
  }
  // The two differ where the clocks go forward at midnight: the day begins with the later one.
  return Math.max(at, before);
}

/** The beginning of the day of `now` in a zone, as milliseconds of UTC. */
export function startOfDay(now: number, timeZone: string): number {
  return instantOf(Math.floor(wall(now, timeZone) / DAY_MS) * DAY_MS, timeZone);
}

/** The day of an instant in a zone: "2026-11-22". */
export function dayOf(at: number, timeZone: string): string {
  return new Date(wall(at, timeZone)).toISOString().slice(0, 10);
}

/** When a day such as "2026-11-22" begins in a zone, RFC 3339; `undefined` for what is no day. */
export function beginOf(day: string, timeZone: string): string | undefined {
  return instantText(Date.parse(`${day}T00:00:00Z`), timeZone);
}

/** When a day ends in a zone: the first instant that is no longer in it. */
export function endOf(day: string, timeZone: string): string | undefined {
  return instantText(Date.parse(`${day}T00:00:00Z`) + DAY_MS, timeZone);
}

function instantText(midnight: number, timeZone: string): string | undefined {
  return Number.isNaN(midnight) ? undefined : new Date(instantOf(midnight, timeZone)).toISOString();
}
