import type { FieldSpec } from '@/api/campaigns';
import type {
  Connector,
  Destination,
  Linked,
  MappingRow,
  OnUnmatched,
  Partials,
  ResponseRule,
  Setting,
  Unmapped,
} from '@/api/destinations';
import type { JsonObject } from '@/api/merge-patch';
import { readWaits } from './schedule';
import { fieldsIn } from './transforms';

/** One row of the mapping table: from a field, or a fixed value. */
export interface Row {
  /** For the page only. */
  key: string;
  to: string;
  kind: 'field' | 'value';
  from: string;
  /** A fixed value as it is written; JSON stays what it is by {@link fixedFrom}. */
  value: string;
  transform: unknown[];
}

/** A response rule with a key for the page. */
export interface RuleRow {
  key: string;
  rule: ResponseRule;
}

/** A destination as its form has it. Numbers and spans are texts while they are written. */
export interface Draft {
  name: string;
  settings: Readonly<Record<string, unknown>>;
  mapping: readonly Row[];
  unmapped: Unmapped | null;
  /** `null`: the connector's. */
  responses: readonly RuleRow[] | null;
  schedule: string;
  on_unmatched: OnUnmatched;
  failover_id: string | null;
  in_flight: string;
  rate: string;
  timeout: string;
  partials: Partials;
  linked: Required<Linked>;
  failover_only: boolean;
}

let made = 0;

/** A key that no other row of the page has. */
export function newKey(): string {
  made += 1;
  return `new-${String(made)}`;
}

export function toDraft(doc: Destination): Draft {
  return {
    name: doc.name,
    settings: doc.settings,
    mapping: doc.mapping.map((row, at) => rowFrom(row, `row-${String(at)}`)),
    unmapped: doc.unmapped ?? null,
    responses: doc.responses?.map((rule, at) => ({ key: `rule-${String(at)}`, rule })) ?? null,
    schedule: doc.retry.schedule.join(', '),
    on_unmatched: doc.on_unmatched ?? 'fail',
    failover_id: doc.failover_id ?? null,
    in_flight: doc.limits?.in_flight == null ? '' : String(doc.limits.in_flight),
    rate: doc.limits?.rate ?? '',
    timeout: doc.timeout ?? '',
    partials: doc.partials ?? 'complete_only',
    linked: {
      on_success: doc.linked.on_success ?? [],
      on_rejection: doc.linked.on_rejection ?? [],
      on_failure: doc.linked.on_failure ?? [],
    },
    failover_only: doc.failover_only ?? false,
  };
}

/** A destination that is not made yet, with what its connector begins with. */
export function emptyDraft(connector: Connector): Draft {
  return {
    name: '',
    settings: {},
    mapping: [],
    unmapped: null,
    responses: null,
    schedule: '0s, 1m, 5m, 30m, 2h',
    on_unmatched: 'fail',
    failover_id: null,
    in_flight: connector.in_flight == null ? '' : String(connector.in_flight),
    rate: connector.rate == null ? '' : rateText(connector.rate),
    timeout: connector.timeout_ms == null ? '' : `${String(Math.round(connector.timeout_ms / 1000))}s`,
    partials: 'complete_only',
    linked: { on_success: [], on_rejection: [], on_failure: [] },
    failover_only: false,
  };
}

function rateText({ count, per_s }: { count: number; per_s: number }): string {
  const unit = ({ 1: 's', 60: 'm', 3600: 'h' } as Record<number, string>)[per_s];
  return unit === undefined ? '' : `${String(count)}/${unit}`;
}

/** The draft as the API takes it. */
export function toInput(draft: Draft): JsonObject {
  return {
    name: draft.name.trim(),
    settings: Object.fromEntries(
      Object.entries(draft.settings).filter(([, value]) => value !== '' && value !== null && value !== undefined),
    ),
    mapping: draft.mapping.map(rowTo),
    unmapped: draft.unmapped,
    responses: draft.responses?.map(({ rule }) => ruleTo(rule)) ?? null,
    retry: { schedule: readWaits(draft.schedule) },
    on_unmatched: draft.on_unmatched,
    failover_id: draft.failover_id,
    limits: { in_flight: draft.in_flight === '' ? null : Number(draft.in_flight), rate: draft.rate === '' ? null : draft.rate },
    timeout: draft.timeout === '' ? null : draft.timeout,
    partials: draft.partials,
    linked: draft.linked,
    failover_only: draft.failover_only,
  };
}

export function rowFrom(row: MappingRow, key: string): Row {
  const fixed = row.from == null && row.value !== undefined;
  return {
    key,
    to: row.to,
    kind: fixed ? 'value' : 'field',
    from: row.from ?? '',
    value: fixed ? fixedText(row.value) : '',
    transform: row.transform ?? [],
  };
}

export function rowTo(row: Row): MappingRow {
  const transform = row.transform.length === 0 ? {} : { transform: row.transform };
  if (row.kind === 'value') return { to: row.to.trim(), value: fixedFrom(row.value), ...transform };
  return { to: row.to.trim(), from: row.from, ...transform };
}

/** A fixed value as text. One that would be read back as something else is put in quotes. */
function fixedText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return fixedFrom(value) === value ? value : JSON.stringify(value);
}

/**
 * The fixed value of a text: `true`, numbers, lists, objects and quoted texts are JSON, anything
 * else is the text. A number that would lose digits stays a text.
 */
export function fixedFrom(text: string): unknown {
  const trimmed = text.trim();
  if (!/^(true|false|null|-?\d|\[|\{|")/.test(trimmed)) return text;
  try {
    const value: unknown = JSON.parse(trimmed);
    if (typeof value === 'number' && String(value) !== trimmed) return text;
    return value;
  } catch {
    return text;
  }
}

/** A rule as the API takes it: without the members that say nothing, or that its match does not know. */
export function ruleTo(rule: ResponseRule): ResponseRule {
  const { match, path, value, verdict, reason, extract } = rule;
  const takesPath = match === 'json_path' || match === 'xpath';
  return {
    match,
    ...(takesPath ? { path: path ?? '' } : {}),
    value,
    verdict,
    ...(reason == null || reason === '' ? {} : { reason }),
    ...(extract === undefined || Object.keys(extract).length === 0 ? {} : { extract }),
  };
}

/** Names under which the connector sends fields when there is no mapping. */
export function fieldNames(connector: Connector, settings: Readonly<Record<string, unknown>>): Record<string, string> {
  const setting = connector.settings.find((one) => one.name === connector.presets_from);
  const chosen = setting === undefined ? undefined : settings[setting.name] ?? setting.default;
  const preset = typeof chosen === 'string' ? connector.presets[chosen] : undefined;
  return preset ?? connector.field_names;
}

/** The mapping that says what goes out without one: the campaign's fields, then system fields. */
export function startingRows(
  connector: Connector,
  settings: Readonly<Record<string, unknown>>,
  fields: readonly FieldSpec[],
): Row[] {
  const names = fieldNames(connector, settings);
  const rows = fields.map((field) => ({ to: names[field.name] ?? field.delivery_name ?? field.name, from: field.name }));
  const system = Object.entries(connector.system_fields).map(([from, to]) => ({ to, from }));
  const others = system.length > 0 ? system : FLAT_SYSTEM.map((name) => ({ to: name, from: name }));
  // What the connector changes on the way is a part of what goes out without a mapping.
  return [...rows, ...others].map((row) => rowFrom({ ...row, transform: connector.transforms[row.to] ?? [] }, newKey()));
}

/** What the flat payload holds besides the lead's fields. */
const FLAT_SYSTEM = ['lead_id', 'source', 'campaign', 'submitted_at'];

/** Required fields of the campaign that no row of the mapping sends. */
export function missingFields(draft: Pick<Draft, 'mapping' | 'unmapped'>, connector: Connector, fields: readonly FieldSpec[]): FieldSpec[] {
  const rest = draft.unmapped ?? connector.unmapped;
  if (draft.mapping.length === 0 || rest === 'send') return [];
  const used = new Set(
    draft.mapping.flatMap((row) => [
      ...(row.kind === 'field' ? [row.from.replace(/^fields\./, '')] : []),
      ...fieldsIn(row.transform).map((name) => name.replace(/^fields\./, '')),
    ]),
  );
  return fields.filter((field) => field.required && !used.has(field.name));
}

/** Whether a setting means something by the others: a template only when the body is one. */
export function isShown(setting: Setting, connector: Connector, settings: Readonly<Record<string, unknown>>): boolean {
  const body = settings.body ?? connector.settings.find((one) => one.name === 'body')?.default;
  if (setting.type === 'template') return body === 'template' || settings[setting.name] != null;
  if (setting.name === 'xml_root') return body === 'xml' || settings[setting.name] != null;
  return true;
}

/** Whether a secret is kept as it is stored: it is still the mask. */
export function isMasked(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('••');
}
