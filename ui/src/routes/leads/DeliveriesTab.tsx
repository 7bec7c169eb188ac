import { useQuery } from '@tanstack/react-query';
import { deliveriesOfLead } from '@/api/inbox';
import { DeliveryCard } from '@/components/delivery/DeliveryCard';
import { JobList } from '@/components/delivery/JobList';
import { useTargets } from '@/components/delivery/targets';
import { EmptyState } from '@/components/EmptyState';
import { ProblemPanel } from '@/components/ProblemPanel';
import { FAILED } from './failed';
import classes from './Lead.module.css';

/** States after which nothing comes by itself. */
const FINAL: ReadonlySet<string> = new Set(['accepted', 'rejected', 'failed', 'cancelled', 'superseded', 'unknown', 'held']);
/** What no event tells, such as an attempt that is tried again, is looked for so often. */
const LOOK_EVERY_MS = 4_000;

/** Where the lead went, newest first. */
export function DeliveriesTab({ id }: { id: string }) {
  const query = useQuery({
    ...deliveriesOfLead(id),
    placeholderData: undefined,
    refetchInterval: ({ state }) => (state.data?.some((delivery) => !FINAL.has(delivery.state)) ? LOOK_EVERY_MS : false),
  });
  const deliveries = query.data;
  const targets = useTargets(deliveries?.some((delivery) => delivery.webhook_id != null));
  if (!deliveries) {
    if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
    return <div className={classes.loading} role="status" aria-label="Loading the deliveries" />;
  }
  if (deliveries.length === 0) {
    return <EmptyState title="Not delivered anywhere">No destination was to get this lead.</EmptyState>;
  }
  const firstFailed = deliveries.find((delivery) => FAILED.has(delivery.state))?.id;
  return (
    <>
      <JobList />
      {deliveries.map((delivery) => (
        <DeliveryCard
          key={delivery.id}
          delivery={delivery}
          name={targets.nameOf(delivery)}
          destination={targets.destination(delivery.destination_id)}
          initiallyOpen={delivery.id === firstFailed || deliveries.length === 1}
        />
      ))}
    </>
  );
}
