import { lazy, type ReactNode, Suspense } from 'react';
import { SortableRows } from './SortableRows';

export interface SortableProps<Item> {
  /** Names the list: "Response rules". */
  label: string;
  items: readonly Item[];
  itemKey: (item: Item) => string;
  /** What an item is called when it is moved: `rule 2, keyword "ok"`. */
  itemName: (item: Item) => string;
  children: (item: Item, at: number) => ReactNode;
  onReorder: (items: Item[]) => void;
  disabled?: boolean;
}

const Drag = lazy(() => import('./SortableDrag'));

/**
 * An ordered list whose order means something. It can be changed by dragging and, always, by the
 * buttons Up and Down. What drags is loaded when the list is first seen; until then the buttons do.
 */
export function SortableList<Item>(props: SortableProps<Item>) {
  const asRows = <SortableRows {...props} />;
  if (props.disabled) return asRows;
  // `lazy` cannot keep the type parameter; the list inside takes items of any type.
  return (
    <Suspense fallback={asRows}>
      <Drag {...(props as unknown as SortableProps<unknown>)} />
    </Suspense>
  );
}
