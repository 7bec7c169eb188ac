import { expect, it } from 'vitest';
import { everyPage, type PageQuery } from './pages';

it('reads page after page until there is no cursor', async () => {
  const asked: PageQuery[] = [];
  const rows = await everyPage((query) => {
    asked.push(query);
    const next = { a: 'b', b: null }[query.cursor ?? ''] ?? (query.cursor === undefined ? 'a' : null);
    return Promise.resolve({ data: [query.cursor ?? 'first'], next_cursor: next });
  });
  expect(rows).toEqual(['first', 'a', 'b']);
  expect(asked).toEqual([{ limit: 200 }, { limit: 200, cursor: 'a' }, { limit: 200, cursor: 'b' }]);
});

it('ends although the server never does', async () => {
  let pages = 0;
  await everyPage(() => {
    pages += 1;
    return Promise.resolve({ data: [], next_cursor: 'more' });
  });
  expect(pages).toBe(50);
});
