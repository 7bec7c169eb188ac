import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Plus, Split } from 'lucide-react';
import { campaignList } from '@/api/campaigns';
import { connectorList, type Destination, destinationList } from '@/api/destinations';
import { useLive } from '@/api/use-live';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { FilterBar, hasFilters } from '@/components/FilterBar';
import { LinkButton } from '@/components/LinkButton';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { Pill } from '@/components/StatusPill';
import { switchStates, wordOf } from '@/words';
import { destinationsRoute } from './route';
import { addressOf, connectorName, stateOf } from './show';

/** Destinations: who gets the leads. */
export default function DestinationsScreen() {
  const search = destinationsRoute.useSearch();
  const navigate = useNavigate({ from: destinationsRoute.fullPath });
  const canWrite = useCan('config:write');
  const list = destinationList(search.campaign);
  const query = useQuery(list);
  useLive(list.queryKey, ['destination.disabled']);
  const { data: campaigns } = useQuery(campaignList);
  const { data: connectors } = useQuery(connectorList);
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  const word = search.q?.toLowerCase() ?? '';
  const rows = query.data?.filter(
    (row) =>
      (search.connector === undefined || row.connector === search.connector) &&
      (search.state === undefined || stateOf(row) === search.state) &&
      `${row.name} ${addressOf(row)}`.toLowerCase().includes(word),
  );
  const add = canWrite ? (
    <LinkButton to="/destinations/new" search={{ campaign: search.campaign }} leftSection={<Plus size={15} />}>
      New destination
    </LinkButton>
  ) : undefined;
  return (
    <Page wide title="Destinations" intro="Who gets the leads of a campaign, how, and what their answers mean." actions={add}>
      <FilterBar
        filters={[
          { key: 'q', kind: 'search', label: 'Search destinations', placeholder: 'Name or address' },
          {
            key: 'campaign',
            kind: 'one',
            label: 'Campaign',
            options: (campaigns ?? []).map((one) => ({ value: one.id, label: one.name })),
          },
          {
            key: 'connector',
            kind: 'one',
            label: 'Connector',
            options: (connectors ?? []).map((one) => ({ value: one.name, label: connectorName(one.name) })),
          },
          {
            key: 'state',
            kind: 'one',
            label: 'State',
            options: ['on', 'off', 'backup'].map((value) => ({ value, label: wordOf(switchStates, value).label })),
          },
        ]}
        values={search}
        onChange={go}
      />
      <DataTable
        label="Destinations"
        columns={columns(new Map((campaigns ?? []).map((one) => [one.id, one.name])))}
        rows={rows}
        rowKey={(row) => row.id}
        state={query}
        isDim={(row) => row.disabled != null}
        onOpen={(row) => void navigate({ to: '/destinations/$id', params: { id: row.id } })}
        link={(row, children) => (
          <RowLink to="/destinations/$id" params={{ id: row.id }}>
            {children}
          </RowLink>
        )}
        onClearFilters={
          hasFilters({ q: search.q, campaign: search.campaign, connector: search.connector, state: search.state })
            ? () => { go({ q: undefined, campaign: undefined, connector: undefined, state: undefined }); }
            : undefined
        }
        empty={
          <EmptyState icon={Split} title="No destinations yet" action={add}>
            A destination is a receiver of a campaign’s leads: a CRM, a buyer’s lead system, or any address that takes
            a post.
          </EmptyState>
        }
      />
    </Page>
  );
}

function columns(campaigns: ReadonlyMap<string, string>): Column<Destination>[] {
  return [
    { id: 'name', header: 'Name', card: 'title', cell: (row) => row.name },
    { id: 'connector', header: 'Connector', width: '130px', card: 'line', cell: (row) => connectorName(row.connector) },
    {
      id: 'campaign',
      header: 'Campaign',
      card: 'line',
      cell: (row) => <span className="bt-cut">{campaigns.get(row.campaign_id) ?? ''}</span>,
    },
    { id: 'address', header: 'Sends to', cell: (row) => <span className="bt-cut bt-dim">{addressOf(row)}</span> },
    {
      id: 'state',
      header: 'State',
      width: '140px',
      card: 'side',
      cell: (row) => {
        const word = wordOf(switchStates, stateOf(row));
        return <Pill tone={word.tone} label={word.label} title={row.disabled ?? word.means} />;
      },
    },
    { id: 'updated', header: 'Changed', width: '110px', cell: (row) => <RelativeTime at={row.updated_at} /> },
  ];
}
