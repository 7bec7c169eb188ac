import { Button } from '@mantine/core';
import { Check, PartyPopper } from 'lucide-react';
import type { ReactNode } from 'react';
import type { components } from '@/api/schema';
import { ScreenLink } from '@/components/ScreenLink';
import type { StepKey } from './figures';
import { CampaignStep, DestinationStep, LeadStep, SourceStep, TestStep } from './GuideSteps';
import classes from './Home.module.css';

type Schemas = components['schemas'];

export interface GuideProps {
  steps: readonly (readonly [StepKey, boolean])[];
  campaign: Schemas['CampaignView'] | undefined;
  source: Schemas['SourceView'] | undefined;
  lead: Schemas['LeadDocument'] | undefined;
  destination: Schemas['DestinationView'] | undefined;
  delivered: Schemas['DeliveryView'] | undefined;
  onTested: () => void;
  onHide: () => void;
}

/** The first run, step by step; what is done is ticked off by what the server has. */
export function Guide(props: GuideProps) {
  const { steps } = props;
  const current = steps.find(([, done]) => !done)?.[0];
  if (current === undefined) return <Done {...props} />;
  const count = steps.filter(([, done]) => done).length;
  return (
    <section className={classes.guide} aria-label="First steps">
      <header className={classes.guideHead}>
        <p>
          <strong>First steps</strong> <span className="bt-dim">{count} of {steps.length} done</span>
        </p>
        <Button size="compact-sm" variant="subtle" onClick={props.onHide}>
          Hide
        </Button>
      </header>
      <ol className={classes.steps}>
        {steps.map(([key, done], at) => (
          <li key={key} data-done={done || undefined} data-current={key === current || undefined} aria-current={key === current ? 'step' : undefined}>
            <span className={classes.number} aria-hidden="true">
              {done ? <Check size={14} strokeWidth={2.6} /> : at + 1}
            </span>
            <div className={classes.stepBody}>
              <h2>
                {TITLES[key]}
                {done && <span className="bt-hidden"> (done)</span>}
              </h2>
              {done ? <p className={classes.stepDone}>{doneText(key, props)}</p> : key === current && <Body {...props} step={key} />}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

const TITLES: Readonly<Record<StepKey, string>> = {
  campaign: 'Make a campaign',
  source: 'Make a source',
  lead: 'Post a lead to it',
  destination: 'Make a destination',
  test: 'Test it',
  delivered: 'See a lead delivered',
};

function Body({ step, ...props }: GuideProps & { step: StepKey }): ReactNode {
  if (step === 'campaign') return <CampaignStep />;
  if (step === 'source') return props.campaign && <SourceStep campaign={props.campaign} />;
  if (step === 'lead') return <LeadStep source={props.source} email="ada@example.com" waiting="Waiting for the first lead" />;
  if (step === 'destination') return props.campaign && <DestinationStep campaign={props.campaign} />;
  if (step === 'test') return props.destination && <TestStep destination={props.destination} onTested={props.onTested} />;
  return (
    <>
      <p>Leads go to a destination from the moment it is there. Post another one, and follow it:</p>
      <LeadStep source={props.source} email="grace@example.com" waiting="Waiting for a delivery" />
    </>
  );
}

function doneText(step: StepKey, props: GuideProps): ReactNode {
  const { campaign, source, lead, destination } = props;
  if (step === 'campaign' && campaign) return <ScreenLink to={`/campaigns/${campaign.id}`}><bdi>{campaign.name}</bdi></ScreenLink>;
  if (step === 'source' && source) return <ScreenLink to={`/sources/${source.id}`}><bdi>{source.name}</bdi></ScreenLink>;
  if (step === 'lead' && lead) return <ScreenLink to={`/leads/${lead.id}`}>Received: open it</ScreenLink>;
  if (step === 'destination' && destination) return <ScreenLink to={`/destinations/${destination.id}`}><bdi>{destination.name}</bdi></ScreenLink>;
  return 'Done';
}

function Done({ delivered, onHide }: GuideProps) {
  return (
    <section className={classes.guideDone} aria-label="First steps" role="status">
      <PartyPopper size={22} strokeWidth={1.7} aria-hidden="true" />
      <p>
        <strong>Delivered.</strong> A lead came in, went out and was accepted
        {delivered?.lead_id != null && <>: <ScreenLink to={`/leads/${delivered.lead_id}`}>see what was sent and answered</ScreenLink></>}.
      </p>
      <Button size="compact-sm" variant="default" onClick={onHide}>
        Close
      </Button>
    </section>
  );
}
