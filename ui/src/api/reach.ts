import { makeStore } from './store';

/** Whether Baton answers, and when it is asked again if not. */
export interface Reach {
  gone: boolean;
  /** Milliseconds of the clock at which it is asked next. */
  nextAt: number;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 20_000;

export const reach = makeStore<Reach>({ gone: false, nextAt: 0 });

let waiting: ReturnType<typeof setTimeout> | undefined;
let wait = FIRST_WAIT_MS;
const whenBack = new Set<() => void>();

/** Called when Baton answers again after a time without. */
export function onBack(callback: () => void): () => void {
  whenBack.add(callback);
  return () => whenBack.delete(callback);
}

/** A call got no answer: from now on Baton is asked whether it lives, at growing intervals. */
export function noteGone(): void {
  if (reach.get().gone) return;
  wait = FIRST_WAIT_MS;
  schedule();
}

/** How long Baton may take to say that it lives. */
const ALIVE_MS = 4_000;

/**
 * A call has waited for long: that may be its work, or a server that takes calls and answers none.
 * Baton is asked whether it lives; the call goes on waiting in any case.
 */
export async function doubt(): Promise<void> {
  if (reach.get().gone || doubting) return;
  doubting = true;
  try {
    await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ALIVE_MS) });
  } catch {
    noteGone();
  } finally {
    doubting = false;
  }
}

let doubting = false;

/** A call got an answer of Baton's. */
export function noteAnswer(): void {
  if (!reach.get().gone) return;
  clearTimeout(waiting);
  reach.set({ gone: false, nextAt: 0 });
  for (const callback of whenBack) callback();
}

/** Asks at once. */
export async function askNow(): Promise<void> {
  clearTimeout(waiting);
  try {
    const answer = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ALIVE_MS) });
    if (answer.ok) {
      noteAnswer();
      return;
    }
  } catch {
    // Still gone.
  }
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  schedule();
}

function schedule(): void {
  reach.set({ gone: true, nextAt: Date.now() + wait });
  waiting = setTimeout(() => void askNow(), wait);
}
