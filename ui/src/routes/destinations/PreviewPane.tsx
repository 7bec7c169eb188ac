import type { UseQueryResult } from '@tanstack/react-query';
import type { RequestView } from '@/api/destinations';
import { ProblemPanel } from '@/components/ProblemPanel';
import classes from './Destinations.module.css';
import { RequestPane } from './Exchange';

/** The request that the form would make. The last one that could be made stays while it cannot. */
export function PreviewPane({ query }: { query: UseQueryResult<RequestView> }) {
  if (query.error && !query.isFetching) {
    return <ProblemPanel error={query.error} title="It cannot be made like this" />;
  }
  if (!query.data) return <div className={classes.previewWaits} aria-busy="true" />;
  return (
    <div aria-busy={query.isFetching}>
      <RequestPane request={query.data} title="What would be sent" />
    </div>
  );
}
