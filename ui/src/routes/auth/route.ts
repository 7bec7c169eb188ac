import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../root';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'sign-in',
  validateSearch: textSearch('next'),
  component: lazyRouteComponent(() => import('./SignInScreen')),
});

/** The token is in the fragment, which no server and no log gets to see. */
export const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'setup',
  component: lazyRouteComponent(() => import('./SetupScreen')),
});

/** As with the set-up, the token is in the fragment. */
export const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'invitation',
  component: lazyRouteComponent(() => import('./InvitationScreen')),
});

export const accountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'account',
  component: lazyRouteComponent(() => import('../account/AccountScreen')),
});
