import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { campaignNames, destinationNames, sourceNames } from '@/api/names';
import { useLive } from '@/api/use-live';
import { useCan, useMe } from '@/api/use-me';
import { Page } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { firstDelivered, newestLeads, stepsDone } from './figures';
import { Guide } from './Guide';
import { Overview } from './Overview';
import classes from './Home.module.css';

const LIVE = ['lead.created', 'lead.updated', 'lead.rejected', 'lead.quarantined', 'lead.duplicate', 'delivery.succeeded', 'delivery.rejected', 'delivery.failed', 'destination.disabled'];

/** The first run while it lasts, and the state of things once there is something to see. */
export function Start() {
  const person = useMe();
  const canWrite = useCan('config:write');
  const [tested, setTested] = useState(false);
  const hiding = useHiding(person.workspace_id);
  const campaigns = useQuery(campaignNames);
  const sources = useQuery(sourceNames);
  const destinations = useQuery(destinationNames);
  const leads = useQuery(newestLeads);
  const delivered = useQuery(firstDelivered);
  useLive(['home'], LIVE);
  // Somebody may be watching the guide tick off: then its end is shown, else it is just gone.
  const [began, setBegan] = useState<boolean>();
  const all = [campaigns, sources, destinations, leads, delivered];
  const loaded = all.every((query) => query.data !== undefined);
  const steps = stepsDone({
    campaigns: campaigns.data?.length ?? 0,
    sources: sources.data?.filter((source) => source.inbound_url != null).length ?? 0,
    leads: leads.data?.length ?? 0,
    destinations: destinations.data?.length ?? 0,
    tested,
    delivered: delivered.data != null,
  });
  const complete = steps.every(([, done]) => done);
  if (loaded && began === undefined) setBegan(!complete);
  const failed = all.find((query) => query.error != null && query.data === undefined);
  const guides = canWrite && began === true && !hiding.hidden;
  const hasLeads = (leads.data?.length ?? 0) > 0;
  const title = guides && !hasLeads ? `Welcome, ${person.name}` : 'Home';
  return (
    <Page wide title={title} tabTitle="Home" intro={guides && !hasLeads ? 'Six small steps, from nothing to a delivered lead. Each ticks itself off when it is done.' : undefined}>
      {failed && <ProblemPanel error={failed.error} onRetry={() => void failed.refetch()} />}
      {!loaded && !failed && <div className={classes.skeleton} aria-hidden="true" />}
      {loaded && guides && (
        <Guide
          steps={steps}
          campaign={campaigns.data?.[0]}
          source={sources.data?.find((source) => source.inbound_url != null)}
          lead={leads.data?.[leads.data.length - 1]}
          destination={destinations.data?.[0]}
          delivered={delivered.data ?? undefined}
          onTested={() => { setTested(true); }}
          onHide={hiding.hide}
        />
      )}
      {loaded && (hasLeads || !guides) && <Overview leads={leads.data ?? []} destinations={destinations.data ?? []} />}
    </Page>
  );
}

/** Whether the guide was put away in this browser. */
function useHiding(workspace: string): { hidden: boolean; hide: () => void } {
  const key = `baton.guide.${workspace}`;
  const [hidden, setHidden] = useState(() => {
    try {
      return localStorage.getItem(key) === 'hidden';
    } catch {
      return false;
    }
  });
  return {
    hidden,
    hide: () => {
      setHidden(true);
      try {
        localStorage.setItem(key, 'hidden');
      } catch {
        // Storage may be switched off; it is then hidden as long as the page.
      }
    },
  };
}
