import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Files, Upload } from 'lucide-react';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { Mark } from '@/components/StatusPill';
import { type Import, importList } from './api';
import { ImportPill } from './ImportPill';
import { NewImport } from './NewImport';
import { importsRoute } from './route';

/** Imports of files of leads, and the form for another one. */
export default function ImportsScreen() {
  const search = importsRoute.useSearch();
  const navigate = useNavigate({ from: importsRoute.fullPath });
  const canPost = useCan('leads:write');
  const canRead = useCan('leads:read');
  const canWrite = canPost && canRead;
  const query = useInfiniteQuery(importList);
  const rows = query.data?.pages.flatMap((page) => page.rows);
  if (canWrite && search.new !== undefined) return <NewImport />;
  const add = canWrite ? (
    <Button leftSection={<Upload size={15} />} onClick={() => void navigate({ search: { new: 'file' } })}>
      Import a file
    </Button>
  ) : undefined;
  return (
    <Page
      wide
      title="Import"
      intro="Leads from a CSV or JSON Lines file. Rows are checked as if they had been posted, and nothing is sent to anybody unless you say so."
      actions={add}
    >
      <DataTable
        label="Imports"
        columns={COLUMNS}
        rows={rows}
        rowKey={(one) => one.id}
        state={query}
        isDim={(one) => one.state === 'cancelled'}
        onOpen={(one) => void navigate({ to: '/import/$id', params: { id: one.id } })}
        link={(one, children) => (
          <RowLink to="/import/$id" params={{ id: one.id }}>
            {children}
          </RowLink>
        )}
        empty={
          <EmptyState icon={Files} title="No imports yet" action={add}>
            A file is checked first: you see which rows would be refused, and why, before anything is stored.
          </EmptyState>
        }
        more={{ has: query.hasNextPage, loading: query.isFetchingNextPage, load: () => void query.fetchNextPage() }}
      />
    </Page>
  );
}

const number = (value: number): string => value.toLocaleString('en');

const COLUMNS: readonly Column<Import>[] = [
  { id: 'name', header: 'File', card: 'title', cell: (one) => one.name ?? one.id },
  { id: 'state', header: 'State', width: '190px', card: 'side', cell: (one) => <ImportPill one={one} /> },
  {
    id: 'kind',
    header: 'Does',
    width: '150px',
    card: 'line',
    cell: (one) => (one.dry_run ? <Mark>Check only</Mark> : one.deliver ? <Mark>Stores and delivers</Mark> : <Mark>Stores</Mark>),
  },
  { id: 'read', header: 'Rows', width: '90px', align: 'right', cell: (one) => number(one.read) },
  { id: 'accepted', header: 'Accepted', width: '100px', align: 'right', card: 'line', cell: (one) => number(one.accepted) },
  { id: 'duplicates', header: 'Duplicates', width: '100px', align: 'right', cell: (one) => number(one.duplicates) },
  { id: 'refused', header: 'Refused', width: '90px', align: 'right', cell: (one) => number(one.refused) },
  { id: 'made', header: 'Begun', width: '110px', card: 'line', cell: (one) => <RelativeTime at={one.created_at} /> },
];
