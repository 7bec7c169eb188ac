import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Megaphone, Plus } from 'lucide-react';
import { type Campaign, campaignList } from '@/api/campaigns';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { FilterBar, hasFilters } from '@/components/FilterBar';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { Pill } from '@/components/StatusPill';
import { switchStates, wordOf } from '@/words';
import { duplicatesText } from './document';
import { NewCampaignDialog } from './NewCampaignDialog';
import { campaignsRoute } from './route';

/** Campaigns: what leads are about, and what they must say. */
export default function CampaignsScreen() {
  const search = campaignsRoute.useSearch();
  const navigate = useNavigate({ from: campaignsRoute.fullPath });
  const canWrite = useCan('config:write');
  const query = useQuery(campaignList);
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  const word = search.q?.toLowerCase() ?? '';
  const rows = query.data?.filter(
    (row) =>
      (search.state === undefined || stateOf(row) === search.state) &&
      `${row.name} ${row.reference ?? ''}`.toLowerCase().includes(word),
  );
  const add = canWrite ? (
    <Button leftSection={<Plus size={15} />} onClick={() => { go({ new: 'campaign' }); }}>
      New campaign
    </Button>
  ) : undefined;
  return (
    <Page wide title="Campaigns" intro="What a lead is about: its fields, who may come twice, and where it goes." actions={add}>
      <FilterBar
        filters={[
          { key: 'q', kind: 'search', label: 'Search campaigns', placeholder: 'Name or reference' },
          {
            key: 'state',
            kind: 'one',
            label: 'State',
            options: ['live', 'paused'].map((value) => ({ value, label: wordOf(switchStates, value).label })),
          },
        ]}
        values={{ q: search.q, state: search.state }}
        onChange={go}
      />
      <DataTable
        label="Campaigns"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        state={query}
        onOpen={(row) => void navigate({ to: '/campaigns/$id', params: { id: row.id } })}
        link={(row, children) => (
          <RowLink to="/campaigns/$id" params={{ id: row.id }}>
            {children}
          </RowLink>
        )}
        onClearFilters={
          hasFilters({ q: search.q, state: search.state }) ? () => { go({ q: undefined, state: undefined }); } : undefined
        }
        empty={
          <EmptyState icon={Megaphone} title="No campaigns yet" action={add}>
            A campaign says what a lead must tell, and where its leads go. Make one for each thing you sell or promote.
          </EmptyState>
        }
      />
      {search.new !== undefined && canWrite && <NewCampaignDialog onClose={() => { go({ new: undefined }); }} />}
    </Page>
  );
}

function stateOf(row: Campaign): 'live' | 'paused' {
  return row.paused ? 'paused' : 'live';
}

const COLUMNS: readonly Column<Campaign>[] = [
  { id: 'name', header: 'Name', card: 'title', cell: (row) => row.name },
  { id: 'reference', header: 'Reference', card: 'line', cell: (row) => <code className="bt-cut">{row.reference}</code> },
  {
    id: 'state',
    header: 'State',
    width: '110px',
    card: 'side',
    cell: (row) => {
      const word = wordOf(switchStates, stateOf(row));
      return <Pill tone={word.tone} label={word.label} title={word.means} />;
    },
  },
  {
    id: 'fields',
    header: 'Fields',
    width: '90px',
    align: 'right',
    cell: (row) => row.fields.length,
  },
  {
    id: 'place',
    header: 'Country, currency',
    width: '150px',
    card: 'line',
    cell: (row) => [row.country, row.currency].filter(Boolean).join(', ') || '—',
  },
  { id: 'duplicates', header: 'Duplicates', cell: (row) => <span className="bt-cut">{duplicatesText(row)}</span> },
  { id: 'updated', header: 'Changed', width: '110px', cell: (row) => <RelativeTime at={row.updated_at} /> },
];
