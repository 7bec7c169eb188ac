import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';
import { FILTER_KEYS } from './filters';

/** The inbox: its filters, the lead that is `open` in the panel, and the `tab` of that. */
export const leadsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'leads',
  validateSearch: textSearch(...FILTER_KEYS, 'open', 'tab'),
  component: lazyRouteComponent(() => import('./LeadsScreen')),
});

/** A lead on a page of its own. */
export const leadRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'leads/$id',
  validateSearch: textSearch('tab'),
  component: lazyRouteComponent(() => import('./LeadScreen')),
});
