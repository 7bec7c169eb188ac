import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../shell';

export const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings',
  component: lazyRouteComponent(() => import('./SettingsScreen')),
});
