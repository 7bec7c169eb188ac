import { Button, NativeSelect } from '@mantine/core';
import { Copy, Plus, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { asProblem } from '@/api/problem';
import { Note } from '@/components/Note';
import { offerUndo } from '@/components/UndoBar';
import classes from './Destinations.module.css';
import { newKey, type RuleRow, ruleTo } from './document';
import type { Form } from './form';
import { RuleList } from './RuleList';
import { connectorName } from './show';
import { Tester } from './Tester';
import { isTried, type Tried } from './tried';
import { UnmatchedGroups } from './UnmatchedGroups';
import { useEvaluation, warningsByRule } from './use-evaluation';

/** The laboratory of response rules: the rules, an answer to try them on, and what none of them knew. */
export function AnswersTab({ form, tried, onTried }: { form: Form; tried: Tried; onTried: (tried: Tried) => void }) {
  const { draft, change, connector, id } = form;
  const own = draft.responses;
  const [open, setOpen] = useState<string>();
  const rules = own?.map((row) => ruleTo(row.rule)) ?? connector.responses;
  const evaluation = useEvaluation(id, connector.name, rules, tried);
  // What is shown belongs to these rules: while others are asked for, there is nothing to show yet.
  const answered = evaluation.data?.rules.length === rules.length ? evaluation.data : undefined;
  // Before there is an answer to try, only what is doubtful about the rules is worth a word.
  const seen = isTried(tried) ? answered : undefined;
  const problem = evaluation.error ? asProblem(evaluation.error) : undefined;
  const errors = { ...problem?.byField(), ...form.errors };
  // Those of a connector are taken to be right.
  const warnings = own === null || !answered ? [] : warningsByRule(answered.warnings);
  const set = (rows: readonly RuleRow[] | null): void => { change({ responses: rows }); };
  const copy = (): void => {
    set(connector.responses.map((rule) => ({ key: newKey(), rule })));
  };
  const add = (): void => {
    const row: RuleRow = { key: newKey(), rule: { match: 'json_path', path: '$.status', value: '', verdict: 'accepted' } };
    set([...(own ?? []), row]);
    setOpen(row.key);
  };
  return (
    <>
      {id !== undefined && <UnmatchedGroups form={form} id={id} onTry={onTried} />}
      <div className={classes.lab}>
        <div className={classes.labMain}>
          <div className={classes.labHead}>
            <div>
              <h2 className={classes.panelTitle}>
                {own === null ? `The rules of ${connectorName(connector.name)}` : 'Rules of your own'}
              </h2>
              <p className={classes.panelIntro}>
                The first rule that matches decides. If none does, 401, 403, 408, 410, 425, 429 and 5xx have their usual
                meaning, and everything else is unmatched.
              </p>
            </div>
            {form.canWrite && own === null && (
              <Button size="xs" variant="default" leftSection={<Copy size={14} />} onClick={copy}>
                Copy and change
              </Button>
            )}
            {form.canWrite && own !== null && (
              <Button
                size="xs"
                variant="subtle"
                leftSection={<RotateCcw size={14} />}
                onClick={() => {
                  set(null);
                  offerUndo({ text: 'Your rules were dropped for the connector’s', undo: () => { set(own); } });
                }}
              >
                Back to the connector’s
              </Button>
            )}
          </div>
          {own?.length === 0 && (
            <Note tone="warning">Without a rule no lead counts as delivered, and the destination cannot be on.</Note>
          )}
          {warnings.filter((one) => one.rule === undefined).map((one) => (
            <Note key={one.text} tone="warning">{one.text}</Note>
          ))}
          <RuleList
            rows={own ?? connector.responses.map((rule, at) => ({ key: `default-${String(at)}`, rule }))}
            fixed={own === null || !form.canWrite}
            evaluation={seen}
            warnings={warnings}
            errors={errors}
            open={open}
            onOpen={setOpen}
            onChange={set}
          />
          {own !== null && form.canWrite && (
            <div className={classes.mappingFoot}>
              <Button variant="default" size="xs" leftSection={<Plus size={14} />} onClick={add}>
                Add a rule
              </Button>
              {own.length === 0 && (
                <Button variant="default" size="xs" leftSection={<Copy size={14} />} onClick={copy}>
                  Begin with those of {connectorName(connector.name)}
                </Button>
              )}
            </div>
          )}
          <div className={classes.rest}>
            <NativeSelect
              label="An answer that no rule matches"
              miw={260}
              value={draft.on_unmatched}
              onChange={(event) => { change({ on_unmatched: event.currentTarget.value === 'retry' ? 'retry' : 'fail' }); }}
              data={[
                { value: 'fail', label: 'fails the delivery' },
                { value: 'retry', label: 'is tried again by the schedule' },
              ]}
            />
          </div>
        </div>
        <Tester form={form} tried={tried} onTried={onTried} evaluation={seen} problem={problem} rules={rules} />
      </div>
    </>
  );
}
