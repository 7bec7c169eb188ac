import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Portal } from '@mantine/core';
import { makeStore, useStore } from '@/api/store';
import classes from './UndoBar.module.css';

/** How long something can be undone. */
export const UNDO_MS = 8_000;

interface Undoable {
  text: string;
  /** Does it in earnest, when the time is over. Left out when it is done already. */
  commit?: () => void;
  undo: () => void;
}

const current = makeStore<Undoable | undefined>(undefined);

/**
 * Says what was done and offers to undo it for 8 seconds. With `commit` nothing is done before the
 * time is over; it is also done at once when the next undoable thing comes, or the page is left.
 */
export function offerUndo(next: Undoable): void {
  finish();
  current.set(next);
}

/** Does what waits, at once. */
function finish(): void {
  const waiting = current.get();
  current.set(undefined);
  waiting?.commit?.();
}

/** The bar; the shell has it. */
export function UndoBar() {
  const item = useStore(current);
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    if (!item || paused) return undefined;
    const timer = setTimeout(finish, UNDO_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [item, paused]);
  useEffect(() => {
    window.addEventListener('pagehide', finish);
    return () => {
      window.removeEventListener('pagehide', finish);
    };
  }, []);
  return (
    <Portal>
      <div role="status" className={classes.place}>
        {item && (
          <div
            className={classes.bar}
            // Who reads or reaches for it has the time to.
            onMouseEnter={() => { setPaused(true); }}
            onMouseLeave={() => { setPaused(false); }}
            onFocus={() => { setPaused(true); }}
            onBlur={() => { setPaused(false); }}
          >
            <span className="bt-outside">{item.text}</span>
            <Button
              size="xs"
              variant="white"
              onClick={() => {
                current.set(undefined);
                setPaused(false);
                item.undo();
              }}
            >
              Undo
            </Button>
          </div>
        )}
      </div>
    </Portal>
  );
}
