import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** The list; `new` is the dialog for another one. */
export const campaignsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'campaigns',
  validateSearch: textSearch('q', 'state', 'new'),
  component: lazyRouteComponent(() => import('./CampaignsScreen')),
});

export const campaignRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'campaigns/$id',
  component: lazyRouteComponent(() => import('./CampaignScreen')),
});
