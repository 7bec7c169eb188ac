/** A value of a lead as text: texts as they are, anything else as JSON. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The address when a browser may be sent there, else `undefined`: outside text can be any scheme. */
export function webAddress(text: string): string | undefined {
  try {
    const { protocol, href } = new URL(text);
    return protocol === 'https:' || protocol === 'http:' ? href : undefined;
  } catch {
    return undefined;
  }
}

export interface FieldRow {
  name: string;
  /** As Baton keeps it. */
  normal: string;
  /** As it came. */
  raw: string;
  changed: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/** Fields beside what they came as, in the order they came in; those that Baton added come last. */
export function fieldRows(fields: Values, raw: Values): FieldRow[] {
  const names = [...new Set([...Object.keys(raw), ...Object.keys(fields)])];
  return names.map((name) => {
    const normal = valueText(fields[name]);
    const came = valueText(raw[name]);
    return { name, normal, raw: came, changed: normal !== came };
  });
}
