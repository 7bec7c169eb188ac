import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { deliveryQuery } from '@/api/inbox';
import { DeliveryCard } from '@/components/delivery/DeliveryCard';
import { useTargets } from '@/components/delivery/targets';
import { ProblemPanel } from '@/components/ProblemPanel';
import classes from './DeliveriesScreen.module.css';

/** A delivery with all of its attempts, and the ways to its lead and to what it was made from. */
export function DeliveryPanel({ id }: { id: string }) {
  const query = useQuery({ ...deliveryQuery(id), placeholderData: undefined });
  const delivery = query.data;
  const targets = useTargets(delivery?.webhook_id != null);
  if (!delivery) {
    if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
    return <div className={classes.loading} role="status" aria-label="Loading the delivery" />;
  }
  return (
    <>
      <p className={classes.ways}>
        {delivery.lead_id != null && (
          <Link to="/leads/$id" params={{ id: delivery.lead_id }} search={{}}>
            Its lead
          </Link>
        )}
        {delivery.parent_id != null && (
          <Link to="/deliveries/$id" params={{ id: delivery.parent_id }} search={{}}>
            The delivery it was made from
          </Link>
        )}
        <code>{delivery.id}</code>
      </p>
      <DeliveryCard
        delivery={delivery}
        name={targets.nameOf(delivery)}
        destination={targets.destination(delivery.destination_id)}
        initiallyOpen
      />
    </>
  );
}
