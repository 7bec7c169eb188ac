import { renderHook } from '@testing-library/react';
import { expect, it } from 'vitest';
import { useIdempotencyKey } from './idempotency';

it('gives the same wish the same key, and another wish another', () => {
  const { result } = renderHook(() => useIdempotencyKey());
  const first = result.current({ name: 'a' });
  expect(result.current({ name: 'a' })).toBe(first);
  expect(result.current({ name: 'b' })).not.toBe(first);
  expect(first).toMatch(/^[0-9a-f]{32}$/);
});
