import { useRef } from 'react';

/**
 * The `Idempotency-Key` for a form that creates something. The same input has the same key, so
 * pressing again after an answer that never came does not create a second one; a changed input is
 * another wish and has another key.
 */
export function useIdempotencyKey(): (input: unknown) => string {
  const last = useRef({ text: '', key: '' });
  return (input) => {
    const text = JSON.stringify(input) ?? '';
    if (last.current.text !== text || last.current.key === '') {
      last.current = { text, key: newKey() };
    }
    return last.current.key;
  };
}

/** A new key. `randomUUID` exists on https and localhost only. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
