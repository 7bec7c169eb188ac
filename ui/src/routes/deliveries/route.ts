import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';
import { FILTER_KEYS } from './filters';

/** What failed, in groups; with `view=all` the plain list, its filters, and the delivery that is open. */
export const deliveriesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'deliveries',
  validateSearch: textSearch('view', 'open', ...FILTER_KEYS),
  component: lazyRouteComponent(() => import('./DeliveriesScreen')),
});

/** A delivery on a page of its own. */
export const deliveryRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'deliveries/$id',
  validateSearch: textSearch(),
  component: lazyRouteComponent(() => import('./DeliveryScreen')),
});
