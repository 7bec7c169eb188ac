import type { CSSProperties } from 'react';
import { makeStore, useStore } from '@/api/store';
import { deliveryStates, leadStates, leadStatuses, type Tone, verdicts, type Word, wordOf } from '@/words';
import classes from './StatusPill.module.css';

/** A word with its colour. Plain HTML: lists have hundreds of them. */
export function Pill({
  tone,
  label,
  title,
  bare,
  colour,
}: {
  tone: Tone;
  label: string;
  title?: string;
  bare?: boolean;
  /** Of the dot, instead of the tone's. */
  colour?: string | undefined;
}) {
  const style = colour === undefined ? undefined : ({ '--dot': colour } as CSSProperties);
  return (
    <span className={bare ? classes.bare : classes.pill} data-tone={tone} title={title === '' ? undefined : title} style={style}>
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.word}>{label}</span>
    </span>
  );
}

/** Colours that the workspace gave its statuses, by name; the shell sets them. */
export const statusColours = makeStore<Readonly<Record<string, string>>>({});

/** The pill of a word of the API: its state, verdict or status. */
export function StatusPill({
  kind,
  value,
  bare = false,
}: {
  kind: 'lead' | 'delivery' | 'verdict' | 'status';
  value: string;
  /** Without a ground: for places where a pill would be too loud. */
  bare?: boolean;
}) {
  if (kind === 'status') return <OwnStatus value={value} bare={bare} />;
  const word: Word = wordOf(LISTS[kind], value);
  return <Pill tone={word.tone} label={word.label} title={word.means} bare={bare} />;
}

const LISTS = { lead: leadStates, delivery: deliveryStates, verdict: verdicts };

/** A status in the colour of the workspace, else in that of the word; a ground of another colour would clash. */
function OwnStatus({ value, bare }: { value: string; bare: boolean }) {
  const { tone, colour } = useStatusColour(value);
  const word = wordOf(leadStatuses, value);
  return <Pill tone={tone} label={word.label} title={word.means} bare={bare} colour={colour} />;
}

/** The dot of a status, for where its word stands beside it. */
export function StatusDot({ value }: { value: string }) {
  const { tone, colour } = useStatusColour(value);
  return <Pill bare tone={tone} label="" colour={colour} />;
}

function useStatusColour(value: string): { tone: Tone; colour: string | undefined } {
  const colours = useStore(statusColours);
  const colour = Object.hasOwn(colours, value) ? colours[value] : undefined;
  return { tone: colour === undefined ? wordOf(leadStatuses, value).tone : 'neutral', colour };
}

/** A mark such as "Test" beside a name. */
export function Mark({ children, title }: { children: string; title?: string }) {
  return (
    <span className={classes.mark} title={title}>
      {children}
    </span>
  );
}
