import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import { call } from '@/api/client';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { type Filter, FilterBar, hasFilters } from '@/components/FilterBar';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { SplitPanel } from '@/components/SplitPanel';
import { plain } from '@/words';
import { ACTIONS, actionWords, type AuditLine, auditLog, differences } from './api';
import { Actor } from './Actor';
import { AuditPanel } from './AuditPanel';
import { auditRoute } from './route';
import classes from './Audit.module.css';

/** The audit log: who changed what, and when. */
export default function AuditScreen() {
  const search = auditRoute.useSearch();
  const navigate = useNavigate({ from: auditRoute.fullPath });
  const { actor, action, subject } = search;
  const query = useInfiniteQuery(auditLog({ actor, action, subject }));
  const rows = query.data?.pages.flatMap((page) => page.rows);
  const open = rows?.find((line) => line.id === search.open);
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }) });
  };
  const filters = useFilters(rows);
  const values = { actor, action, subject };
  return (
    <Page
      wide
      title="Audit log"
      intro="Every change, with who made it and what it was before. Lines are only added, secrets are masked, and they are kept for three years."
    >
      <FilterBar filters={filters} values={values} onChange={(patch) => { go({ open: undefined, ...patch }); }} />
      <SplitPanel
        title="The change"
        onClose={() => { go({ open: undefined }); }}
        panel={open && <AuditPanel key={open.id} line={open} onFilter={(patch) => { go({ open: undefined, ...patch }); }} />}
        list={
          <DataTable
            label="Audit log"
            columns={COLUMNS}
            rows={rows}
            rowKey={(line) => line.id}
            state={query}
            narrow={open !== undefined}
            openKey={search.open}
            onOpen={(line) => { go({ open: line.id }); }}
            link={(line, children) => (
              <RowLink to="/audit" search={(old) => ({ ...old, open: line.id })}>
                {children}
              </RowLink>
            )}
            onClearFilters={hasFilters(values) ? () => { go({ actor: undefined, action: undefined, subject: undefined }); } : undefined}
            empty={<EmptyState icon={ScrollText} title="Nothing has been changed yet">Whatever somebody changes from now on is written down here.</EmptyState>}
            more={{ has: query.hasNextPage, loading: query.isFetchingNextPage, load: () => void query.fetchNextPage() }}
          />
        }
      />
    </Page>
  );
}

function useFilters(rows: readonly AuditLine[] | undefined): Filter[] {
  const canUsers = useCan('users');
  const canKeys = useCan('keys');
  const { data: people = [] } = useNamed('/api/v1/users', canUsers);
  const { data: keys = [] } = useNamed('/api/v1/keys', canKeys);
  const known = new Map<string, string>();
  for (const one of [...people, ...keys]) known.set(one.id, one.name);
  for (const line of rows ?? []) if (line.actor.id !== null && !known.has(line.actor.id)) known.set(line.actor.id, line.actor.name);
  return [
    { key: 'actor', kind: 'one', label: 'Who', options: [...known].map(([value, label]) => ({ value, label })) },
    { key: 'action', kind: 'one', label: 'What', options: ACTIONS.map((value) => ({ value, label: labelOf(value) })) },
    { key: 'subject', kind: 'search', label: 'Id of what was changed', placeholder: 'Id of what was changed' },
  ];
}

/** "Destination: changed". */
function labelOf(action: string): string {
  const [kind = ''] = action.split('.');
  return `${plain(kind)}: ${actionWords(action)}`;
}

function useNamed(path: string, enabled: boolean) {
  return useQuery({
    queryKey: ['names', path],
    queryFn: async ({ signal }) => (await call<{ data: { id: string; name: string }[] }>('GET', `${path}?limit=200`, { signal })).data,
    enabled,
    staleTime: 60_000,
  });
}

const COLUMNS: readonly Column<AuditLine>[] = [
  {
    id: 'what',
    header: 'What',
    card: 'title',
    cell: (line) => (
      <>
        {plain(actionWords(line.action))} <bdi className={classes.subject}>{line.subject_name ?? line.subject_id ?? line.subject_kind}</bdi>
      </>
    ),
  },
  { id: 'who', header: 'Who', width: '190px', card: 'line', cell: (line) => <Actor actor={line.actor} /> },
  { id: 'kind', header: 'Kind', width: '120px', optional: true, cell: (line) => plain(line.subject_kind) },
  {
    id: 'fields',
    header: 'Members',
    optional: true,
    cell: (line) => <span className="bt-cut bt-dim">{membersOf(line)}</span>,
  },
  { id: 'at', header: 'When', width: '110px', card: 'side', cell: (line) => <RelativeTime at={line.at} /> },
];

/** Which members changed, in a line; nothing for what was made or deleted as a whole. */
function membersOf(line: AuditLine): string {
  if (line.before === null || line.after === null) return '';
  return [...new Set(differences(line.before, line.after).map((one) => one.path.split(/[.[]/, 1)[0] ?? ''))].join(', ');
}
