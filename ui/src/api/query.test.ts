import { expect, it } from 'vitest';
import { gone, Problem } from './problem';
import { makeQueryClient } from './query';

const { retry, retryDelay } = makeQueryClient().getDefaultOptions().queries ?? {};
const again = (failed: number, thrown: Error): boolean => typeof retry === 'function' && retry(failed, thrown);
const wait = (failed: number, thrown: Error): number => (typeof retryDelay === 'function' ? retryDelay(failed, thrown) : -1);
const problem = (status: number, retryAfter?: number): Problem => new Problem({ status, code: 'x', detail: 'x', retryAfter });

it('asks a server that is gone until it is back, at growing intervals with an end', () => {
  expect(again(0, gone()) && again(1000, gone())).toBe(true);
  expect([0, 1, 2, 50].map((failed) => wait(failed, gone()))).toEqual([1000, 2000, 4000, 20_000]);
});

it('asks again twice after a fault of the server, and never after a no', () => {
  expect([0, 1, 2].map((failed) => again(failed, problem(500)))).toEqual([true, true, false]);
  expect([400, 403, 404, 409, 422].map((status) => again(0, problem(status)))).toEqual(Array(5).fill(false));
});

it('waits as long as the server asks for', () => {
  expect(wait(0, problem(429, 9))).toBe(9000);
});
