import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** `new` is the form for another one. */
export const webhooksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks',
  validateSearch: textSearch('new'),
  component: lazyRouteComponent(() => import('./WebhooksScreen')),
});

export const webhookRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks/$id',
  component: lazyRouteComponent(() => import('./WebhookScreen')),
});
