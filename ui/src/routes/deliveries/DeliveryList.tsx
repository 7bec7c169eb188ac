import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import { useState } from 'react';
import { type Delivery, listDeliveries } from '@/api/inbox';
import { useLive } from '@/api/use-live';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { ResendDialog } from '@/components/delivery/ResendDialog';
import { attemptsMax, type Targets, useTargets } from '@/components/delivery/targets';
import { EmptyState } from '@/components/EmptyState';
import { type Filter, FilterBar, hasFilters } from '@/components/FilterBar';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { SavedViews } from '@/components/SavedViews';
import { SplitPanel } from '@/components/SplitPanel';
import { Mark, Pill, StatusPill } from '@/components/StatusPill';
import { deliveryStates, verdicts } from '@/words';
import { DeliveryPanel } from './DeliveryPanel';
import { type DeliverySearch, filtersOf, queryOf, replacing } from './filters';
import { deliveriesRoute } from './route';
import classes from './DeliveriesScreen.module.css';

const PAGE_ROWS = 50;
const ROWS_MAX = 200;
/** What begins a delivery, and what ends one. */
const MOVING = ['lead.created', 'lead.completed', 'delivery.succeeded', 'delivery.rejected', 'delivery.failed'];
/** How often the list is loaded again while leads stream in: rows that move faster cannot be read. */
const LIVE_EVERY_MS = 4_000;
/** Attempts in between come without events. */
const LOOK_EVERY_MS = 60_000;

function useDeliveries(search: DeliverySearch) {
  const query = queryOf(search);
  const queryKey = ['deliveries', 'list', query];
  const list = useInfiniteQuery({
    queryKey,
    queryFn: async ({ pageParam, signal }) => {
      const page = await listDeliveries({ ...query, limit: PAGE_ROWS, ...(pageParam === undefined ? {} : { cursor: pageParam }) }, signal);
      return { rows: page.data, next: page.next_cursor ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? LOOK_EVERY_MS : false),
  });
  // Rows that somebody has paged to stay where they are.
  useLive(queryKey, MOVING, { everyMs: LIVE_EVERY_MS, enabled: list.data?.pages.length === 1 && search.before === undefined });
  return list;
}

/** All deliveries, newest first. */
export function DeliveryList() {
  const search = deliveriesRoute.useSearch();
  const navigate = useNavigate({ from: deliveriesRoute.fullPath });
  const [resending, setResending] = useState<Delivery>();
  const canResend = useCan('deliveries:write');
  const query = useDeliveries(search);
  const rows = query.data?.pages.flatMap((page) => page.rows);
  const targets = useTargets(rows?.some((row) => row.webhook_id != null));
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  const filters = filtersOf(search);
  const filtered = hasFilters(filters);
  const rest = rows !== undefined && rows.length >= ROWS_MAX ? query.data?.pages.at(-1)?.next : undefined;
  return (
    <>
      <FilterBar filters={filtersFor(targets, search)} values={search} onChange={(patch) => { go({ ...patch, before: undefined }); }}>
        <SavedViews screen="deliveries" query={filters} onChoose={(chosen) => { go(replacing({ ...chosen })); }} />
      </FilterBar>
      <SplitPanel
        title="Delivery"
        onClose={() => { go({ open: undefined }); }}
        panel={search.open === undefined ? undefined : <DeliveryPanel key={search.open} id={search.open} />}
        list={
          <DataTable
            label="Deliveries"
            columns={columnsFor(targets)}
            rows={rows}
            rowKey={(row) => row.id}
            rowName={(row) => targets.nameOf(row)}
            state={query}
            narrow={search.open !== undefined}
            openKey={search.open}
            onOpen={(row) => { go({ open: row.id }); }}
            {...(canResend ? { onResend: setResending } : {})}
            link={(row, children) => (
              <RowLink to="/deliveries" search={(old) => ({ ...old, open: row.id })}>
                {children}
              </RowLink>
            )}
            empty={
              <EmptyState icon={Send} title="Nothing was delivered yet">
                Every lead that is handed on to a destination or a webhook shows here.
              </EmptyState>
            }
            onClearFilters={filtered ? () => { go(replacing({})); } : undefined}
            more={{
              has: query.hasNextPage,
              loading: query.isFetchingNextPage,
              load: () => {
                if (rest === undefined) void query.fetchNextPage();
                else go({ before: rest, open: undefined });
              },
            }}
          />
        }
      />
      {resending && <ResendDialog delivery={resending} name={targets.nameOf(resending)} onClose={() => { setResending(undefined); }} />}
    </>
  );
}

function filtersFor(targets: Targets, search: DeliverySearch): Filter[] {
  const options = (words: typeof deliveryStates) =>
    Object.entries(words).map(([value, { label, tone }]) => ({ value, label, mark: <Pill bare tone={tone} label="" /> }));
  return [
    { key: 'state', kind: 'one', label: 'State', options: options(deliveryStates) },
    { key: 'destination', kind: 'one', label: 'Destination', options: targets.all.map(({ id, name }) => ({ value: id, label: name })) },
    { key: 'verdict', kind: 'one', label: 'Verdict', options: options(verdicts) },
    { key: 'since', until: 'until', kind: 'dates', label: 'Made' },
    // Set by links from the groups of failures, so they show only then.
    ...(search.note === undefined ? [] : [{ key: 'note', kind: 'one', label: 'Error', options: [{ value: search.note, label: search.note }] } as const]),
    ...(search.resent === undefined
      ? []
      : [{ key: 'resent', kind: 'one', label: 'Resent', options: [{ value: 'false', label: 'No' }, { value: 'true', label: 'Yes' }] } as const]),
  ];
}

function columnsFor(targets: Targets): Column<Delivery>[] {
  return [
    { id: 'made', header: 'Made', width: '92px', card: 'line', cell: (row) => <RelativeTime past at={row.created_at} /> },
    {
      id: 'to',
      header: 'To',
      card: 'title',
      cell: (row) => (
        <>
          <bdi className="bt-cut">{targets.nameOf(row)}</bdi> {row.cause !== 'lead' && row.cause !== 'event' && <Mark>{causeText(row.cause)}</Mark>}
        </>
      ),
    },
    { id: 'state', header: 'State', width: '130px', card: 'side', cell: (row) => <StatusPill kind="delivery" value={row.state} /> },
    {
      id: 'verdict',
      header: 'Verdict',
      width: '150px',
      optional: true,
      card: 'line',
      cell: (row) => (row.verdict == null ? <span className="bt-dim">—</span> : <StatusPill kind="verdict" value={row.verdict} bare />),
    },
    { id: 'attempts', header: 'Attempts', width: '86px', align: 'right', cell: (row) => tried(row, targets) },
    { id: 'next', header: 'Next', width: '92px', optional: true, cell: (row) => <RelativeTime at={row.next_attempt_at} /> },
    {
      id: 'lead',
      header: 'Lead',
      width: '104px',
      optional: true,
      cell: (row) =>
        row.lead_id == null ? (
          <span className="bt-dim">—</span>
        ) : (
          <Link to="/leads/$id" params={{ id: row.lead_id }} search={{}} data-above="" className={classes.leadLink}>
            …{row.lead_id.slice(-8)}
          </Link>
        ),
    },
  ];
}

function tried(row: Delivery, targets: Targets): string {
  const most = attemptsMax(targets.destination(row.destination_id));
  return most === undefined || row.attempts > most ? String(row.attempts) : `${String(row.attempts)} / ${String(most)}`;
}

const causeText = (cause: string): string => ({ failover: 'Failover', linked: 'Linked', resend: 'Resend' })[cause] ?? cause;
