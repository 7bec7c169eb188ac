import { MultiSelect, NativeSelect, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { destinationList } from '@/api/destinations';
import { Section } from '@/components/Page';
import { RateInput, SpanInput } from '@/components/SpanInput';
import { spanWords } from '@/components/span';
import { useNow, useZone } from '@/components/time';
import classes from './Destinations.module.css';
import type { Draft } from './document';
import type { Form } from './form';
import { attemptClock, attemptsFrom, presetOf, PRESETS, readWaits, scheduleProblem } from './schedule';

/** When it is tried again, how much at once, and where the lead goes afterwards. */
export function RoutingTab({ form }: { form: Form }) {
  return (
    <>
      <Section title="Retries" intro="After a fault or a “too fast”, a delivery is tried again. A “no” is never sent again.">
        <Retries form={form} />
      </Section>
      <Section title="Limits" intro="What is over them waits; nothing is lost, and no attempt is spent.">
        <Limits form={form} />
      </Section>
      <Section title="Afterwards" intro="Where the lead goes when this destination has decided, or has given up.">
        <Afterwards form={form} />
      </Section>
      <Section title="Leads in parts" intro="What it gets of leads that are captured before their form is completed.">
        <NativeSelect
          label="It gets"
          value={form.draft.partials}
          error={form.errors.partials}
          data={[
            { value: 'complete_only', label: 'completed leads only' },
            { value: 'partial_and_complete', label: 'partial leads, and the completed one' },
            { value: 'none', label: 'only leads that came in one go' },
          ]}
          onChange={(event) => { form.change({ partials: event.currentTarget.value as Draft['partials'] }); }}
        />
      </Section>
    </>
  );
}

function Retries({ form }: { form: Form }) {
  const { draft, change, errors, canWrite } = form;
  const now = useNow();
  const timeZone = useZone();
  const waits = readWaits(draft.schedule);
  const preset = presetOf(waits);
  const wrong = scheduleProblem(waits);
  const fault = Object.entries(errors).find(([field]) => field.startsWith('retry'))?.[1];
  const attempts = wrong === undefined ? attemptsFrom(waits, now) : [];
  return (
    <div className={classes.stack}>
      <SegmentedControl
        aria-label="Schedule"
        disabled={!canWrite}
        className={classes.presets}
        value={preset}
        data={[
          { value: 'standard', label: 'Standard' },
          { value: 'backoff', label: 'Quick' },
          { value: 'own', label: 'Own' },
        ]}
        onChange={(value) => {
          if (value === 'standard' || value === 'backoff') change({ schedule: PRESETS[value].join(', ') });
          // Something that is no preset, to begin with.
          else if (preset !== 'own') change({ schedule: `${draft.schedule}, 6h` });
        }}
      />
      <TextInput
        label="Waits"
        description="The first comes before the first attempt; each further one runs from the end of the attempt before. In s, m, h, d."
        value={draft.schedule}
        error={wrong ?? fault}
        spellCheck={false}
        onChange={(event) => { change({ schedule: event.currentTarget.value }); }}
      />
      {attempts.length > 0 && (
        <div>
          <p className={classes.clockIntro}>A lead that comes now and is never answered would be tried</p>
          <ol className={classes.clock} aria-label="Attempts of a lead that comes now">
            {attempts.map((attempt, at) => (
              <li key={at}>
                <span className={classes.clockWait}>
                  {attempt.wait === 0 && at === 0 ? 'now' : `+${spanWords(attempt.wait)}`}
                </span>
                {!(attempt.wait === 0 && at === 0) && <span className="bt-num bt-dim">{attemptClock(attempt, now, timeZone)}</span>}
              </li>
            ))}
          </ol>
          <p className={classes.hint}>
            Then it is given up. Up to a tenth is added to each wait, so that what failed together does not come back
            together. Times are those of {timeZone}.
          </p>
        </div>
      )}
    </div>
  );
}

function Limits({ form }: { form: Form }) {
  const { draft, change, errors } = form;
  return (
    <div className={classes.stack}>
      <TextInput
        label="Requests out at one time"
        description="1 to 1,000. A new destination starts with 4 and gains one with each good answer."
        inputMode="numeric"
        styles={{ wrapper: { maxWidth: 200 } }}
        placeholder="32"
        value={draft.in_flight}
        error={errors['limits.in_flight']}
        onChange={(event) => { change({ in_flight: event.currentTarget.value.replace(/\D/g, '').slice(0, 6) }); }}
      />
      <RateInput label="Requests started" value={draft.rate} error={errors['limits.rate']} onChange={(rate) => { change({ rate }); }} />
      <SpanInput
        label="Time for one attempt"
        description="From looking up the address to the end of the answer; at most 2 minutes."
        units={['s', 'm']}
        placeholder="30"
        value={draft.timeout}
        error={errors.timeout}
        onChange={(timeout) => { change({ timeout }); }}
      />
    </div>
  );
}

const LINKS = [
  ['on_success', 'After it was accepted, also to'],
  ['on_rejection', 'After a “no”, also to'],
  ['on_failure', 'After it was given up, also to'],
] as const;

function Afterwards({ form }: { form: Form }) {
  const { draft, change, errors, campaign, id } = form;
  const { data } = useQuery(destinationList(campaign.id));
  const others = (data ?? []).filter((row) => row.id !== id).map((row) => ({ value: row.id, label: row.name }));
  return (
    <div className={classes.stack}>
      <Select
        label="Failover"
        description="Gets the lead when this destination has given up, with a schedule of its own. A “no” does not fail over."
        placeholder="None"
        clearable
        searchable={others.length > 8}
        data={others}
        value={draft.failover_id}
        error={errors.failover_id}
        nothingFoundMessage="The campaign has no other destination."
        onChange={(failover_id) => { change({ failover_id }); }}
      />
      {LINKS.map(([key, label]) => (
        <MultiSelect
          key={key}
          label={label}
          placeholder={draft.linked[key].length === 0 ? 'None' : ''}
          data={others}
          value={draft.linked[key]}
          error={Object.entries(errors).find(([field]) => field.startsWith(`linked.${key}`))?.[1]}
          clearable
          onChange={(value) => { change({ linked: { ...draft.linked, [key]: value } }); }}
        />
      ))}
      <Switch
        label="Only by failover, links and hand"
        description="The campaign’s leads do not come here by themselves."
        checked={draft.failover_only}
        onChange={(event) => { change({ failover_only: event.currentTarget.checked }); }}
      />
    </div>
  );
}
