import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** The list; filters by campaign, connector, state and text. */
export const destinationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'destinations',
  validateSearch: textSearch('q', 'campaign', 'connector', 'state'),
  component: lazyRouteComponent(() => import('./DestinationsScreen')),
});

/** A new one: first its connector is chosen, then the form is filled. */
export const newDestinationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'destinations/new',
  validateSearch: textSearch('connector', 'campaign', 'tab', 'panel'),
  component: lazyRouteComponent(() => import('./NewDestinationScreen')),
});

/** One destination; `tab` is the part of the form, `panel=test` shows the test call beside it. */
export const destinationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'destinations/$id',
  validateSearch: textSearch('tab', 'panel'),
  component: lazyRouteComponent(() => import('./DestinationScreen')),
});
