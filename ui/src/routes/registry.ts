import { createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { NoSuchPage, PageProblem } from '@/app/PageProblem';
import { makeQueryClient } from '@/api/query';
import { auditRoute } from './audit/route';
import { accountRoute, invitationRoute, setupRoute, signInRoute } from './auth/route';
import { deliveriesRoute, deliveryRoute } from './deliveries/route';
import { campaignRoute, campaignsRoute } from './campaigns/route';
import { destinationRoute, destinationsRoute, newDestinationRoute } from './destinations/route';
import { keysRoute } from './keys/route';
import { leadRoute, leadsRoute } from './leads/route';
import { importRoute, importsRoute } from './import/route';
import { reportsRoute } from './reports/route';
import { rootRoute } from './root';
import { parseSearch, stringifySearch } from './search';
import { settingsRoute } from './settings/route';
import { shellRoute } from './shell';
import { sourceRoute, sourcesRoute } from './sources/route';
import { usersRoute } from './users/route';
import { webhookRoute, webhooksRoute } from './webhooks/route';

// All routes. A new screen is
//   routes/<screen>/route.ts         its path and its search (`textSearch('q', 'state')`), and its
//                                    component, loaded when first seen:
//                                    lazyRouteComponent(() => import('./<Screen>Screen'))
//   routes/<screen>/<Screen>Screen.tsx   the screen, as the default export; what else it needs
//                                    lies beside it
// and its two lines here. `keys` is the example. The navigation shows an item of
// app/navigation.ts as soon as its path is here. A thing's own page is `/<screen>/$id`; the global
// search opens ids there. What a screen needs of others it links to: it imports nothing of theirs.

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./home/HomeScreen')),
});

/** Every other address, for who is signed in: the frame stays, so that there is a way on. */
const nowhereRoute = createRoute({ getParentRoute: () => shellRoute, path: '$', component: NoSuchPage });

const routeTree = rootRoute.addChildren([
  signInRoute,
  setupRoute,
  invitationRoute,
  shellRoute.addChildren([
    homeRoute,
    accountRoute,

    // work
    leadsRoute,
    leadRoute,
    deliveriesRoute,
    deliveryRoute,
    reportsRoute,

    // set-up
    campaignsRoute,
    campaignRoute,
    sourcesRoute,
    sourceRoute,
    destinationsRoute,
    newDestinationRoute,
    destinationRoute,
    webhooksRoute,
    webhookRoute,
    importsRoute,
    importRoute,

    // administration
    keysRoute,
    usersRoute,
    auditRoute,
    settingsRoute,

    nowhereRoute,
  ]),
]);

export const queryClient = makeQueryClient();

export const router = createRouter({
  routeTree,
  basepath: '/admin',
  context: { queryClient },
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  defaultPreload: 'intent',
  // Loading is the business of queries, with their skeletons; a route only loads its code.
  defaultPreloadStaleTime: 0,
  defaultPendingMs: 300,
  defaultErrorComponent: PageProblem,
  defaultNotFoundComponent: NoSuchPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
