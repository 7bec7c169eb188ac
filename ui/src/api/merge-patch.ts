/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The merge patch (RFC 7396) that makes `next` of `base`: only what differs, `null` for what is
 * gone. Lists are replaced as wholes.
 */
export function mergePatch(base: JsonObject, next: JsonObject): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(base), ...Object.keys(next)])) {
    const before = base[key] ?? null;
    const after = next[key] ?? null;
    if (isObject(before) && isObject(after)) {
      const inner = mergePatch(before, after);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!same(before, after)) patch[key] = after;
  }
  return patch;
}

/** Whether two JSON values are the same; the order of an object's members does not count. */
export function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => same(item, other[at]));
  }
  if (isObject(one) && isObject(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((key) => same(one[key], other[key]));
  }
  return one === other;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
