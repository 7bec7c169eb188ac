// Spans of time and rates as the API writes them: `500ms`, `30s`, `5m`, `2h`, `7d`; `100/m`.

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export type SpanUnit = 's' | 'm' | 'h' | 'd';

/** Milliseconds of `5m`; `undefined` when it is no span. */
export function parseSpan(text: string): number | undefined {
  const parts = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text.trim());
  const unit = UNIT_MS[parts?.[2] ?? ''];
  return parts && unit !== undefined ? Number(parts[1]) * unit : undefined;
}

/** "5 min", "1 h 30 min", "0 s": how people say a span. */
export function spanWords(ms: number): string {
  if (ms < 1_000) return ms === 0 ? '0 s' : `${String(ms)} ms`;
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, word] of [['d', 'd'], ['h', 'h'], ['m', 'min'], ['s', 's']] as const) {
    const size = UNIT_MS[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${String(count)} ${word}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).join(' ');
}

/** A span in the largest unit that holds it whole: `90s` is 90 s, `3600s` is 1 h. */
export function splitSpan(text: string): { count: string; unit: SpanUnit } {
  const ms = parseSpan(text);
  if (ms === undefined || ms === 0) return { count: text === '' ? '' : String(Number.parseInt(text, 10) || 0), unit: 's' };
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms % size === 0) return { count: String(ms / size), unit };
  }
  return { count: String(Math.round(ms / 1_000)), unit: 's' };
}

/** `100/m` as its parts; empty when there is none. */
export function splitRate(text: string): { count: string; per: 's' | 'm' | 'h' } {
  const parts = /^(\d+)\/(s|m|h)$/.exec(text.trim());
  const per = parts?.[2];
  return { count: parts?.[1] ?? '', per: per === 's' || per === 'h' ? per : 'm' };
}

/** "100 a minute". */
export function rateWords(text: string): string {
  const { count, per } = splitRate(text);
  return count === '' ? text : `${count} a ${{ s: 'second', m: 'minute', h: 'hour' }[per]}`;
}
