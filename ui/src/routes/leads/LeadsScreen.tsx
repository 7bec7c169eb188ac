import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Inbox } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { campaignsQuery, type Lead, sourcesQuery, tagsQuery } from '@/api/inbox';
import { useCan } from '@/api/use-me';
import { DataTable } from '@/components/DataTable';
import { RetryDialog } from '@/components/delivery/RetryDialog';
import { EmptyState } from '@/components/EmptyState';
import { type Filter, FilterBar, hasFilters } from '@/components/FilterBar';
import { Page } from '@/components/Page';
import { RowLink } from '@/components/RowLink';
import { SavedViews } from '@/components/SavedViews';
import { SplitPanel } from '@/components/SplitPanel';
import { Pill, StatusDot } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import { useSelection } from '@/components/use-selection';
import { leadStates } from '@/words';
import { BulkBar } from './BulkBar';
import { columnsFor, leadName } from './columns';
import { ExportMenu } from './ExportMenu';
import { failedOf } from './failed';
import { filtersOf, isLeadId, narrowing, replacing, SEARCH_CHARS_MIN } from './filters';
import { LeadPanel } from './LeadPanel';
import { ListLine } from './ListLine';
import { leadsRoute } from './route';
import { ROWS_MAX, useLeads } from './use-leads';
import { useStatuses } from './use-statuses';
import classes from './LeadsScreen.module.css';

/** The inbox. */
export default function LeadsScreen() {
  const search = leadsRoute.useSearch();
  const navigate = useNavigate({ from: leadsRoute.fullPath });
  const roomy = useMediaQuery('(min-width: 1240px)') ?? true;
  const { filters, names } = useFilters();
  const list = useLeads(search, names);
  const { rows, state } = list;
  const selection = useSelection(rows?.map((lead) => lead.id));
  const [resending, setResending] = useState<Lead>();
  const canUpdate = useCan('leads:update');
  const canResend = useCan('deliveries:write');
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  // Another question begins at its top; looking up one lead by its id opens it.
  const filter = (patch: Record<string, string | undefined>): void => {
    const id = patch.q?.trim();
    if (id !== undefined && isLeadId(id)) go({ open: id, q: undefined });
    else go({ ...patch, before: undefined });
  };
  useLookFurther(list);
  const open = search.open;
  const opened = rows?.find((lead) => lead.id === open);
  const chosen = rows?.filter((lead) => selection.selected.has(lead.id)) ?? [];
  const rest = rows !== undefined && rows.length >= ROWS_MAX ? state.data?.pages.at(-1)?.next : undefined;
  const filtered = hasFilters(narrowing(search));
  return (
    <Page
      wide
      title="Leads"
      actions={
        <>
          <SavedViews screen="leads" query={filtersOf(search)} onChoose={(query) => { go(replacing({ ...query })); }} />
          <ExportMenu search={search} />
        </>
      }
    >
      <FilterBar filters={filters} values={search} onChange={filter} />
      {search.q !== undefined && search.q.trim().length < SEARCH_CHARS_MIN && (
        <p className={classes.hint}>Text is searched for from {SEARCH_CHARS_MIN} characters on.</p>
      )}
      <SplitPanel
        title={opened ? `Lead ${leadName(opened)}` : 'Lead'}
        onClose={() => { go({ open: undefined, tab: undefined }); }}
        panel={open === undefined ? undefined : <LeadPanel key={open} id={open} tab={search.tab} onTab={(tab) => { go({ tab }); }} />}
        list={
          <>
            {chosen.length > 0 ? (
              <BulkBar leads={chosen} onClear={selection.clear} />
            ) : (
              <ListLine list={list} before={search.before} onNewest={() => { go({ before: undefined }); }} />
            )}
            <DataTable
              label="Leads"
              columns={columnsFor(roomy)}
              rows={rows}
              rowKey={(lead) => lead.id}
              rowName={leadName}
              state={state}
              narrow={open !== undefined}
              openKey={open}
              isDim={(lead) => lead.state === 'erased'}
              {...(canUpdate || canResend ? { selected: selection.selected, onSelect: selection.select } : {})}
              onOpen={(lead) => { go({ open: lead.id }); }}
              {...(canResend
                ? {
                    onResend: (lead: Lead) => {
                      if (failedOf([lead]).length > 0) setResending(lead);
                      else toast(`Nothing of ${leadName(lead)} has failed`);
                    },
                  }
                : {})}
              link={(lead, children) => (
                <RowLink to="/leads" search={(old) => ({ ...old, open: lead.id })}>
                  {children}
                </RowLink>
              )}
              empty={<Empty filtered={filtered} />}
              onClearFilters={filtered ? () => { go(replacing({})); } : undefined}
              more={{
                has: state.hasNextPage && rest === undefined,
                loading: state.isFetchingNextPage,
                load: () => void state.fetchNextPage(),
              }}
            />
            {rest !== undefined && (
              <p className={classes.rest}>
                {ROWS_MAX} leads are shown.{' '}
                <Button variant="default" size="xs" onClick={() => { go({ before: rest, open: undefined }); window.scrollTo({ top: 0 }); }}>
                  Go on from here
                </Button>
              </p>
            )}
          </>
        }
      />
      {resending && (
        <RetryDialog
          wish={{ ids: failedOf([resending]).map((delivery) => delivery.id) }}
          what={`of ${leadName(resending)}`}
          risky={failedOf([resending]).some((delivery) => delivery.state === 'unknown')}
          onClose={() => { setResending(undefined); }}
        />
      )}
    </Page>
  );
}

function Empty({ filtered }: { filtered: boolean }): ReactNode {
  const canConfig = useCan('config:read');
  if (filtered) return null;
  return (
    <EmptyState
      icon={Inbox}
      title="No leads yet"
      action={
        canConfig && (
          <Button component={Link} to="/sources" variant="default">
            See where to post them
          </Button>
        )
      }
    >
      Leads appear here the moment they come. Each source has an address and a line to try it with.
    </EmptyState>
  );
}

/** How many pages without a hit are looked through before the person is asked, each time. */
const EMPTY_PAGES_MAX = 20;

/** A page of a rare filter can be empty and not be the last. */
function useLookFurther({ rows, state }: ReturnType<typeof useLeads>): void {
  const { hasNextPage, isFetching, fetchNextPage } = state;
  const pages = state.data?.pages.length ?? 0;
  const further = rows?.length === 0 && hasNextPage && !isFetching && pages % EMPTY_PAGES_MAX !== 0;
  useEffect(() => {
    if (further) void fetchNextPage();
  }, [further, fetchNextPage, pages]);
}

/** The filters with what can be chosen, and the names of what they name by id. */
function useFilters(): { filters: Filter[]; names: Parameters<typeof useLeads>[1] } {
  const canConfig = useCan('config:read');
  const { data: campaigns = [] } = useQuery({ ...campaignsQuery, enabled: canConfig });
  const { data: sources = [] } = useQuery({ ...sourcesQuery, enabled: canConfig });
  const { data: tags = [] } = useQuery({ ...tagsQuery, retry: false });
  const statuses = useStatuses();
  const filters: Filter[] = [
    { key: 'q', kind: 'search', label: 'Search leads', placeholder: 'Name, e-mail, phone, id' },
    {
      key: 'state',
      kind: 'many',
      label: 'State',
      options: Object.entries(leadStates).map(([value, { label, tone }]) => ({ value, label, mark: <Pill bare tone={tone} label="" /> })),
    },
    { key: 'campaign', kind: 'one', label: 'Campaign', options: campaigns.map(({ id, name }) => ({ value: id, label: name })) },
    { key: 'source', kind: 'one', label: 'Source', options: sources.map(({ id, name }) => ({ value: id, label: name })) },
    { key: 'status', kind: 'one', label: 'Status', options: statuses.map(({ name, label }) => ({ value: name, label, mark: <StatusDot value={name} /> })) },
    { key: 'tag', kind: 'one', label: 'Tag', options: tags.map((tag) => ({ value: tag, label: tag })) },
    { key: 'since', until: 'until', kind: 'dates', label: 'Received' },
    { key: 'test', kind: 'toggle', label: 'Show tests' },
    { key: 'partial', kind: 'toggle', label: 'Show partial' },
  ];
  const names = {
    campaign: (id: string) => campaigns.find((campaign) => campaign.id === id)?.reference ?? undefined,
    source: (id: string) => sources.find((source) => source.id === id)?.name,
  };
  return { filters, names };
}
