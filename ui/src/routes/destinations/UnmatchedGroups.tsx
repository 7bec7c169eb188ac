import { Button, NativeSelect } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  addGroupRule,
  type Destination,
  destinationQuery,
  type UnmatchedGroup,
  unmatchedAnswers,
  type Verdict,
} from '@/api/destinations';
import type { Problem } from '@/api/problem';
import type { Loaded } from '@/api/use-editor';
import { useCan } from '@/api/use-me';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { toast } from '@/components/toast';
import { verdicts } from '@/words';
import classes from './Destinations.module.css';
import { newKey } from './document';
import type { Form } from './form';
import { ruleText } from './show';
import { triedFrom } from './Tester';
import type { Tried } from './tried';

/** A guess is never a success, but a person may know that it was one. */
const MEANINGS: readonly Verdict[] = ['rejected', 'duplicate', 'invalid', 'cap_reached', 'accepted', 'queued', 'transient', 'rate_limited', 'auth_or_config'];

/** Answers of the last days that no rule knew, by shape; each becomes a rule by one press. */
export function UnmatchedGroups({ form, id, onTry }: { form: Form; id: string; onTry: (tried: Tried) => void }) {
  const can = useCan('leads:read');
  const query = useQuery({ ...unmatchedAnswers(id), enabled: can });
  if (query.error) {
    return <ProblemPanel error={query.error} title="Unmatched answers could not be loaded" onRetry={() => void query.refetch()} />;
  }
  const groups = query.data?.data ?? [];
  if (groups.length === 0) return null;
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  return (
    <section className={classes.unmatched} aria-label="Unmatched answers">
      <h2 className={classes.panelTitle}>
        {count === 1 ? '1 answer' : `${String(count)} answers`} of the last 7 days that no rule knows
      </h2>
      <ul>
        {groups.map((group) => (
          <Group key={group.id} group={group} form={form} id={id} onTry={onTry} />
        ))}
      </ul>
    </section>
  );
}

function Group({ group, form, id, onTry }: { group: UnmatchedGroup; form: Form; id: string; onTry: (tried: Tried) => void }) {
  const client = useQueryClient();
  const [verdict, setVerdict] = useState<Verdict>(group.suggested_rule.verdict);
  const dirty = Object.keys(form.trial).some((key) => key !== 'id');
  const rule = { ...group.suggested_rule, verdict };
  const add = useMutation<Loaded<Destination>, Problem>({
    mutationFn: async () => {
      const key = destinationQuery(id).queryKey;
      const etag = client.getQueryData(key)?.etag ?? '';
      return addGroupRule(id, group.id, { verdict }, etag);
    },
    onSuccess: async (loaded) => {
      client.setQueryData(destinationQuery(id).queryKey, loaded);
      toast('The rule is added and saved');
      await client.invalidateQueries({ queryKey: unmatchedAnswers(id).queryKey });
    },
  });
  const press = (): void => {
    if (!dirty) {
      add.mutate();
      return;
    }
    // With other changes in the form, the rule joins them and is saved with them.
    const rows = form.draft.responses ?? form.connector.responses.map((one) => ({ key: newKey(), rule: one }));
    form.change({ responses: [...rows, { key: newKey(), rule }] });
    toast('The rule is added to your unsaved changes');
  };
  return (
    <li className={classes.group}>
      <div className={classes.groupCount}>
        <b className="bt-num">{group.count}×</b>
        <span className="bt-dim">
          last <RelativeTime at={group.last_at} />
        </span>
      </div>
      <div className={classes.groupWords}>
        <p className="bt-outside">{group.summary}</p>
        <pre className={classes.groupBody} tabIndex={0} aria-label="The last of these answers">
          {group.example.answer.body.slice(0, BODY_CHARS)}
        </pre>
        <p className="bt-dim bt-outside">Rule: {ruleText(group.suggested_rule)}</p>
        {add.error && <ProblemPanel error={add.error} title="The rule was not added" />}
      </div>
      <div className={classes.groupButtons}>
        <Button size="xs" variant="subtle" onClick={() => { onTry(triedFrom(group.example.answer, group.example.delivery_id)); }}>
          Try it
        </Button>
        {form.canWrite && (
          <>
            <NativeSelect
              size="xs"
              aria-label="What these answers mean"
              value={verdict}
              data={MEANINGS.map((value) => ({ value, label: verdicts[value]?.label ?? value }))}
              onChange={(event) => { setVerdict(MEANINGS.find((one) => one === event.currentTarget.value) ?? verdict); }}
            />
            <Button size="xs" loading={add.isPending} onClick={press}>
              Make a rule
            </Button>
          </>
        )}
      </div>
    </li>
  );
}

/** Enough to know an answer by. */
const BODY_CHARS = 600;
