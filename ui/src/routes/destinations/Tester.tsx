import { Select, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { answerOf, type AnswerView, type Evaluation, recentDeliveries, type ResponseRule } from '@/api/destinations';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { Note } from '@/components/Note';
import { ProblemPanel } from '@/components/ProblemPanel';
import { StatusPill } from '@/components/StatusPill';
import { relative, useNow, useZone } from '@/components/time';
import { deliveryStates, wordOf } from '@/words';
import classes from './Destinations.module.css';
import type { Form } from './form';
import { followsText, ruleText } from './show';
import type { Tried } from './tried';

/** An answer to try the rules on, pasted or picked, and what they make of it. */
export function Tester({
  form,
  tried,
  onTried,
  evaluation,
  problem,
  rules,
}: {
  form: Form;
  tried: Tried;
  onTried: (tried: Tried) => void;
  evaluation: Evaluation | undefined;
  problem: Problem | undefined;
  rules: readonly ResponseRule[];
}) {
  return (
    <aside className={classes.tester} aria-label="Try an answer">
      <h2 className={classes.panelTitle}>
        <FlaskConical size={16} aria-hidden="true" /> Try an answer
      </h2>
      {form.id !== undefined && <Picker id={form.id} tried={tried} onTried={onTried} />}
      <div className={classes.triedRow}>
        <TextInput
          size="xs"
          label="Status"
          inputMode="numeric"
          value={tried.status}
          error={/^[1-9]\d\d$/.test(tried.status) ? undefined : 'Three digits.'}
          onChange={(event) => { onTried({ ...tried, deliveryId: undefined, status: event.currentTarget.value.slice(0, 3) }); }}
        />
        <TextInput
          size="xs"
          label="Content type"
          placeholder="application/json"
          value={tried.contentType}
          onChange={(event) => { onTried({ ...tried, deliveryId: undefined, contentType: event.currentTarget.value }); }}
        />
      </div>
      <Textarea
        label="Body"
        placeholder="Paste what the receiver answers"
        autosize
        minRows={5}
        maxRows={16}
        spellCheck={false}
        classNames={{ input: classes.code ?? '' }}
        value={tried.body}
        onChange={(event) => { onTried({ ...tried, deliveryId: undefined, body: event.currentTarget.value }); }}
      />
      {problem && <ProblemPanel error={problem} title="The rules cannot be tried" />}
      <div role="status">
        {evaluation && !problem && <Verdict evaluation={evaluation} form={form} rules={rules} />}
      </div>
    </aside>
  );
}

function Picker({ id, tried, onTried }: { id: string; tried: Tried; onTried: (tried: Tried) => void }) {
  const can = useCan('leads:read');
  const now = useNow();
  const timeZone = useZone();
  const { data: deliveries } = useQuery({ ...recentDeliveries(id), enabled: can });
  const pick = useMutation<AnswerView | null, Problem, string>({
    mutationFn: answerOf,
    onSuccess: (answer, deliveryId) => {
      if (answer) onTried(triedFrom(answer, deliveryId));
    },
  });
  const rows = (deliveries ?? []).filter((row) => row.attempts > 0);
  if (!can || rows.length === 0) return null;
  return (
    <>
      <Select
        size="xs"
        label="A recent answer"
        placeholder="Choose, or write one below"
        data={rows.map((row) => ({
          value: row.id,
          label: `${wordOf(deliveryStates, row.state).label}, ${relative(Date.parse(row.updated_at), now, timeZone)}${row.note == null ? '' : `: ${row.note}`}`,
        }))}
        value={tried.deliveryId !== undefined && rows.some((row) => row.id === tried.deliveryId) ? tried.deliveryId : null}
        onChange={(value) => { if (value !== null) pick.mutate(value); }}
      />
      {pick.data === null && <Note tone="neutral">That delivery got no complete answer.</Note>}
      {pick.error && <ProblemPanel error={pick.error} />}
    </>
  );
}

/** A recorded answer in the tester. */
export function triedFrom(answer: AnswerView, deliveryId: string): Tried {
  const type = answer.headers.find((header) => header.name.toLowerCase() === 'content-type')?.value ?? '';
  return { status: String(answer.status), body: answer.body, contentType: type, deliveryId };
}

function Verdict({ evaluation, form, rules }: { evaluation: Evaluation; form: Form; rules: readonly ResponseRule[] }) {
  const rule = evaluation.rule == null ? undefined : rules[evaluation.rule];
  const follows = followsText(evaluation.verdict, form);
  const extracted = Object.entries(evaluation.extracted);
  return (
    <div className={classes.verdict}>
      <StatusPill kind="verdict" value={evaluation.verdict} />
      <div>
        <p className={classes.verdictBy}>
          {rule === undefined ? (
            <span className="bt-outside">{evaluation.decided_by}</span>
          ) : (
            <>
              Rule {Number(evaluation.rule) + 1}: <span className="bt-outside">{ruleText(rule)}</span>
            </>
          )}
        </p>
        {evaluation.reason != null && <p className="bt-outside">Reason: {evaluation.reason}</p>}
        {extracted.length > 0 && (
          <p className="bt-outside">Taken from it: {extracted.map(([name, value]) => `${name} = ${value}`).join(', ')}</p>
        )}
        {follows !== undefined && <p className="bt-dim">{follows}</p>}
      </div>
    </div>
  );
}
