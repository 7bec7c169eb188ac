import { keepPreviousData, QueryClient } from '@tanstack/react-query';
import { asProblem } from './problem';
import { onBack } from './reach';

const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 20_000;
/** How often a call is made again that failed in the server, and not by its being gone. */
const RETRIES = 2;

/**
 * The conventions of all queries: rows stay while the next ones load, what was loaded a moment ago
 * is not loaded again, and a server that is gone is asked until it is back.
 */
export function makeQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        placeholderData: keepPreviousData,
        staleTime: 5_000,
        networkMode: 'always',
        refetchOnWindowFocus: true,
        retry: (failed, thrown) => {
          const problem = asProblem(thrown);
          if (problem.isGone) return true;
          return (problem.status >= 500 || problem.status === 429) && failed < RETRIES;
        },
        retryDelay: (failed, thrown) => {
          const asked = asProblem(thrown).retryAfter;
          const grown = Math.min(RETRY_FIRST_MS * 2 ** failed, RETRY_LONGEST_MS);
          return asked === undefined ? grown : Math.max(asked * 1000, grown);
        },
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  onBack(() => void client.invalidateQueries());
  return client;
}
