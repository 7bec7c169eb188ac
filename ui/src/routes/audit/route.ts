import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { textSearch } from '../search';
import { shellRoute } from '../shell';

/** `open` is the line in the panel. */
export const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'audit',
  validateSearch: textSearch('actor', 'action', 'subject', 'open'),
  component: lazyRouteComponent(() => import('./AuditScreen')),
});
