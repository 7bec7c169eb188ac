import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** The list; `new` is the dialog for another one, of the campaign it names when it names one. */
export const sourcesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'sources',
  validateSearch: textSearch('q', 'campaign', 'kind', 'new'),
  component: lazyRouteComponent(() => import('./SourcesScreen')),
});

/** `lang` is the snippet that is shown. */
export const sourceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'sources/$id',
  validateSearch: textSearch('lang'),
  component: lazyRouteComponent(() => import('./SourceScreen')),
});
