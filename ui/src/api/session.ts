import { makeStore } from './store';

const WORKSPACE_KEY = 'baton.workspace';

/** The workspace that calls are about: its id, or `undefined` for the first of the user's. */
export const workspace = makeStore<string | undefined>(remembered());

/** Whether the session has ended while the page is open; the dialog for it shows over the page. */
export const signInNeeded = makeStore(false);

let pending: { promise: Promise<boolean>; settle: (signedIn: boolean) => void } | undefined;

/**
 * Asks the person to sign in again over the page they are on. All calls that meet the end of the
 * session wait for the same answer: `true` when they may be made again.
 */
export function askToSignIn(): Promise<boolean> {
  if (!pending) {
    let settle: (signedIn: boolean) => void = () => undefined;
    const promise = new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    pending = { promise, settle };
    signInNeeded.set(true);
  }
  return pending.promise;
}

/** The person signed in again, or left. */
export function settleSignIn(signedIn: boolean): void {
  const settle = pending?.settle;
  pending = undefined;
  signInNeeded.set(false);
  settle?.(signedIn);
}

/** Chooses a workspace for this tab, and for the next tab that opens. */
export function chooseWorkspace(id: string): void {
  workspace.set(id);
  try {
    sessionStorage.setItem(WORKSPACE_KEY, id);
    localStorage.setItem(WORKSPACE_KEY, id);
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
}

function remembered(): string | undefined {
  try {
    const asked = new URLSearchParams(location.search).get('ws');
    return asked ?? sessionStorage.getItem(WORKSPACE_KEY) ?? localStorage.getItem(WORKSPACE_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Forgets the workspace: it is another person's, or gone. */
export function forgetWorkspace(): void {
  workspace.set(undefined);
  try {
    sessionStorage.removeItem(WORKSPACE_KEY);
    localStorage.removeItem(WORKSPACE_KEY);
  } catch {
    // As above.
  }
}
