import type { QueryClient } from '@tanstack/react-query';
import { createRoute, redirect } from '@tanstack/react-router';
import { authState, type Me, me } from '@/api/accounts';
import { asProblem } from '@/api/problem';
import { chooseWorkspace, forgetWorkspace, settleSignIn, workspace } from '@/api/session';
import { Shell } from '@/app/Shell';
import { rootRoute } from './root';

/** The frame of all screens for which somebody must be signed in. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: async ({ context, search, location }) => {
    if (search.ws !== undefined && search.ws !== workspace.get()) {
      chooseWorkspace(search.ws);
      context.queryClient.clear();
    }
    const person = await whoIs(context.queryClient, location.href);
    const several = (person.workspaces?.length ?? 0) > 1;
    if (workspace.get() !== person.workspace_id) chooseWorkspace(person.workspace_id);
    if (several && search.ws !== person.workspace_id) {
      throw redirect({ to: '.', search: (old) => ({ ...old, ws: person.workspace_id }), replace: true });
    }
  },
  component: Shell,
});

async function whoIs(queryClient: QueryClient, from: string): Promise<Me> {
  const known = queryClient.getQueryData(me.queryKey);
  if (known) return known;
  try {
    return await queryClient.query({ ...me, retry: (_, thrown) => asProblem(thrown).isGone });
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (problem.status === 401) {
      settleSignIn(false);
      const state = await queryClient.query({ ...authState, retry: false });
      if (state.setup_needed) throw redirect({ to: '/setup' });
      throw redirect({ to: '/sign-in', search: from === '/' ? {} : { next: from } });
    }
    // A workspace that was left, or a link by somebody else: the first one of the person's own.
    if ((problem.status === 403 || problem.status === 404) && workspace.get() !== undefined) {
      forgetWorkspace();
      throw redirect({ to: '.', search: (old) => ({ ...old, ws: undefined }), replace: true });
    }
    throw thrown;
  }
}
