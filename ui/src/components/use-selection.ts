import { useState } from 'react';

/** The selected rows of a list; rows that went away are not selected any more. */
export function useSelection(keys: readonly string[] | undefined): {
  selected: ReadonlySet<string>;
  select: (next: ReadonlySet<string>) => void;
  clear: () => void;
} {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const there = new Set(keys ?? []);
  const selected = new Set([...chosen].filter((key) => there.has(key)));
  return {
    selected,
    select: setChosen,
    clear: () => {
      setChosen(new Set());
    },
  };
}
