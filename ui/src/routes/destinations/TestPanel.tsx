import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PlugZap } from 'lucide-react';
import { destinationQuery, testDestination, testSaved, type Trial } from '@/api/destinations';
import type { Problem } from '@/api/problem';
import { ProblemPanel } from '@/components/ProblemPanel';
import { StatusPill } from '@/components/StatusPill';
import { plain } from '@/words';
import classes from './Destinations.module.css';
import { AnswerPane, RequestPane, TimingBar } from './Exchange';
import type { Form } from './form';
import { LeadChooser } from './LeadChooser';
import { followsText, ruleText } from './show';

/** A real call with the form as it stands, always marked as a test. */
export function TestPanel({
  form,
  lead,
  onLead,
}: {
  form: Form;
  lead: string | undefined;
  onLead: (lead: string | undefined) => void;
}) {
  const { id, trial, connector } = form;
  const client = useQueryClient();
  const saved = id !== undefined && Object.keys(trial).every((key) => key === 'id');
  const test = useMutation<Trial, Problem>({
    mutationFn: () =>
      saved ? testSaved(id, lead) : testDestination({ ...trial, ...(lead === undefined ? {} : { lead_id: lead }) }),
    onSuccess: async () => {
      // A test of what is saved takes the warning away that it was never tested.
      if (saved) await client.invalidateQueries({ queryKey: destinationQuery(id).queryKey });
    },
  });
  return (
    <>
      <h2 className={classes.panelTitle}>Test connection</h2>
      <div className={classes.test}>
        <p className={classes.panelIntro}>
          A real call to the receiver with what the form shows {saved ? 'and is saved' : 'now, saved or not'}. It is
          always marked as a test. {connector.test_mode}
        </p>
        <LeadChooser campaignId={form.campaign.id} lead={lead} onLead={onLead} />
        <Button
          leftSection={<PlugZap size={15} />}
          loading={test.isPending}
          disabled={!form.canWrite}
          onClick={() => { test.mutate(); }}
        >
          {test.data || test.error ? 'Send another test' : 'Send a test'}
        </Button>
        {test.error && <ProblemPanel error={test.error} title="The test could not be made" />}
        <div role="status" className={classes.testResult} data-stale={test.isPending || undefined}>
          {test.data && <Result trial={test.data} form={form} />}
        </div>
      </div>
    </>
  );
}

function Result({ trial, form }: { trial: Trial; form: Form }) {
  const rules = form.draft.responses?.map((row) => row.rule) ?? form.connector.responses;
  const rule = trial.rule == null ? undefined : rules[trial.rule];
  const follows = followsText(trial.verdict, form);
  const extracted = Object.entries(trial.extracted);
  return (
    <>
      <div className={classes.verdict}>
        <StatusPill kind="verdict" value={trial.verdict} />
        <div>
          <p className={classes.verdictBy}>
            {rule === undefined ? (
              <>Decided by <span className="bt-outside">{trial.decided_by}</span></>
            ) : (
              <>
                Rule {Number(trial.rule) + 1}: <span className="bt-outside">{ruleText(rule)}</span>
              </>
            )}
          </p>
          {trial.reason != null && <p className="bt-outside">Reason: {trial.reason}</p>}
          {trial.fault && (
            <p className={`bt-outside ${classes.fault ?? ''}`}>
              {plain(trial.fault.kind)}: {trial.fault.detail}
            </p>
          )}
          {follows !== undefined && <p className="bt-dim">With a real lead: {follows}</p>}
          {extracted.length > 0 && (
            <p className="bt-outside">Taken from it: {extracted.map(([name, value]) => `${name} = ${value}`).join(', ')}</p>
          )}
        </div>
      </div>
      <TimingBar timing={trial.timing} />
      {trial.request && <RequestPane request={trial.request} title="What was sent" />}
      {trial.answer ? (
        <AnswerPane answer={trial.answer} title="What was answered" />
      ) : (
        <p className="bt-dim">No complete answer came.</p>
      )}
    </>
  );
}
