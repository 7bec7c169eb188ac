import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** `row` is the reason whose deliveries are in the panel, as `rowKey` of api.ts writes it. */
export const reportsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'reports',
  validateSearch: textSearch('from', 'to', 'campaign', 'destination', 'row'),
  component: lazyRouteComponent(() => import('./ReportsScreen')),
});
