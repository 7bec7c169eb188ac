import { type InfiniteData, infiniteQueryOptions, keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { type Lead, listLeads } from '@/api/inbox';
import { makeStore, type Store, useStore } from '@/api/store';
import { useStreamEvents } from '@/api/use-live';
import { type LeadQuery, type LeadSearch, queryOf } from './filters';
import { belongs, CHANGING, COMING, type Names, told, withNew } from './new-leads';

/** Rows of a page. */
const PAGE_ROWS = 50;
/** Rows that are held at once; further down is a list of its own. */
export const ROWS_MAX = 200;
/** At most so often are the rows loaded again, however many of them change. */
const AGAIN_MS = 1_500;
/** What no event tells, such as a retry, is looked for so often while there is one page. */
const LOOK_EVERY_MS = 15_000;

const NONE: ReadonlySet<string> = new Set();

interface Page {
  rows: Lead[];
  next: string | undefined;
}

/**
 * The list. Loading it again never brings newer leads than it had: they would move the rows under
 * the pointer. A greater `round` begins at the newest again.
 */
function leadList(query: LeadQuery, round: number) {
  return infiniteQueryOptions({
    queryKey: ['leads', 'list', query, round],
    queryFn: async ({ pageParam, signal, client }): Promise<Page> => {
      const had = client.getQueryData<InfiniteData<Page>>(['leads', 'list', query, round]);
      const asked = { ...query, limit: PAGE_ROWS };
      const page = await listLeads(pageParam === undefined ? { ...asked, ...pinned(query, had) } : { ...asked, cursor: pageParam }, signal);
      return { rows: page.data, next: page.next_cursor ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? LOOK_EVERY_MS : false),
  });
}

/** The instant behind the newest row, as the end of what is asked for. */
function pinned(query: LeadQuery, had: InfiniteData<Page> | undefined): LeadQuery {
  const newest = had?.pages[0]?.rows[0];
  if (!newest) return {};
  const end = new Date(Date.parse(newest.created_at) + 1).toISOString();
  return query.until !== undefined && query.until < end ? {} : { until: end };
}

/** Leads that came since a list was loaded; `about` says which list. */
interface Came {
  about: string;
  ids: ReadonlySet<string>;
}

export interface LeadList {
  rows: Lead[] | undefined;
  state: ReturnType<typeof useInfiniteQuery<Page, Error, InfiniteData<Page>>>;
  about: string;
  /** Apart from the list: a lead that comes and is not shown draws no row again. */
  came: Store<Came>;
  /** Shows them: the list begins at the newest again. */
  showFresh: () => void;
}

/** The inbox's rows, kept up to date by the stream. */
export function useLeads(search: LeadSearch, names: Names): LeadList {
  const query = queryOf(search);
  const about = JSON.stringify(query);
  const [round, setRound] = useState(0);
  const [came] = useState(() => makeStore<Came>({ about, ids: NONE }));
  const options = leadList(query, round);
  const state = useInfiniteQuery(options);
  const rows = state.data?.pages.flatMap((page) => page.rows);
  const again = useAgain(options.queryKey);
  const isEmpty = rows?.length === 0;
  useStreamEvents([...new Set([...COMING, ...CHANGING])], (event) => {
    const lead = told(event);
    if (!lead || !rows) return;
    if (rows.some((row) => row.id === lead.id)) again();
    else if (belongs(lead, search, names)) {
      // Nothing is there that could move.
      if (isEmpty) again();
      else came.set({ about, ids: withNew(of(came.get(), about), lead.id) });
    }
  });
  return {
    rows,
    state,
    about,
    came,
    showFresh: () => {
      came.set({ about, ids: NONE });
      setRound(round + 1);
    },
  };
}

const of = (came: Came, about: string): ReadonlySet<string> => (came.about === about ? came.ids : NONE);

/** How many leads came since the list was loaded, and are not shown. */
export function useFresh({ came, about }: LeadList): number {
  return of(useStore(came), about).size;
}

/** Loads a query again: soon after the first call, and not more often than every 1.5 s. */
function useAgain(queryKey: readonly unknown[]): () => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const key = useRef(queryKey);
  useEffect(() => {
    key.current = queryKey;
  });
  useEffect(() => () => {
    clearTimeout(timer.current);
  }, []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: key.current, exact: true });
    }, AGAIN_MS);
  };
}
