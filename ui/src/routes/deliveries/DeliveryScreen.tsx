import { Link } from '@tanstack/react-router';
import { Page } from '@/components/Page';
import { DeliveryPanel } from './DeliveryPanel';
import { deliveryRoute } from './route';

/** A delivery on a page of its own. */
export default function DeliveryScreen() {
  const { id } = deliveryRoute.useParams();
  return (
    <Page
      title="Delivery"
      wide
      back={
        <Link to="/deliveries" search={{}}>
          ← Deliveries
        </Link>
      }
    >
      <DeliveryPanel key={id} id={id} />
    </Page>
  );
}
