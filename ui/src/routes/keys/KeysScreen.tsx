import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { KeyRound, Plus } from 'lucide-react';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { FilterBar } from '@/components/FilterBar';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { SplitPanel } from '@/components/SplitPanel';
import { useNow } from '@/components/time';
import { type Key, keyList, stateOf } from './api';
import { KeyPanel } from './KeyPanel';
import { KeyStatePill } from './KeyStatePill';
import { NewKeyDialog } from './NewKeyDialog';
import { keysRoute } from './route';
import classes from './KeysScreen.module.css';

const FILTERS = [{ key: 'show', kind: 'one', label: 'Show', options: [{ value: 'all', label: 'Revoked ones too' }] }] as const;

/** API keys: who may call, and for what. */
export default function KeysScreen() {
  const search = keysRoute.useSearch();
  const navigate = useNavigate({ from: keysRoute.fullPath });
  const now = useNow();
  const query = useInfiniteQuery(keyList);
  const all = query.data?.pages.flatMap((page) => page.rows);
  const rows = search.show === 'all' ? all : all?.filter((key) => stateOf(key, now) !== 'revoked');
  const open = all?.find((key) => key.id === search.open);
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  const add = (
    <Button leftSection={<Plus size={15} />} onClick={() => { go({ new: 'key' }); }}>
      New key
    </Button>
  );
  return (
    <Page
      wide
      title="API keys"
      intro="Your own code calls Baton with a key. Give each program one of its own, with only what it needs."
      actions={add}
    >
      <FilterBar filters={FILTERS} values={{ show: search.show }} onChange={go} />
      <SplitPanel
        title={open ? `Key ${open.name}` : 'Key'}
        onClose={() => { go({ open: undefined }); }}
        panel={open && <KeyPanel key={open.id} apiKey={open} />}
        list={
          <DataTable
            label="API keys"
            columns={COLUMNS}
            rows={rows}
            rowKey={(key) => key.id}
            state={query}
            narrow={open !== undefined}
            openKey={search.open}
            isDim={(key) => stateOf(key, now) !== 'active'}
            onOpen={(key) => { go({ open: key.id }); }}
            link={(key, children) => (
              <RowLink to="/keys" search={(old) => ({ ...old, open: key.id })}>
                {children}
              </RowLink>
            )}
            empty={
              <EmptyState icon={KeyRound} title="No keys yet" action={add}>
                With a key, a script or a server of yours can post leads and read what became of them.
              </EmptyState>
            }
            more={{
              has: query.hasNextPage,
              loading: query.isFetchingNextPage,
              load: () => void query.fetchNextPage(),
            }}
          />
        }
      />
      {search.new !== undefined && <NewKeyDialog onClose={() => { go({ new: undefined }); }} />}
    </Page>
  );
}

const COLUMNS: readonly Column<Key>[] = [
  { id: 'name', header: 'Name', card: 'title', cell: (key) => key.name },
  {
    id: 'shown',
    header: 'Begins with',
    width: '130px',
    card: 'line',
    cell: (key) => <code className={classes.shown}>{key.shown}</code>,
  },
  { id: 'state', header: 'State', width: '120px', card: 'side', cell: (key) => <KeyStatePill apiKey={key} /> },
  {
    id: 'scopes',
    header: 'May',
    optional: true,
    cell: (key) => <span className="bt-cut">{key.scopes.join(', ')}</span>,
  },
  {
    id: 'expires',
    header: 'Ends',
    width: '110px',
    optional: true,
    cell: (key) => <RelativeTime at={key.expires_at} none="never" />,
  },
  { id: 'used', header: 'Last used', width: '110px', card: 'line', cell: (key) => <RelativeTime past at={key.last_used_at} none="never" /> },
  { id: 'created', header: 'Made', width: '110px', card: 'line', cell: (key) => <RelativeTime at={key.created_at} /> },
];

