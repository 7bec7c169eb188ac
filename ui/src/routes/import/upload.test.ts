import { expect, test } from 'vitest';
import { PART_BYTES, partsOf } from './upload';

test('the parts of a file cover it, and only the last says that it is the last', () => {
  for (const bytes of [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES]) {
    const parts = partsOf(bytes);
    expect(parts.reduce((sum, part) => sum + part.to - part.from, 0)).toBe(bytes);
    expect(parts.map((part) => part.more)).toEqual([...parts.slice(1).map(() => true), false]);
    for (const part of parts) expect(part.from % 262_144).toBe(0);
  }
});
