import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX, RotateCcw } from 'lucide-react';
import { useId, useState } from 'react';
import { checkSample, type SampleView } from '@/api/campaigns';
import type { JsonObject } from '@/api/merge-patch';
import { asProblem } from '@/api/problem';
import { Note } from '@/components/Note';
import type { FieldRow } from './document';
import { faultOf, type Outcome, outcomeOf, textOf, trialOf, type Typed, verdictOf, withText } from './trial';
import classes from './TryLead.module.css';

const SETTLE_MS = 400;

/** A lead to try on the fields as they stand in the form. The last answer stays until the next. */
export function TryLead({ rows, country }: { rows: readonly FieldRow[]; country: string }) {
  const id = useId();
  const [typed, setTyped] = useState<readonly Typed[]>([]);
  const [focused, setFocused] = useState<string>();
  const [last, setLast] = useState<{ view: SampleView; body: string }>();
  const texts = rows.map((row) => textOf(row, rows, typed, country));
  const now = JSON.stringify(trialOf(rows, texts, country));
  const [body] = useDebouncedValue(now, SETTLE_MS);
  const query = useQuery({
    queryKey: ['try-lead', body],
    queryFn: async ({ signal }) => ({ view: await checkSample(JSON.parse(body) as JsonObject, signal), body }),
    retry: false,
    staleTime: 60_000,
    gcTime: 60_000,
  });
  // Fields that are wrong for a moment do not take away what is known of the others.
  if (query.data && query.data !== last) setLast(query.data);
  const problem = query.error ? asProblem(query.error) : null;
  const answer = query.data ?? last;
  const verdict = verdictOf(answer?.view, problem);
  const tried = answer && triedOf(answer.body);
  return (
    <div className={classes.root} role="group" aria-labelledby={id}>
      <div className={classes.head}>
        <div className={classes.words}>
          <h3 id={id} className={classes.title}>Try a lead</h3>
          <p className={classes.intro}>Values as a caller would post them, by the fields above, saved or not. Nothing is kept.</p>
        </div>
        {typed.length > 0 && (
          <Button variant="subtle" size="compact-sm" className={classes.reset} leftSection={<RotateCcw size={13} />} onClick={() => { setTyped([]); }}>
            Start over
          </Button>
        )}
      </div>
      <ul className={classes.rows}>
        {rows.map((row, at) => {
          const fault = faultOf(problem, at);
          const text = tried?.get(row.field.name.trim()) ?? '';
          const outcome: Outcome | undefined =
            fault !== undefined
              ? { tone: 'bad', text: fault }
              : answer && tried?.has(row.field.name.trim())
                ? outcomeOf(row.field, text, answer.view)
                : undefined;
          return (
            <li key={row.key} className={classes.row}>
              <label htmlFor={`${id}-${row.key}`} className={classes.name}>
                <bdi>{row.field.name === '' ? 'unnamed' : row.field.name}</bdi>
                {row.field.required && <span className={classes.required}> required</span>}
              </label>
              <TextInput
                id={`${id}-${row.key}`}
                size="xs"
                placeholder="nothing"
                autoComplete="off"
                spellCheck={false}
                maxLength={2000}
                value={texts[at] ?? ''}
                aria-describedby={`${id}-${row.key}-outcome`}
                aria-invalid={outcome?.tone === 'bad'}
                onFocus={() => { setFocused(row.key); }}
                onChange={(event) => { setTyped(withText(typed, row, event.currentTarget.value)); }}
              />
              <p
                id={`${id}-${row.key}-outcome`}
                className={classes.outcome}
                data-tone={outcome?.tone}
                // Only what is being written is read out, not all the fields at once.
                aria-live={focused === row.key ? 'polite' : 'off'}
              >
                {outcome && <OutcomeText outcome={outcome} />}
              </p>
            </li>
          );
        })}
      </ul>
      <div role="status" aria-live="polite" className={classes.verdict}>
        {verdict && <Note tone={verdict.tone}>{verdict.text}</Note>}
      </div>
    </div>
  );
}

function OutcomeText({ outcome: { tone, text, value, note } }: { outcome: Outcome }) {
  return (
    <>
      {tone === 'good' && <CircleCheck size={14} aria-hidden="true" />}
      {tone === 'bad' && <CircleX size={14} aria-hidden="true" />}
      <span className={classes.said}>
        {text}
        {value !== undefined && (
          <>
            {' '}
            <bdi className={classes.value}>{value}</bdi>
          </>
        )}
        {note !== undefined && <span> · {note}</span>}
      </span>
    </>
  );
}

/** The texts that were asked about, by field; an empty one was not sent. */
function triedOf(body: string): ReadonlyMap<string, string> {
  const { fields, sample } = JSON.parse(body) as { fields: { name: string }[]; sample: Record<string, string> };
  return new Map(fields.map(({ name }) => [name, Object.hasOwn(sample, name) ? (sample[name] ?? '') : '']));
}
