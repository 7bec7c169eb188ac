import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** `open` is the key in the panel, `new` the form for another one, `show=all` the revoked ones too. */
export const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'keys',
  validateSearch: textSearch('open', 'new', 'show'),
  component: lazyRouteComponent(() => import('./KeysScreen')),
});
