import { type RefObject, useEffect, useRef } from 'react';

/** For a list of tabs that scrolls where the room is small: the chosen one is brought into view. */
export function useTabInView(chosen: string): RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (!list.current || !tab) return;
    // Of the list alone: the page must not move.
    list.current.scrollLeft = tab.offsetLeft - (list.current.clientWidth - tab.offsetWidth) / 2;
  }, [chosen]);
  return list;
}
