import { type ReactNode, type Ref, useState } from 'react';
import { moved, MoveButtons } from './MoveButtons';
import classes from './SortableList.module.css';
import type { SortableProps } from './SortableList';

/** The list with its buttons. */
export function SortableRows<Item>(props: SortableProps<Item>) {
  const [said, say] = useState('');
  return (
    <>
      <ol className={classes.list} aria-label={props.label}>
        {props.items.map((item, at) => (
          <SortableRow key={props.itemKey(item)} {...props} item={item} at={at} say={say} />
        ))}
      </ol>
      <span className="bt-hidden" role="status">
        {said}
      </span>
    </>
  );
}

/** One row; `handle` is what it is dragged by. */
export function SortableRow<Item>({
  item,
  at,
  items,
  itemName,
  children,
  onReorder,
  disabled,
  handle,
  rootRef,
  dragging,
  say,
}: SortableProps<Item> & {
  item: Item;
  at: number;
  handle?: ReactNode;
  rootRef?: Ref<HTMLLIElement>;
  dragging?: boolean;
  say: (text: string) => void;
}) {
  const move = (to: number): void => {
    onReorder(moved(items, at, to));
    say(`${itemName(item)} is now number ${String(to + 1)} of ${String(items.length)}`);
  };
  return (
    <li ref={rootRef} className={classes.row} data-dragging={dragging || undefined}>
      {handle}
      <div className={classes.content}>{children(item, at)}</div>
      {!disabled && (
        <div className={classes.buttons}>
          <MoveButtons name={itemName(item)} at={at} count={items.length} onMove={move} />
        </div>
      )}
    </li>
  );
}
