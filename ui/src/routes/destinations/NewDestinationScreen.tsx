import { NativeSelect, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowRight, ExternalLink, PlugZap } from 'lucide-react';
import { useState } from 'react';
import { type Campaign, campaignList } from '@/api/campaigns';
import { type Connector, connectorList, createDestination, type Destination, destinationQuery } from '@/api/destinations';
import { useIdempotencyKey } from '@/api/idempotency';
import { type JsonObject, same } from '@/api/merge-patch';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { EditorSkeleton } from '@/components/EditorSkeleton';
import { EmptyState } from '@/components/EmptyState';
import { LinkButton } from '@/components/LinkButton';
import { Page } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { SaveBar } from '@/components/SaveBar';
import { SecretDialog } from '@/components/SecretDialog';
import { toast } from '@/components/toast';
import { DestinationForm, type FormSearch } from './DestinationForm';
import classes from './Destinations.module.css';
import { type Draft, emptyDraft, toInput } from './document';
import { newDestinationRoute } from './route';
import { connectorName } from './show';

/** A new destination: its connector, then its form. */
export default function NewDestinationScreen() {
  const search = newDestinationRoute.useSearch();
  const navigate = useNavigate({ from: newDestinationRoute.fullPath });
  const connectors = useQuery(connectorList);
  const campaigns = useQuery(campaignList);
  const connector = connectors.data?.find((one) => one.name === search.connector);
  const campaign = campaigns.data?.find((one) => one.id === search.campaign) ?? campaigns.data?.[0];
  const back = <Link to="/destinations">← Destinations</Link>;
  const error = connectors.error ?? campaigns.error;
  if (error) {
    return (
      <Page title="New destination" back={back}>
        <ProblemPanel error={error} onRetry={() => { void connectors.refetch(); void campaigns.refetch(); }} />
      </Page>
    );
  }
  if (!connectors.data || !campaigns.data) {
    return (
      <Page title="New destination" back={back}>
        <EditorSkeleton />
      </Page>
    );
  }
  if (!campaign) {
    return (
      <Page title="New destination" back={back}>
        <EmptyState
          icon={PlugZap}
          title="First a campaign"
          action={<LinkButton to="/campaigns" search={{ new: 'campaign' }}>New campaign</LinkButton>}
        >
          A destination gets the leads of one campaign, and there is none yet.
        </EmptyState>
      </Page>
    );
  }
  if (connector) {
    return (
      <NewForm
        key={connector.name}
        connector={connector}
        campaign={campaign}
        campaigns={campaigns.data}
        search={search}
        onSearch={(patch) => void navigate({ search: (old) => ({ ...old, ...patch }) })}
      />
    );
  }
  return (
    <Page title="New destination" intro="What kind of receiver is it?" back={back}>
      <ul className={classes.picker}>
        {webhookFirst(connectors.data).map((one) => (
          <li key={one.name} className={classes.pick}>
            <Link to="/destinations/new" search={(old) => ({ ...old, connector: one.name })} className={classes.pickLink}>
              <span className={classes.pickName}>{connectorName(one.name)}</span>
              <ArrowRight size={15} aria-hidden="true" />
            </Link>
            <p className={classes.pickText}>{one.description}</p>
            {one.docs != null && /^https?:\/\//.test(one.docs) && (
              <a className={classes.pickDocs} href={one.docs} target="_blank" rel="noopener noreferrer nofollow">
                Vendor’s documentation<span className="bt-hidden"> of {connectorName(one.name)}</span> <ExternalLink size={12} aria-hidden="true" />
              </a>
            )}
          </li>
        ))}
      </ul>
    </Page>
  );
}

/** What fits any receiver comes first. */
function webhookFirst(connectors: readonly Connector[]): Connector[] {
  return [...connectors].sort((one, other) => Number(other.name === 'webhook') - Number(one.name === 'webhook'));
}

function NewForm({
  connector,
  campaign,
  campaigns,
  search,
  onSearch,
}: {
  connector: Connector;
  campaign: Campaign;
  campaigns: readonly Campaign[];
  search: FormSearch;
  onSearch: (patch: FormSearch & { campaign?: string }) => void;
}) {
  const canWrite = useCan('config:write');
  const client = useQueryClient();
  const navigate = useNavigate();
  const key = useIdempotencyKey();
  const [empty] = useState(() => emptyDraft(connector));
  const [draft, setDraft] = useState<Draft>(empty);
  const [made, setMade] = useState<Destination>();
  const input: JsonObject = { campaign_id: campaign.id, connector: connector.name, ...toInput(draft) };
  const create = useMutation<Destination, Problem>({
    mutationFn: () => createDestination(input, key(input)),
    onSuccess: async (destination) => {
      setMade(destination);
      await client.invalidateQueries({ queryKey: ['destinations', 'list'] });
    },
  });
  const leave = (destination: Destination): void => {
    toast(`The destination “${destination.name}” is made`);
    void client.prefetchQuery(destinationQuery(destination.id));
    void navigate({ to: '/destinations/$id', params: { id: destination.id }, search: { panel: 'test' } });
  };
  const dirty = !made && !same(toInput(draft), toInput(empty));
  return (
    <Page
      wide
      title={draft.name.trim() === '' ? `New destination: ${connectorName(connector.name)}` : draft.name}
      intro={connector.description}
      back={<Link to="/destinations/new" search={(old) => ({ campaign: old.campaign })}>← Another connector</Link>}
    >
      <DestinationForm
        form={{
          draft,
          change: (patch) => { setDraft((old) => ({ ...old, ...patch })); },
          errors: create.error?.byField() ?? {},
          connector,
          campaign,
          id: undefined,
          canWrite,
          secrets: [],
          trial: { ...input, ...(draft.name.trim() === '' ? { name: connector.name } : {}) },
        }}
        search={search}
        onSearch={onSearch}
        head={
          <NativeSelect
            label="Campaign"
            description="Whose leads it gets. This cannot be changed later."
            data={campaigns.map((one) => ({ value: one.id, label: one.name }))}
            value={campaign.id}
            onChange={(event) => { onSearch({ campaign: event.currentTarget.value }); }}
          />
        }
      />
      {create.error && (
        <Stack mt="md">
          <ProblemPanel error={create.error} title="It was not made" />
        </Stack>
      )}
      <SaveBar
        dirty={dirty}
        saving={create.isPending}
        saveLabel="Make destination"
        problem={create.error ? 'It was not made; see above.' : undefined}
        onSave={() => { create.mutate(); }}
        onDiscard={() => { setDraft(empty); create.reset(); }}
      />
      {made &&
        (made.secret == null ? (
          <Leave onLeave={() => { leave(made); }} />
        ) : (
          <SecretDialog
            title={`“${made.name}” is ready`}
            intro="Requests to the receiver are signed with this secret, so that it can tell them from others’."
            what="signing secret"
            secret={made.secret}
            onClose={() => { leave(made); }}
          />
        ))}
    </Page>
  );
}

/** Leaves when it is rendered: after the guard of the form has let go. */
function Leave({ onLeave }: { onLeave: () => void }) {
  return (
    <span
      ref={(place) => {
        if (place) onLeave();
      }}
    />
  );
}
