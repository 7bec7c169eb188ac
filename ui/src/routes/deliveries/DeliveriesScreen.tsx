import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { failuresQuery } from '@/api/inbox';
import { JobList } from '@/components/delivery/JobList';
import { Page } from '@/components/Page';
import { DeliveryList } from './DeliveryList';
import { FailuresView } from './FailuresView';
import { countText } from './filters';
import { deliveriesRoute } from './route';
import classes from './DeliveriesScreen.module.css';

/** Deliveries: what failed and waits for a person, and all of them. */
export default function DeliveriesScreen() {
  const { view } = deliveriesRoute.useSearch();
  const { data } = useQuery({ ...failuresQuery, retry: false });
  const all = view === 'all';
  return (
    <Page wide title="Deliveries">
      <nav className={classes.views} aria-label="What is shown">
        <Link to="/deliveries" search={{}} data-on={!all || undefined} aria-current={all ? undefined : 'page'}>
          Failures
          {data !== undefined && data.total > 0 && (
            <span className={classes.count}>{countText(data.total, data.total_is_exact ?? true)}</span>
          )}
        </Link>
        <Link to="/deliveries" search={{ view: 'all' }} data-on={all || undefined} aria-current={all ? 'page' : undefined}>
          All deliveries
        </Link>
      </nav>
      <JobList />
      {all ? <DeliveryList /> : <FailuresView />}
    </Page>
  );
}
