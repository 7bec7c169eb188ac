import { describe, expect, it } from 'vitest';
import { mergePatch, same } from './merge-patch';

describe('mergePatch', () => {
  const check = (base: Record<string, unknown>, next: Record<string, unknown>, expected: unknown): void => {
    expect(mergePatch(base, next)).toEqual(expected);
  };
  it('says only what differs', () => {
    check({ a: 1, b: 'x' }, { a: 1, b: 'y' }, { b: 'y' });
    check({ a: { b: 1, c: [1, 2] } }, { a: { b: 1, c: [1, 2] } }, {});
  });
  it('takes away with null, also within objects', () => {
    check({ headers: { A: '1', B: '2' } }, { headers: { A: '1' } }, { headers: { B: null } });
    check({ wait: '5s' }, { wait: null }, { wait: null });
    check({ duplicates: { fields: ['email'] } }, { duplicates: null }, { duplicates: null });
    check({ a: undefined }, { a: null }, {});
  });
  it('replaces lists as wholes', () => {
    check({ rows: [{ a: 1 }, { a: 2 }] }, { rows: [{ a: 2 }, { a: 1 }] }, { rows: [{ a: 2 }, { a: 1 }] });
  });
  it('knows equal objects whatever the order of their members', () => {
    expect(same({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same({ a: '1' }, { a: 1 })).toBe(false);
  });
});
