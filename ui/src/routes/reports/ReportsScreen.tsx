import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { BarChart3, Download } from 'lucide-react';
import { campaignNames, destinationNames } from '@/api/names';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { dayOf } from '@/components/days';
import { csv, download } from '@/components/download';
import { EmptyState } from '@/components/EmptyState';
import { type Filter, FilterBar, hasFilters } from '@/components/FilterBar';
import { Page } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AbsoluteTime, RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { SplitPanel } from '@/components/SplitPanel';
import { StatusPill } from '@/components/StatusPill';
import { useZone } from '@/components/time';
import { asTable, destinationName, type Reason, readRowKey, reasonText, rejections, type Report, rowKey } from './api';
import { BehindPanel } from './BehindPanel';
import { Bar, DestinationBars, Totals } from './Figures';
import { reportsRoute } from './route';
import classes from './Reports.module.css';

/** Reports: why leads were not accepted, by destination and reason. */
export default function ReportsScreen() {
  const zone = useZone();
  const search = reportsRoute.useSearch();
  const navigate = useNavigate({ from: reportsRoute.fullPath });
  const { from, to, campaign, destination } = search;
  const query = useQuery(rejections({ from, to, campaign, destination }));
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, row: undefined, ...patch }) });
  };
  const filters = useFilters(campaign);
  const report = query.data;
  const open = readRowKey(search.row);
  const openRow = report?.data.find((row) => rowKey(row) === search.row);
  const filtered = hasFilters({ from, to, campaign, destination });
  const nothing = report?.total.deliveries === 0;
  return (
    <Page
      wide
      title="Rejections"
      intro="Why leads were not accepted, in the receivers’ own words. Test leads are not counted; a lead that failed over counts at each destination it ended at."
      actions={
        report && report.data.length > 0 && (
          <Button variant="default" leftSection={<Download size={15} />} onClick={() => { save(report, zone); }}>
            Download CSV
          </Button>
        )
      }
    >
      <FilterBar filters={filters} values={{ from, to, campaign, destination }} onChange={go}>
        {report && (
          <span className={classes.span}>
            <AbsoluteTime at={report.from} /> to <AbsoluteTime at={report.to} />
          </span>
        )}
      </FilterBar>
      {query.error != null && !report && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {nothing ? (
        <EmptyState
          icon={BarChart3}
          title={filtered ? 'Nothing ended in this time' : 'Nothing to report yet'}
          action={filtered && <Button variant="default" onClick={() => { go({ from: undefined, to: undefined, campaign: undefined, destination: undefined }); }}>Clear filters</Button>}
        >
          A delivery is counted when it ends: accepted, rejected, unmatched or failed. {!filtered && 'These are the last 7 days.'}
        </EmptyState>
      ) : (
        <>
          {report && <Totals total={report.total} />}
          {report && report.destinations.length > 1 && <DestinationBars rows={report.destinations} chosen={destination} onChoose={(id) => { go({ destination: id }); }} />}
          <SplitPanel
            title="Deliveries behind the reason"
            onClose={() => { go({}); }}
            panel={open && <BehindPanel key={search.row} row={open} reason={openRow} span={{ from: report?.from ?? from, to: report?.to ?? to }} />}
            list={
              <DataTable
                label="Reasons"
                columns={columnsOf(report)}
                rows={report?.data}
                rowKey={rowKey}
                state={query}
                narrow={open !== undefined}
                openKey={search.row}
                onOpen={(row) => { go({ row: rowKey(row) }); }}
                link={(row, children) => (
                  <RowLink to="/reports" search={(old) => ({ ...old, row: rowKey(row) })}>
                    {children}
                  </RowLink>
                )}
                empty={<EmptyState icon={BarChart3} title="Everything was accepted">No receiver said no in this time.</EmptyState>}
              />
            }
          />
          {report?.cut && <p className="bt-dim">There are more reasons than are shown; narrow the time or choose a destination.</p>}
        </>
      )}
    </Page>
  );
}

function useFilters(campaign: string | undefined): Filter[] {
  const can = useCan('config:read');
  const { data: campaigns = [] } = useQuery({ ...campaignNames, enabled: can });
  const { data: destinations = [] } = useQuery({ ...destinationNames, enabled: can });
  return [
    { key: 'from', until: 'to', kind: 'dates', label: 'Time' },
    { key: 'campaign', kind: 'one', label: 'Campaign', options: campaigns.map((one) => ({ value: one.id, label: one.name })) },
    {
      key: 'destination',
      kind: 'one',
      label: 'Destination',
      options: destinations
        .filter((one) => campaign === undefined || one.campaign_id === campaign)
        .map((one) => ({ value: one.id, label: one.name })),
    },
  ];
}

function save(report: Report, zone: string): void {
  const day = (at: string): string => dayOf(Date.parse(at), zone);
  const name = `rejections-${day(report.from)}-to-${day(report.to)}.csv`;
  download(name, new Blob([csv(asTable(report))], { type: 'text/csv' }));
}

function columnsOf(report: Report | undefined): readonly Column<Reason>[] {
  const most = Math.max(1, ...(report?.data.map((row) => row.count) ?? []));
  return [
    { id: 'reason', header: 'Reason', card: 'title', cell: (row) => <bdi>{reasonText(row)}</bdi> },
    { id: 'verdict', header: 'Verdict', width: '150px', card: 'side', cell: (row) => <StatusPill kind="verdict" value={row.verdict} /> },
    { id: 'destination', header: 'Destination', width: '22%', card: 'line', cell: (row) => <span className="bt-cut">{destinationName(row)}</span> },
    { id: 'bar', header: 'How often', width: '22%', optional: true, cell: (row) => <Bar part={row.count} most={most} verdict={row.verdict} /> },
    { id: 'count', header: 'Count', width: '80px', align: 'right', card: 'line', cell: (row) => row.count.toLocaleString('en') },
    { id: 'share', header: 'Of destination', width: '120px', align: 'right', card: 'line', optional: true, cell: (row) => `${row.share_of_destination} %` },
    { id: 'last', header: 'Last', width: '110px', optional: true, cell: (row) => <RelativeTime at={row.last_at} /> },
  ];
}
