import type { Lead } from '@/api/inbox';
import { leadLine } from '@/app/lead-line';
import type { Column } from '@/components/DataTable';
import { RelativeTime } from '@/components/RelativeTime';
import { Mark, StatusPill } from '@/components/StatusPill';
import { DeliveryDots } from './DeliveryDots';
import classes from './LeadsScreen.module.css';

/** What a lead is called: its name, else how to reach it, else its id. */
export function leadName(lead: Lead): string {
  if (lead.state === 'erased') return 'Erased lead';
  return leadLine(lead.fields).title || lead.id;
}

function Who({ lead }: { lead: Lead }) {
  const { sub } = leadLine(lead.fields);
  return (
    <span className={classes.who}>
      <span className={classes.name}>
        <bdi className="bt-cut">{leadName(lead)}</bdi>
        {lead.test && <Mark>Test</Mark>}
        {lead.duplicate_of != null && <Mark title="It repeats another lead.">Duplicate</Mark>}
      </span>
      <bdi className={`bt-cut ${classes.sub ?? ''}`}>{sub === '' ? '\u00a0' : sub}</bdi>
    </span>
  );
}

function Tags({ tags }: { tags: readonly string[] | undefined }) {
  if (tags === undefined || tags.length === 0) return null;
  return <bdi className={`bt-cut ${classes.cut ?? ''}`} title={tags.join(', ')}>{tags.join(', ')}</bdi>;
}

const cut = (text: string) => <bdi className={`bt-cut ${classes.cut ?? ''}`} title={text}>{text}</bdi>;

export const COLUMNS: readonly Column<Lead>[] = [
  { id: 'received', header: 'Received', width: '92px', card: 'line', cell: (lead) => <RelativeTime past at={lead.created_at} /> },
  { id: 'who', header: 'Lead', card: 'title', cell: (lead) => <Who lead={lead} /> },
  { id: 'campaign', header: 'Campaign', width: '108px', card: 'line', optional: true, cell: (lead) => cut(lead.campaign) },
  { id: 'state', header: 'State', width: '122px', card: 'side', cell: (lead) => <StatusPill kind="lead" value={lead.state} /> },
  {
    id: 'deliveries',
    header: 'Deliveries',
    width: '96px',
    card: 'line',
    cell: (lead) => <DeliveryDots deliveries={lead.deliveries ?? []} />,
  },
  { id: 'source', header: 'Source', width: '128px', optional: true, cell: (lead) => cut(lead.source) },
  { id: 'tags', header: 'Tags', width: '112px', optional: true, cell: (lead) => <Tags tags={lead.tags} /> },
  {
    id: 'status',
    header: 'Status',
    width: '112px',
    optional: true,
    cell: (lead) => <StatusPill kind="status" value={lead.status} bare />,
  },
];

const FEWER = COLUMNS.filter((column) => column.id !== 'source' && column.id !== 'tags');

/** The columns there is room for: on a narrow screen the words about a lead go, not the lead. */
export function columnsFor(roomy: boolean): readonly Column<Lead>[] {
  return roomy ? COLUMNS : FEWER;
}
