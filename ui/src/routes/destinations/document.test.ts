import { describe, expect, it } from 'vitest';
import type { Connector, Destination, MappingRow } from '@/api/destinations';
import { emptyDraft, fixedFrom, isMasked, missingFields, rowFrom, rowTo, ruleTo, startingRows, toDraft, toInput } from './document';

const connector: Connector = {
  name: 'leadbyte',
  description: '',
  settings: [{ name: 'names', type: 'choice', label: 'Names', default: 'one', choices: ['one', 'two'] }],
  field_names: { phone: 'phone1' },
  presets_from: 'names',
  presets: { two: { phone: 'Mobile' } },
  transforms: { phone1: ['national'] },
  system_fields: { ip: 'ipaddress' },
  unmapped: 'drop',
  responses: [],
  verdicts: {},
  test_mode: '',
  one_per_campaign: false,
  https_only: false,
  two_step_auth: false,
  pings: false,
  updates: false,
  polls: false,
};

const doc = {
  id: 'dst_1',
  campaign_id: 'cmp_1',
  connector: 'webhook',
  name: 'CRM',
  settings: { url: 'https://a.example', auth_value: '••••••••' },
  mapping: [{ to: 'Mobile', from: 'phone', transform: ['e164', { truncate: 5 }] }, { to: 'n', value: 12 }],
  unmapped: null,
  responses: [{ match: 'status', value: '2xx', verdict: 'accepted', reason: null, path: null }],
  retry: { schedule: ['0s', '1m'] },
  limits: { in_flight: 32, rate: null },
  timeout: '30s',
  linked: {},
  version: 1,
} as unknown as Destination;

describe('mapping rows', () => {
  it('come back from the form as they went in', () => {
    const rows: MappingRow[] = [
      { to: 'Email', from: 'email' },
      { to: 'a.b', from: 'fields.phone', transform: ['e164', { map: { own: 'OWNER' } }] },
      { to: 'text', value: 'baton' },
      { to: 'number', value: 12 },
      { to: 'digits', value: '12' },
      { to: 'price', value: 1.5 },
      { to: 'yes', value: true },
      { to: 'list', value: ['a', 1] },
      { to: 'empty', value: '' },
      { to: 'looks like a list', value: '[1]' },
      { to: 'quoted', value: '"x"' },
    ];
    for (const row of rows) expect(rowTo(rowFrom(row, 'k'))).toEqual(row);
  });
  it('keep digits that a number would lose', () => {
    expect(fixedFrom('12345678901234567890')).toBe('12345678901234567890');
    expect(fixedFrom('1.10')).toBe('1.10');
    expect(fixedFrom('007')).toBe('007');
  });
});

it('gives a document back unchanged', () => {
  const input = toInput(toDraft(doc));
  expect(input).toMatchObject({
    name: 'CRM',
    settings: doc.settings,
    mapping: doc.mapping,
    responses: [{ match: 'status', value: '2xx', verdict: 'accepted' }],
    retry: { schedule: ['0s', '1m'] },
    limits: { in_flight: 32, rate: null },
    linked: { on_success: [], on_rejection: [], on_failure: [] },
  });
});

it('sends a path only where the match looks at one', () => {
  expect(ruleTo({ match: 'keyword', path: '$.a', value: 'x', verdict: 'rejected', reason: '', extract: {} })).toEqual({ match: 'keyword', value: 'x', verdict: 'rejected' });
  expect(ruleTo({ match: 'xpath', value: 'x', verdict: 'rejected' })).toEqual({ match: 'xpath', path: '', value: 'x', verdict: 'rejected' });
});

it('begins a mapping with the names that go out without one', () => {
  const fields = [{ name: 'phone', type: 'phone' }, { name: 'roof', type: 'text', delivery_name: 'Roof' }] as const;
  const names = (settings: Record<string, unknown>): string[] => startingRows(connector, settings, fields).map((row) => `${row.from}>${row.to}`);
  expect(names({})).toEqual(['phone>phone1', 'roof>Roof', 'ip>ipaddress']);
  expect(names({ names: 'two' })[0]).toBe('phone>Mobile');
  expect(startingRows(connector, {}, fields)[0]?.transform).toEqual(['national']);
  expect(startingRows(connector, {}, fields)[1]?.transform).toEqual([]);
});

it('finds required fields that nobody gets', () => {
  const fields = [{ name: 'email', type: 'email', required: true }, { name: 'first', type: 'text', required: true }, { name: 'x', type: 'text' }] as const;
  const missing = (mapping: MappingRow[], unmapped: 'send' | null = null): string[] =>
    missingFields({ ...emptyDraft(connector), mapping: mapping.map((row, at) => rowFrom(row, String(at))), unmapped }, connector, fields).map((one) => one.name);
  expect(missing([])).toEqual([]);
  expect(missing([{ to: 'a', from: 'x' }])).toEqual(['email', 'first']);
  expect(missing([{ to: 'a', from: 'x' }], 'send')).toEqual([]);
  expect(missing([{ to: 'a', from: 'fields.email', transform: [{ concat: [{ field: 'first' }, '!'] }] }])).toEqual([]);
});

it('knows a secret that is kept, and its end', () => {
  expect([isMasked('••••••••'), isMasked('••••9f2c'), isMasked('new'), isMasked(undefined)]).toEqual([true, true, false, false]);
});
