import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** `invite` is the form for an invitation. */
export const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'users',
  validateSearch: textSearch('invite'),
  component: lazyRouteComponent(() => import('./UsersScreen')),
});
