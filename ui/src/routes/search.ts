/**
 * `validateSearch` for a route whose search holds texts: takes these and drops everything else, so
 * a hand-written URL can do no harm. All values are texts; `?page=2` is `'2'`.
 */
export function textSearch<const Key extends string>(
  ...keys: Key[]
): (raw: Record<string, unknown>) => { [K in Key]?: string } {
  return (raw) => {
    const search: Partial<Record<Key, string>> = {};
    for (const key of keys) {
      const value = raw[key];
      if (typeof value === 'string' && value !== '') search[key] = value.slice(0, VALUE_CHARS_MAX);
    }
    return search;
  };
}

/** Longer values are no filter anybody made here. */
const VALUE_CHARS_MAX = 500;

/** Searches as plain texts: `?q=123` and not `?q=%22123%22`. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '') params.set(key, String(value as string));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
