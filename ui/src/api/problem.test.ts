import { describe, expect, it } from 'vitest';
import { asProblem, gone, Problem, readProblem, sentence } from './problem';

const answer = (status: number, body: string, headers: Record<string, string>): Response =>
  new Response(body, { status, headers });

describe('readProblem', () => {
  it('reads what the API says', async () => {
    const body = JSON.stringify({
      status: 422,
      code: 'validation_failed',
      detail: 'name: must not be empty',
      errors: [{ field: 'name', code: 'required', message: 'must not be empty' }, { odd: 1 }],
      request_id: 'r-1',
      duplicate_of: 'lead_1',
    });
    const problem = await readProblem(answer(422, body, { 'content-type': 'application/problem+json', 'retry-after': '7' }));
    expect(problem).toMatchObject({ status: 422, code: 'validation_failed', requestId: 'r-1', retryAfter: 7 });
    expect(problem.byField()).toEqual({ name: 'Must not be empty.' });
    expect(problem.body.duplicate_of).toBe('lead_1');
    expect(problem.isGone).toBe(false);
  });

  it.each([
    [502, '<html>Bad gateway</html>', 'text/html', 'not_baton', true],
    [503, '', 'text/plain', 'not_baton', true],
    [404, '<html>', 'text/html', 'unreadable', false],
    [400, '{"no":"code"}', 'application/json', 'unreadable', false],
    [500, '{broken', 'application/problem+json', 'not_baton', true],
    [400, '[1]', 'application/json', 'unreadable', false],
  ])('never fails: %i %s', async (status, body, type, code, isGone) => {
    const problem = await readProblem(answer(status, body, { 'content-type': type, 'x-request-id': 'r-2' }));
    expect(problem).toMatchObject({ status, code, requestId: 'r-2', isGone });
  });

  it('takes a problem of the server itself as an answer', async () => {
    const body = JSON.stringify({ code: 'unavailable', detail: 'the database is away' });
    const problem = await readProblem(answer(503, body, { 'content-type': 'application/problem+json' }));
    expect(problem.isGone).toBe(false);
  });
});

it('makes a problem of anything thrown', () => {
  expect(asProblem(gone()).isGone).toBe(true);
  expect(asProblem(new Error('odd')).detail).toBe('odd');
  expect(asProblem('text').detail).toBe('text');
  expect(asProblem(new Error('odd'))).toBeInstanceOf(Problem);
});

it.each([
  ['must not be empty', 'Must not be empty.'],
  ['there is no such key', 'There is no such key.'],
  ['e-mail and password do not match', 'E-mail and password do not match.'],
  ['`Backup` gets it instead of `Old`', '“Backup” gets it instead of “Old”.'],
  ['Is it?', 'Is it?'],
  ['retry.schedule[0]: too long', 'retry.schedule[0]: too long.'],
  ['', ''],
])('writes the fragment "%s" as a sentence', (given, expected) => {
  expect(sentence(given)).toBe(expected);
});
