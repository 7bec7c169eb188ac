import type { LeadDelivery } from '@/api/inbox';
import { deliveryStates, wordOf } from '@/words';
import classes from './DeliveryDots.module.css';

/** More are counted. */
const DOTS_MAX = 8;

/** One dot for each delivery; its colour and shape tell the state, and the text does too. */
export function DeliveryDots({ deliveries }: { deliveries: readonly LeadDelivery[] | undefined }) {
  if (deliveries === undefined || deliveries.length === 0) return <span className="bt-dim">—</span>;
  // Oldest first, as they were made.
  const shown = deliveries.slice(0, DOTS_MAX).reverse();
  return (
    <span className={classes.root}>
      {shown.map((delivery) => {
        const { label, tone } = wordOf(deliveryStates, delivery.state);
        const text = `${delivery.destination}: ${label}`;
        return (
          <span key={delivery.id} className={classes.dot} data-tone={tone} data-above="" title={text}>
            <span className="bt-hidden">{text}. </span>
          </span>
        );
      })}
      {deliveries.length > DOTS_MAX && <span className={classes.more}>+{deliveries.length - DOTS_MAX}</span>}
    </span>
  );
}
