import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ArrowDownToLine, Plus } from 'lucide-react';
import { campaignList } from '@/api/campaigns';
import { type Source, sourceList } from '@/api/sources';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { FilterBar, hasFilters } from '@/components/FilterBar';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { Pill } from '@/components/StatusPill';
import { rateWords } from '@/components/span';
import { switchStates, wordOf } from '@/words';
import { NewSourceDialog } from './NewSourceDialog';
import { sourcesRoute } from './route';
import { KINDS, stateOf } from './show';

/** Sources: where leads come in. */
export default function SourcesScreen() {
  const search = sourcesRoute.useSearch();
  const navigate = useNavigate({ from: sourcesRoute.fullPath });
  const canWrite = useCan('config:write');
  const query = useQuery(sourceList(search.campaign));
  const { data: campaigns } = useQuery(campaignList);
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  const word = search.q?.toLowerCase() ?? '';
  const rows = query.data?.filter(
    (row) =>
      (search.kind === undefined || row.kind === search.kind) &&
      `${row.name} ${row.webhook_id}`.toLowerCase().includes(word),
  );
  const add = canWrite ? (
    <Button leftSection={<Plus size={15} />} onClick={() => { go({ new: 'source' }); }}>
      New source
    </Button>
  ) : undefined;
  const kinds = [...new Set((query.data ?? []).map((row) => row.kind ?? 'endpoint'))];
  return (
    <Page wide title="Sources" intro="Where leads come in. Each partner, form or page has its own address." actions={add}>
      <FilterBar
        filters={[
          { key: 'q', kind: 'search', label: 'Search sources', placeholder: 'Name or address' },
          {
            key: 'campaign',
            kind: 'one',
            label: 'Campaign',
            options: (campaigns ?? []).map((one) => ({ value: one.id, label: one.name })),
          },
          { key: 'kind', kind: 'one', label: 'Kind', options: kinds.map((value) => ({ value, label: KINDS[value].label })) },
        ]}
        values={{ q: search.q, campaign: search.campaign, kind: search.kind }}
        onChange={go}
      />
      <DataTable
        label="Sources"
        columns={columns(new Map((campaigns ?? []).map((one) => [one.id, one.name])))}
        rows={rows}
        rowKey={(row) => row.id}
        state={query}
        isDim={(row) => row.disabled === true}
        onOpen={(row) => void navigate({ to: '/sources/$id', params: { id: row.id } })}
        link={(row, children) => (
          <RowLink to="/sources/$id" params={{ id: row.id }}>
            {children}
          </RowLink>
        )}
        onClearFilters={
          hasFilters({ q: search.q, campaign: search.campaign, kind: search.kind })
            ? () => { go({ q: undefined, campaign: undefined, kind: undefined }); }
            : undefined
        }
        empty={
          <EmptyState icon={ArrowDownToLine} title="No sources yet" action={add}>
            A source is an address to post leads to. Give each partner one of their own, and you know whose leads are good.
          </EmptyState>
        }
      />
      {search.new !== undefined && canWrite && (
        <NewSourceDialog campaigns={campaigns ?? []} campaignId={search.campaign} onClose={() => { go({ new: undefined }); }} />
      )}
    </Page>
  );
}

function columns(campaigns: ReadonlyMap<string, string>): Column<Source>[] {
  return [
    { id: 'name', header: 'Name', card: 'title', cell: (row) => row.name },
    {
      id: 'campaign',
      header: 'Campaign',
      card: 'line',
      cell: (row) => <span className="bt-cut">{campaigns.get(row.campaign_id) ?? ''}</span>,
    },
    { id: 'kind', header: 'Kind', width: '110px', card: 'line', cell: (row) => KINDS[row.kind ?? 'endpoint'].label },
    {
      id: 'guard',
      header: 'Guarded by',
      cell: (row) => <span className="bt-cut bt-dim">{guards(row)}</span>,
    },
    {
      id: 'state',
      header: 'State',
      width: '90px',
      card: 'side',
      cell: (row) => {
        const word = wordOf(switchStates, stateOf(row));
        return <Pill tone={word.tone} label={word.label} title={word.means} />;
      },
    },
    { id: 'created', header: 'Made', width: '110px', cell: (row) => <RelativeTime at={row.created_at} /> },
  ];
}

function guards(row: Source): string {
  if (row.kind === 'api') return 'API key';
  const origins = row.allowed_origins?.length ?? 0;
  const parts = [
    row.require_signature === true ? 'signature' : '',
    origins === 0 ? '' : origins === 1 ? '1 origin' : `${String(origins)} origins`,
    row.rate_limit == null ? '' : `at most ${rateWords(row.rate_limit)}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'its address only' : parts.join(', ');
}
