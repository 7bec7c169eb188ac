import { expect, test } from 'vitest';
import { actionWords, differences, pageOf } from './api';

test('only what differs is told, by its path', () => {
  const check = (before: unknown, after: unknown, expected: [string, unknown, unknown][]): void => {
    expect(differences(before, after).map((one) => [one.path, one.before, one.after])).toEqual(expected);
  };
  check({ name: 'a', n: 1 }, { name: 'a', n: 1 }, []);
  check({ name: 'a' }, { name: 'b' }, [['name', 'a', 'b']]);
  check({ retry: { schedule: ['0s', '1m'] } }, { retry: { schedule: ['0s', '2m', '5m'] } }, [
    ['retry.schedule[1]', '1m', '2m'],
    ['retry.schedule[2]', undefined, '5m'],
  ]);
  check(null, { name: 'a', secret: '•••' }, [['name', undefined, 'a'], ['secret', undefined, '•••']]);
  check({ url: 'x' }, null, [['url', 'x', undefined]]);
  check({ a: [] }, { a: {} }, [['a', [], {}]]);
  check({ a: null }, { a: 'x' }, [['a', null, 'x']]);
});

test('odd keys and depths do not make it go wrong', () => {
  expect(differences({ __proto__x: 1 }, { constructor: 2 })).toHaveLength(2);
  let deep: unknown = 1;
  for (let at = 0; at < 50; at += 1) deep = { deep };
  expect(differences(deep, {}).length).toBe(1);
});

test('every action has words, also one nobody has heard of', () => {
  expect(actionWords('campaign.pause')).toBe('paused');
  expect(actionWords('user.sign_in')).toBe('signed in as');
  expect(actionWords('thing.do_something')).toBe('do something');
});

test('what was deleted has no page', () => {
  expect(pageOf({ subject_kind: 'webhook', subject_id: 'whk_1', action: 'webhook.update' })).toBe('/webhooks/whk_1');
  expect(pageOf({ subject_kind: 'webhook', subject_id: 'whk_1', action: 'webhook.delete' })).toBeUndefined();
  expect(pageOf({ subject_kind: 'user', subject_id: 'usr_1', action: 'user.role' })).toBeUndefined();
});
