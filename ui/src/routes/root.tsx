import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, retainSearchParams } from '@tanstack/react-router';
import { Root } from '@/app/Root';
import { textSearch } from './search';

/** The root of all routes. `ws` names the workspace when the person has several, so links keep it. */
export const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  validateSearch: textSearch('ws'),
  search: { middlewares: [retainSearchParams(['ws'])] },
  component: Root,
});
