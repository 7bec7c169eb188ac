import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { ScreenLink } from '@/components/ScreenLink';
import { StatusPill } from '@/components/StatusPill';
import { behind, destinationName, type Reason, reasonText, type RowKey, type Span } from './api';
import classes from './Reports.module.css';

/** The deliveries behind one reason, newest first. */
export function BehindPanel({ row, reason, span }: { row: RowKey; reason: Reason | undefined; span: Span }) {
  const query = useInfiniteQuery(behind(row, span));
  const rows = query.data?.pages.flatMap((page) => page.rows);
  return (
    <>
      <h2 className={`${classes.panelTitle ?? ''} bt-outside`}>{reason ? reasonText(reason) : 'Deliveries'}</h2>
      <StatusPill kind="verdict" value={row.verdict} />
      <p className={classes.panelFacts}>
        {reason && (
          <>
            {reason.count.toLocaleString('en')} at <bdi>{destinationName(reason)}</bdi>, {reason.share_of_destination} % of what it was sent.{' '}
          </>
        )}
        <ScreenLink to={`/destinations/${row.destination}`}>
          {row.verdict === 'unmatched' ? 'Make a response rule' : 'Open the destination'}
        </ScreenLink>
      </p>
      {query.error && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {rows?.length === 0 && <p className="bt-dim">They went with their leads; only the count is kept.</p>}
      <ul className={classes.behind} aria-busy={query.isFetching}>
        {rows?.map((one) => (
          <li key={one.delivery_id}>
            <RelativeTime at={one.at} />
            <ScreenLink to={`/deliveries/${one.delivery_id}`} label={`Delivery ${one.delivery_id}`}>
              Delivery, attempt {one.attempt}
            </ScreenLink>
            {one.lead_id != null && (
              <ScreenLink to={`/leads/${one.lead_id}`} label={`Lead ${one.lead_id}`}>
                Lead
              </ScreenLink>
            )}
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <Button variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}
