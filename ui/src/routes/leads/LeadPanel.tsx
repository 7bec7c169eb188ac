import { Link } from '@tanstack/react-router';
import { Maximize2 } from 'lucide-react';
import { ProblemPanel } from '@/components/ProblemPanel';
import { leadName } from './columns';
import { LeadActions, LeadBadges, LeadFacts } from './LeadHeader';
import { LeadTabs } from './LeadTabs';
import { useLead } from './use-lead';
import classes from './Lead.module.css';

/** The lead beside the list. */
export function LeadPanel({ id, tab, onTab }: { id: string; tab: string | undefined; onTab: (tab: string | undefined) => void }) {
  const query = useLead(id);
  if (!query.data) {
    if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
    return <div className={classes.loading} role="status" aria-label="Loading the lead" />;
  }
  const { lead, text } = query.data;
  return (
    <>
      <h2 className={classes.title}>
        <span className="bt-outside">{leadName(lead)}</span>
        <LeadBadges lead={lead} />
        <Link to="/leads/$id" params={{ id }} search={tab === undefined ? {} : { tab }} className={classes.whole}>
          <Maximize2 size={13} aria-hidden="true" />
          Open as a page
        </Link>
      </h2>
      <LeadFacts lead={lead} />
      <LeadActions lead={lead} />
      <LeadTabs lead={lead} text={text} tab={tab} onTab={onTab} />
    </>
  );
}
