import { ActionIcon } from '@mantine/core';
import { ChevronDown, ChevronUp } from 'lucide-react';
import { useEffect, useRef } from 'react';
import classes from './MoveButtons.module.css';

/**
 * Moves a row of a list up or down. The focus stays with the row that moves; at an end of the list
 * it goes to the button that still does something.
 */
export function MoveButtons({
  name,
  at,
  count,
  onMove,
}: {
  name: string;
  at: number;
  count: number;
  onMove: (to: number) => void;
}) {
  const up = useRef<HTMLButtonElement>(null);
  const down = useRef<HTMLButtonElement>(null);
  /** Which of them was pressed, until the row is where it moved to. */
  const pressed = useRef<'up' | 'down' | undefined>(undefined);
  useEffect(() => {
    if (pressed.current === undefined) return;
    const [same, other] = pressed.current === 'up' ? [up, down] : [down, up];
    pressed.current = undefined;
    const button = same.current?.disabled ? other : same;
    button.current?.focus();
  }, [at]);
  return (
    <>
      <ActionIcon
        ref={up}
        className={classes.button ?? ''}
        size={26}
        aria-label={`Move ${name} up`}
        disabled={at === 0}
        onClick={() => {
          pressed.current = 'up';
          onMove(at - 1);
        }}
      >
        <ChevronUp size={15} />
      </ActionIcon>
      <ActionIcon
        ref={down}
        className={classes.button ?? ''}
        size={26}
        aria-label={`Move ${name} down`}
        disabled={at === count - 1}
        onClick={() => {
          pressed.current = 'down';
          onMove(at + 1);
        }}
      >
        <ChevronDown size={15} />
      </ActionIcon>
    </>
  );
}

/** The items with one of them at another place. */
export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const next = [...items];
  const [item] = next.splice(from, 1);
  if (item !== undefined) next.splice(to, 0, item);
  return next;
}
