import { deliveryStates, leadStates, leadStatuses, type Tone, verdicts, type Word, wordOf } from '@/words';
import classes from './StatusPill.module.css';

/** A word with its colour. Plain HTML: lists have hundreds of them. */
export function Pill({ tone, label, title, bare }: { tone: Tone; label: string; title?: string; bare?: boolean }) {
  return (
    <span className={bare ? classes.bare : classes.pill} data-tone={tone} title={title === '' ? undefined : title}>
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.word}>{label}</span>
    </span>
  );
}

/** The pill of a word of the API: its state, verdict or status. */
export function StatusPill({
  kind,
  value,
  bare,
}: {
  kind: 'lead' | 'delivery' | 'verdict' | 'status';
  value: string;
  /** Without a ground: for places where a pill would be too loud. */
  bare?: boolean;
}) {
  const word: Word = wordOf(LISTS[kind], value);
  return <Pill tone={word.tone} label={word.label} title={word.means} {...(bare ? { bare } : {})} />;
}

const LISTS = { lead: leadStates, delivery: deliveryStates, verdict: verdicts, status: leadStatuses };

/** A mark such as "Test" beside a name. */
export function Mark({ children, title }: { children: string; title?: string }) {
  return (
    <span className={classes.mark} title={title}>
      {children}
    </span>
  );
}
