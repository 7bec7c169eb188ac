import { vi } from 'vitest';

/** What a test's server was asked. */
export interface Asked {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

type Answer = { status?: number; json?: unknown; code?: string; detail?: string };

/**
 * Puts answers in the place of the server: by method and path, in the order they are asked for; the
 * last one stays. `'gone'` is no answer at all. Gives what was asked.
 */
export function serve(answers: Readonly<Record<string, Answer | 'gone' | readonly (Answer | 'gone')[]>>): Asked[] {
  const asked: Asked[] = [];
  const turns = new Map<string, number>();
  vi.stubGlobal('fetch', async (input: Request | string) => {
    const request = input instanceof Request ? input : new Request(new URL(input, location.href));
    const path = new URL(request.url).pathname;
    const text = await request.text();
    asked.push({
      method: request.method,
      path,
      headers: request.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    });
    const key = `${request.method} ${path}`;
    const given = answers[key];
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    const list = (Array.isArray(given) ? given : [given]) as readonly (Answer | 'gone' | undefined)[];
    const answer = list[Math.min(turn, list.length - 1)];
    if (answer === 'gone') throw new TypeError('Failed to fetch');
    return respond(answer ?? { status: 404, code: 'not_found', detail: `the test has no ${key}` });
  });
  return asked;
}

function respond(answer: Answer): Response {
  const status = answer.status ?? 200;
  if (status === 204) return new Response(null, { status });
  const isProblem = status >= 400;
  const body = isProblem ? { status, code: answer.code, detail: answer.detail ?? answer.code } : answer.json;
  const type = isProblem ? 'application/problem+json' : 'application/json';
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });
}
