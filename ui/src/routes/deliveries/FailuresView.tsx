import { useQuery } from '@tanstack/react-query';
import { CircleCheckBig } from 'lucide-react';
import { useState } from 'react';
import { type FailureGroup, failuresQuery } from '@/api/inbox';
import { useLive } from '@/api/use-live';
import { RetryDialog } from '@/components/delivery/RetryDialog';
import { EmptyState } from '@/components/EmptyState';
import { ProblemPanel } from '@/components/ProblemPanel';
import { DisabledNotice } from './DisabledNotice';
import { byTarget, filterOfGroup } from './filters';
import { TargetCard } from './TargetCard';
import classes from './DeliveriesScreen.module.css';

/** What no event tells, such as a delivery that was resent elsewhere, is looked for so often. */
const LOOK_EVERY_MS = 15_000;

/** What failed, by destination and by what went wrong there; live. */
export function FailuresView() {
  const [retrying, setRetrying] = useState<FailureGroup>();
  const filter = retrying && filterOfGroup(retrying);
  const query = useQuery({ ...failuresQuery, refetchInterval: LOOK_EVERY_MS });
  useLive(failuresQuery.queryKey, ['delivery.failed', 'delivery.succeeded', 'delivery.rejected', 'destination.disabled']);
  if (!query.data) {
    if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
    return <div className={classes.loading} role="status" aria-label="Loading the failures" />;
  }
  const { data, disabled = [] } = query.data;
  return (
    <>
      {query.error && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {disabled.map((destination) => (
        <DisabledNotice key={destination.destination_id} destination={destination} />
      ))}
      {data.length === 0 ? (
        <EmptyState icon={CircleCheckBig} title="Nothing has failed">
          Deliveries that are given up, held, or have an unknown outcome gather here until somebody deals with them.
        </EmptyState>
      ) : (
        byTarget(data).map((target) => <TargetCard key={target.key} target={target} onRetry={setRetrying} />)
      )}
      {retrying && filter && (
        <RetryDialog
          wish={{ filter }}
          what={`to ${retrying.destination}`}
          risky={retrying.state === 'unknown'}
          onClose={() => { setRetrying(undefined); }}
        />
      )}
    </>
  );
}
