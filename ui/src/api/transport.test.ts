import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Problem } from './problem';
import { noteAnswer, reach } from './reach';
import { chooseWorkspace, forgetWorkspace, settleSignIn, signInNeeded } from './session';
import { send } from './transport';

const problemAnswer = (status: number, code: string): Response =>
  new Response(JSON.stringify({ status, code, detail: code }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });

let answers: (() => Response | Promise<Response>)[];
let calls: Request[];

beforeEach(() => {
  answers = [];
  calls = [];
  vi.stubGlobal('fetch', async (input: Request | string) => {
    calls.push(input instanceof Request ? input : new Request(new URL(input, location.href)));
    const next = answers.shift();
    if (!next) throw new TypeError('Failed to fetch');
    return next();
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  noteAnswer();
  forgetWorkspace();
});

const url = (path: string): string => new URL(path, location.href).href;
const post = (body: string): RequestInit => ({ method: 'POST', body });

it('names the workspace with every call', async () => {
  chooseWorkspace('ws_1');
  answers.push(() => new Response('{}'));
  await send(url('/api/v1/keys'));
  expect(calls[0]?.headers.get('Baton-Workspace')).toBe('ws_1');
});

it('waits for the person to sign in again and then sends the same once more', async () => {
  answers.push(() => problemAnswer(401, 'unauthorized'), () => new Response('done'));
  const sent = send(url('/api/v1/keys'), post('{"name":"ci"}'));
  await vi.waitFor(() => { expect(signInNeeded.get()).toBe(true); });
  settleSignIn(true);
  expect(await (await sent).text()).toBe('done');
  expect(await calls[1]?.text()).toBe('{"name":"ci"}');
  expect(signInNeeded.get()).toBe(false);
});

it('asks once for all calls that meet the end of the session', async () => {
  answers.push(() => problemAnswer(401, 'unauthorized'), () => problemAnswer(401, 'unauthorized'));
  answers.push(() => new Response('a'), () => new Response('b'));
  const both = Promise.all([send(url('/api/v1/keys')), send(url('/api/v1/leads'))]);
  await vi.waitFor(() => { expect(calls.length).toBe(2); });
  await vi.waitFor(() => { expect(signInNeeded.get()).toBe(true); });
  settleSignIn(true);
  expect(await Promise.all((await both).map((answer) => answer.text()))).toEqual(['a', 'b']);
});

it('gives up when the person leaves, and does not ask twice for one call', async () => {
  answers.push(() => problemAnswer(401, 'unauthorized'));
  const left = send(url('/api/v1/keys'));
  await vi.waitFor(() => { expect(signInNeeded.get()).toBe(true); });
  settleSignIn(false);
  await expect(left).rejects.toMatchObject({ status: 401 });

  answers.push(() => problemAnswer(401, 'unauthorized'), () => problemAnswer(401, 'unauthorized'));
  const again = send(url('/api/v1/keys'));
  await vi.waitFor(() => { expect(signInNeeded.get()).toBe(true); });
  settleSignIn(true);
  await expect(again).rejects.toMatchObject({ status: 401 });
});

it('takes a wrong password for an answer and not for the end of a session', async () => {
  answers.push(() => problemAnswer(401, 'sign_in_failed'));
  await expect(send(url('/api/v1/auth/sign-in'), post('{}'))).rejects.toMatchObject({ code: 'sign_in_failed' });
  expect(signInNeeded.get()).toBe(false);
});

it('notes that Baton is gone, and that it is back', async () => {
  await expect(send(url('/api/v1/keys'))).rejects.toBeInstanceOf(Problem);
  expect(reach.get().gone).toBe(true);
  answers.push(() => new Response('{}'));
  await send(url('/api/v1/keys'));
  expect(reach.get().gone).toBe(false);
});

it('leaves a call alone that was called off', async () => {
  const abort = new AbortController();
  abort.abort();
  await expect(send(url('/api/v1/keys'), { signal: abort.signal })).rejects.not.toBeInstanceOf(Problem);
  expect(reach.get().gone).toBe(false);
});
