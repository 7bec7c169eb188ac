import { describe, expect, test } from 'vitest';
import { belongs, COUNT_MAX, newText, told, withNew } from './new-leads';

const ID = 'lead_01m81maxf1ft7a5ewxmmyasq1r';
const names = {
  campaign: (id: string) => (id === 'cmp_1' ? 'SOLAR-UK' : undefined),
  source: (id: string) => (id === 'src_1' ? 'Partner A' : undefined),
};
const data = {
  id: ID,
  state: 'received',
  status: 'new',
  test: false,
  campaign: 'SOLAR-UK',
  source: 'Partner A',
  first_name: 'Ada',
  phone: '+447700900203',
};
const created = { id: ID, kind: 'lead.created', data };

describe('an event', () => {
  test('of a lead is told of by its id', () => {
    const event = { id: '0-1', kind: 'lead.created', data: JSON.stringify({ data }) };
    expect(told(event)?.id).toBe(ID);
  });

  test('of a delivery is told of by its lead', () => {
    const event = { id: '0-1', kind: 'delivery.failed', data: JSON.stringify({ data: { id: 'dlv_1', lead_id: ID } }) };
    expect(told(event)?.id).toBe(ID);
  });

  test.each(['', '{', 'null', '{}', '{"data":null}', '{"data":{"id":5}}', '{"data":{"id":"dst_1"}}'])('that reads %j is left', (text) => {
    expect(told({ id: '', kind: 'x', data: text })).toBeUndefined();
  });
});

describe('a lead that came belongs into the list', () => {
  test.each([
    [{}, true],
    [{ campaign: 'cmp_1', source: 'src_1', status: 'new' }, true],
    [{ campaign: 'cmp_2' }, false],
    [{ source: 'src_2' }, false],
    [{ status: 'won' }, false],
    [{ state: 'received,held' }, true],
    [{ state: 'held' }, false],
    [{ q: 'ADA' }, true],
    [{ q: '07700 900203' }, true],
    [{ q: 'bob' }, false],
    [{ q: 'zz' }, true],
    [{ tag: 'vip' }, false],
    [{ since: '2026-01-01T00:00:00Z' }, true],
    [{ until: '2026-01-01T00:00:00Z' }, false],
    [{ before: 'lead_1' }, false],
  ])('with %j: %j', (search, expected) => {
    expect(belongs(created, search, names)).toBe(expected);
  });

  test('tests only where tests are shown', () => {
    const one = { ...created, data: { ...data, test: true } };
    expect(belongs(one, {}, names)).toBe(false);
    expect(belongs(one, { test: 'true' }, names)).toBe(true);
  });

  test('partial ones only where these are shown', () => {
    const one = { ...created, kind: 'lead.partial' };
    expect(belongs(one, {}, names)).toBe(false);
    expect(belongs(one, { partial: 'true' }, names)).toBe(true);
  });

  test('only when it came, not when it changed', () => {
    expect(belongs({ ...created, kind: 'lead.updated' }, {}, names)).toBe(false);
  });
});

describe('counting', () => {
  test('a lead counts once', () => {
    const one = withNew(new Set(), 'a');
    expect(withNew(one, 'a')).toBe(one);
    expect(withNew(one, 'b').size).toBe(2);
  });

  test('it ends, and says so', () => {
    let ids: ReadonlySet<string> = new Set();
    for (let at = 0; at < COUNT_MAX + 50; at += 1) ids = withNew(ids, String(at));
    expect(ids.size).toBe(COUNT_MAX + 1);
    expect(newText(ids.size)).toBe('More than 999 new leads');
  });

  test.each([
    [1, '1 new lead'],
    [3, '3 new leads'],
    [999, '999 new leads'],
  ])('%i reads %s', (count, text) => {
    expect(newText(count)).toBe(text);
  });
});
