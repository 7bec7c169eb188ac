import { Link, useNavigate } from '@tanstack/react-router';
import { Page } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { leadName } from './columns';
import { LeadActions, LeadBadges, LeadFacts } from './LeadHeader';
import { LeadTabs } from './LeadTabs';
import { leadRoute } from './route';
import { useLead } from './use-lead';
import classes from './Lead.module.css';

/** A lead on a page of its own. */
export default function LeadScreen() {
  const { id } = leadRoute.useParams();
  const { tab } = leadRoute.useSearch();
  const navigate = useNavigate({ from: leadRoute.fullPath });
  const query = useLead(id);
  const back = (
    <Link to="/leads" search={{}}>
      ← Leads
    </Link>
  );
  if (!query.data) {
    return (
      <Page title="Lead" back={back}>
        {query.error ? (
          <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <div className={classes.loading} role="status" aria-label="Loading the lead" />
        )}
      </Page>
    );
  }
  const { lead, text } = query.data;
  return (
    <Page title={leadName(lead)} badge={<LeadBadges lead={lead} />} intro={<LeadFacts lead={lead} />} back={back} wide>
      <LeadActions lead={lead} />
      <LeadTabs lead={lead} text={text} tab={tab} onTab={(next) => void navigate({ search: (old) => ({ ...old, tab: next }) })} />
    </Page>
  );
}
