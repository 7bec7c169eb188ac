import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, ok } from '@/api/client';
import { useIdempotencyKey } from '@/api/idempotency';
import { campaignNames, destinationNames, sourceNames } from '@/api/names';
import type { Problem } from '@/api/problem';
import type { components } from '@/api/schema';
import { send } from '@/api/transport';
import { CopyButton } from '@/components/CopyButton';
import { ProblemPanel } from '@/components/ProblemPanel';
import { ScreenLink } from '@/components/ScreenLink';
import { SecretOnce } from '@/components/SecretOnce';
import { TrialSummary } from '@/components/TrialSummary';
import { curlLine, newestLeads } from './figures';
import classes from './Home.module.css';

type Schemas = components['schemas'];
type Trial = Schemas['TrialView'];

export function CampaignStep() {
  const [name, setName] = useState('');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const create = useMutation<unknown, Problem, string>({
    mutationFn: (wish) =>
      ok(api.POST('/api/v1/campaigns', { params: { header: { 'Idempotency-Key': idempotency(wish) } }, body: { name: wish } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: campaignNames.queryKey }),
  });
  return (
    <>
      <p>What leads belong to: a product in a market, such as “Solar UK”. Its leads have an e-mail, a phone and names until you say otherwise.</p>
      <Form label="Create the campaign" busy={create.isPending} error={create.error} onSubmit={() => { if (name.trim() !== '') create.mutate(name.trim()); }}>
        <TextInput label="Name" placeholder="Solar UK" maxLength={200} value={name} onChange={(event) => { setName(event.currentTarget.value); }} />
      </Form>
    </>
  );
}

export function SourceStep({ campaign }: { campaign: Schemas['CampaignView'] }) {
  const [name, setName] = useState('Website form');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const create = useMutation<unknown, Problem, Schemas['SourceInput']>({
    mutationFn: (wish) => ok(api.POST('/api/v1/sources', { params: { header: { 'Idempotency-Key': idempotency(wish) } }, body: wish })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: sourceNames.queryKey }),
  });
  return (
    <>
      <p>
        Where leads enter <bdi>{campaign.name}</bdi>: it gets a posting URL of its own. Give each partner and each form one.
      </p>
      <Form label="Create the source" busy={create.isPending} error={create.error} onSubmit={() => { if (name.trim() !== '') create.mutate({ campaign_id: campaign.id, name: name.trim() }); }}>
        <TextInput label="Name" maxLength={200} value={name} onChange={(event) => { setName(event.currentTarget.value); }} />
      </Form>
    </>
  );
}

/** A lead to post by hand, and the waiting for it. */
export function LeadStep({ source, email, waiting }: { source: Schemas['SourceView'] | undefined; email: string; waiting: string }) {
  const queryClient = useQueryClient();
  const url = source?.inbound_url;
  const post = useMutation<void, Problem>({
    mutationFn: async () => {
      // The same address as in the line, on the server that this page came from.
      const path = new URL(url ?? '').pathname;
      await send(new URL(path, location.origin), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email, first_name: email.startsWith('ada') ? 'Ada' : 'Grace', phone: '+447400123456' }),
      });
      await queryClient.invalidateQueries({ queryKey: newestLeads.queryKey });
    },
  });
  if (url == null) return null;
  const line = curlLine(url, email);
  return (
    <>
      <div className={classes.curl}>
        <pre tabIndex={0} aria-label="The command">{line}</pre>
        <CopyButton text={line} what="the command" />
      </div>
      <div className={classes.waiting}>
        <span className={classes.pulse} aria-hidden="true" />
        <span role="status">{waiting} …</span>
        <Button size="compact-sm" variant="default" loading={post.isPending} onClick={() => { post.mutate(); }}>
          Send it from here
        </Button>
        {source && <ScreenLink to={`/sources/${source.id}`}>Other languages, and a form</ScreenLink>}
      </div>
      {post.error && <ProblemPanel error={post.error} />}
    </>
  );
}

export function DestinationStep({ campaign }: { campaign: Schemas['CampaignView'] }) {
  const [name, setName] = useState('CRM');
  const [url, setUrl] = useState('');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const [made, setMade] = useState<Schemas['DestinationView']>();
  const renew = (): void => void queryClient.invalidateQueries({ queryKey: destinationNames.queryKey });
  const create = useMutation<Schemas['DestinationView'], Problem, { name: string; url: string }>({
    mutationFn: (wish) => {
      const body = {
        campaign_id: campaign.id,
        connector: 'webhook',
        name: wish.name,
        // The schema of settings is the connector's; the API's description has no members for it.
        settings: { url: wish.url } as unknown as Record<string, never>,
      };
      return ok(api.POST('/api/v1/destinations', { params: { header: { 'Idempotency-Key': idempotency(wish) } }, body }));
    },
    onSuccess: (destination) => {
      if (destination.secret == null) renew();
      else setMade(destination);
    },
  });
  if (made?.secret != null) {
    return (
      <>
        <p>Its requests are signed with this secret, so that the receiver can tell them from others.</p>
        <SecretOnce secret={made.secret} what="signing secret" />
        <Button mt="sm" onClick={renew}>Go on</Button>
      </>
    );
  }
  return (
    <>
      <p>
        Where leads of <bdi>{campaign.name}</bdi> are handed on: here a URL that takes them as JSON. LeadByte, Phonexa and other{' '}
        <ScreenLink to="/destinations/new" search={{ campaign: campaign.id }}>connectors</ScreenLink> are ready too.
      </p>
      <Form
        label="Create the destination"
        busy={create.isPending}
        error={create.error}
        onSubmit={() => { if (name.trim() !== '' && url.trim() !== '') create.mutate({ name: name.trim(), url: url.trim() }); }}
      >
        <TextInput label="Name" maxLength={200} value={name} onChange={(event) => { setName(event.currentTarget.value); }} />
        <TextInput label="URL" type="url" placeholder="https://crm.example.com/leads" value={url} onChange={(event) => { setUrl(event.currentTarget.value); }} />
      </Form>
      <p className={classes.hint}>
        Nothing to receive leads yet? Run <code>baton sandbox</code>, start the server with <code>--allow-private</code>, and take{' '}
        <button type="button" onClick={() => { setUrl('http://127.0.0.1:8081/crm'); }}>http://127.0.0.1:8081/crm</button>.
      </p>
    </>
  );
}

export function TestStep({ destination, onTested }: { destination: Schemas['DestinationView']; onTested: () => void }) {
  const test = useMutation<Trial, Problem>({
    mutationFn: () => ok(api.POST('/api/v1/destinations/{id}/test', { params: { path: { id: destination.id } }, body: {} })),
  });
  const good = test.data?.verdict === 'accepted';
  return (
    <>
      <p>
        One real call to <bdi>{destination.name}</bdi> with a made-up lead, marked as a test. You see what is sent and what the answer means.
      </p>
      {test.data && <TrialSummary trial={test.data} />}
      {test.error && <ProblemPanel error={test.error} />}
      <div className={classes.waiting}>
        <Button variant={good ? 'default' : 'filled'} loading={test.isPending} onClick={() => { test.mutate(); }}>
          {test.data ? 'Test again' : 'Test it'}
        </Button>
        {test.data && (
          <Button variant={good ? 'filled' : 'default'} onClick={onTested}>
            {good ? 'Go on' : 'Go on all the same'}
          </Button>
        )}
        {test.data && !good && <ScreenLink to={`/destinations/${destination.id}`}>Change the destination</ScreenLink>}
      </div>
    </>
  );
}

function Form({ label, busy, error, onSubmit, children }: { label: string; busy: boolean; error: Problem | null; onSubmit: () => void; children: ReactNode }) {
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <div className={classes.inputs}>
        {children}
        <Button type="submit" loading={busy}>
          {label}
        </Button>
      </div>
      {error && <ProblemPanel error={error} />}
    </form>
  );
}
