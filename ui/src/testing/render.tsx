import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from '@tanstack/react-router';
import { act, render, type RenderResult } from '@testing-library/react';
import type { ReactNode } from 'react';
import { type Me, me } from '@/api/accounts';
import { listenToKeys } from '@/app/keyboard';
import { theme } from '@/app/theme';
import { parseSearch, stringifySearch } from '@/routes/search';

/**
 * Shows something as the frame would: theme, queries, a router at `/`, and the keys. Other addresses
 * show their own path, so that a test can see where a link led.
 */
export async function show(
  content: ReactNode,
  { at = '/', person }: { at?: string; /** Who is signed in. */ person?: Me } = {},
): Promise<RenderResult & { stop: () => void }> {
  const root = createRootRoute({ component: Outlet });
  const home = createRoute({ getParentRoute: () => root, path: '/', component: () => content });
  const other = createRoute({
    getParentRoute: () => root,
    path: '$',
    component: () => <p>at {location.pathname}</p>,
  });
  const router = createRouter({
    routeTree: root.addChildren([home, other]),
    history: createMemoryHistory({ initialEntries: [at] }),
    parseSearch,
    stringifySearch,
  });
  const stop = listenToKeys();
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  if (person) client.setQueryData(me.queryKey, person);
  const shown = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={client}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  await act(() => router.load());
  return { ...shown, stop };
}
