import { makeStore } from '@/api/store';

export interface Toast {
  id: number;
  message: string;
}

const SHOWN_MS = 4_000;
/** More at once than this are a sign that something should be one message. */
const AT_ONCE_MAX = 3;

export const toasts = makeStore<readonly Toast[]>([]);
let count = 0;

/**
 * Says in a corner that something went well, or that work in the background has ended. Never an
 * error: those are shown where they happened, by `ProblemPanel`.
 */
export function toast(message: string): void {
  count += 1;
  const id = count;
  toasts.set([...toasts.get(), { id, message }].slice(-AT_ONCE_MAX));
  setTimeout(() => {
    toasts.set(toasts.get().filter((other) => other.id !== id));
  }, SHOWN_MS);
}
