import { move } from '@dnd-kit/helpers';
import { DragDropProvider } from '@dnd-kit/react';
import { useSortable } from '@dnd-kit/react/sortable';
import { GripVertical } from 'lucide-react';
import { useState } from 'react';
import classes from './SortableList.module.css';
import type { SortableProps } from './SortableList';
import { SortableRow } from './SortableRows';

/** The list with rows that can be dragged, by mouse, finger or keyboard. */
export default function SortableDrag<Item>(props: SortableProps<Item>) {
  const [said, say] = useState('');
  const keys = props.items.map(props.itemKey);
  return (
    <DragDropProvider
      onDragEnd={(event) => {
        if (event.canceled) return;
        const order = move(keys, event);
        const byKey = new Map(props.items.map((item) => [props.itemKey(item), item]));
        const next = order.flatMap((key) => byKey.get(String(key)) ?? []);
        if (order.some((key, at) => key !== keys[at])) props.onReorder(next);
      }}
    >
      <ol className={classes.list} aria-label={props.label}>
        {props.items.map((item, at) => (
          <Row key={props.itemKey(item)} {...props} item={item} at={at} say={say} />
        ))}
      </ol>
      <span className="bt-hidden" role="status">
        {said}
      </span>
    </DragDropProvider>
  );
}

function Row<Item>(props: SortableProps<Item> & { item: Item; at: number; say: (text: string) => void }) {
  const { ref, handleRef, isDragging } = useSortable({ id: props.itemKey(props.item), index: props.at });
  return (
    <SortableRow
      {...props}
      rootRef={ref}
      dragging={isDragging}
      handle={
        <button
          type="button"
          ref={handleRef}
          className={classes.handle}
          aria-label={`Drag ${props.itemName(props.item)}`}
        >
          <GripVertical size={15} aria-hidden="true" />
        </button>
      }
    />
  );
}
