import { gone, type Problem, readProblem } from './problem';
import { doubt, noteAnswer, noteGone } from './reach';
import { askToSignIn, workspace } from './session';

/** Calls to these are part of signing in: their 401 is an answer and not the end of a session. */
const SIGN_IN_PATHS = '/api/v1/auth/';

/** The key for `vite dev` against a server without sign-in; the build has none. */
const DEV_KEY: string | undefined = import.meta.env.DEV ? import.meta.env.VITE_BATON_KEY : undefined;

/** Whether this page signs in by a key of the developer's. */
export const hasDevKey = DEV_KEY !== undefined && DEV_KEY !== '';

/** Calls that take longer make it doubtful whether Baton is still there. */
const SLOW_MS = 6_000;

/** Headers every call has: whose workspace it is about. */
export function standardHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const id = workspace.get();
  if (id !== undefined && !hasDevKey) headers['Baton-Workspace'] = id;
  if (hasDevKey) headers.Authorization = `Bearer ${String(DEV_KEY)}`;
  return headers;
}

/**
 * `fetch` as the interface needs it: it knows whether Baton is there, waits for the person to sign
 * in again when the session has ended, and throws a {@link Problem} for everything but success.
 */
export async function send(
  input: RequestInfo | URL,
  init?: RequestInit,
  { asks = true }: { /** Whether the person is asked to sign in again. */ asks?: boolean } = {},
): Promise<Response> {
  // A request's body can be read once, and there may be a second turn after signing in again. Made
  // anew where that is possible: the copy of a request keeps a second body, be it a file of any size.
  const make = (): Request =>
    input instanceof Request && !init ? input.clone() : new Request(input, { credentials: 'same-origin', ...init });
  for (let turn = 0; ; turn += 1) {
    const request = make();
    const response = await sendOnce(request);
    if (response.ok) return response;
    const problem = await readProblem(response);
    if (problem.isGone) noteGone();
    if (!asks || turn > 0 || !endsSession(problem, request.url) || !(await askToSignIn())) throw problem;
  }
}

async function sendOnce(request: Request): Promise<Response> {
  for (const [name, value] of Object.entries(standardHeaders())) {
    if (!request.headers.has(name)) request.headers.set(name, value);
  }
  let response: Response;
  const slow = setTimeout(() => void doubt(), SLOW_MS);
  try {
    response = await fetch(request);
  } catch (thrown) {
    if (request.signal.aborted) throw thrown;
    noteGone();
    throw gone();
  } finally {
    clearTimeout(slow);
  }
  if (response.status < 500) noteAnswer();
  return response;
}

function endsSession(problem: Problem, url: string): boolean {
  if (problem.status !== 401 || hasDevKey) return false;
  return !new URL(url, location.href).pathname.startsWith(SIGN_IN_PATHS);
}
