import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** `new` is the form for another one. */
export const importsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'import',
  validateSearch: textSearch('new'),
  component: lazyRouteComponent(() => import('./ImportsScreen')),
});

export const importRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'import/$id',
  component: lazyRouteComponent(() => import('./ImportScreen')),
});
