import { ActionIcon, Button, Popover, TextInput } from '@mantine/core';
import { Lock, Plus, X } from 'lucide-react';
import { useLayoutEffect, useRef, useState } from 'react';
import { SortableList } from '@/components/SortableList';
import { leadStatuses, wordOf } from '@/words';
import { STATUS_FIRST, type Status, STATUSES_MAX } from './api';
import classes from './Settings.module.css';

/** Colours that are told apart, on light and on dark. */
const COLOURS: readonly (readonly [hex: string, name: string])[] = [
  ['#2b8ac6', 'Blue'],
  ['#0e7490', 'Petrol'],
  ['#2a9d5c', 'Green'],
  ['#8a9a1b', 'Olive'],
  ['#d98a12', 'Amber'],
  ['#d6613a', 'Orange'],
  ['#d63a2c', 'Red'],
  ['#c2408f', 'Pink'],
  ['#7f63cf', 'Violet'],
  ['#78828b', 'Grey'],
];

interface Row {
  id: number;
  status: Status;
}

/** The words for how far people are with a lead: their names, colours and order. */
export function StatusesField({
  statuses,
  onChange,
  faults,
  readOnly,
}: {
  statuses: readonly Status[];
  onChange: (statuses: Status[]) => void;
  faults: Readonly<Record<number, string>>;
  readOnly: boolean;
}) {
  const rows = useRows(statuses);
  const list = useRef<HTMLDivElement>(null);
  const added = useRef(false);
  useLayoutEffect(() => {
    if (!added.current) return;
    added.current = false;
    list.current?.querySelector<HTMLInputElement>('li:last-child input')?.focus();
  }, [statuses.length]);
  const set = (at: number, patch: Partial<Status>): void => {
    onChange(statuses.map((status, other) => (other === at ? { ...status, ...patch } : status)));
  };
  return (
    <div ref={list}>
      <SortableList
        label="Statuses"
        items={rows}
        itemKey={(row) => String(row.id)}
        itemName={(row) => `status ${row.status.name === '' ? 'without a name' : row.status.name}`}
        onReorder={(next) => { onChange(next.map((row) => row.status)); }}
        disabled={readOnly}
      >
        {({ status }, at) => (
          <div className={classes.status}>
            <Colour status={status} disabled={readOnly} onChange={(colour) => { set(at, { colour }); }} />
            <TextInput
              className={classes.statusName}
              size="xs"
              aria-label={`Name of status ${String(at + 1)}`}
              maxLength={50}
              readOnly={readOnly || status.name === STATUS_FIRST}
              rightSection={status.name === STATUS_FIRST ? <Lock size={13} aria-label="Every lead begins with it, so it stays" /> : undefined}
              value={status.name}
              error={faults[at]}
              onChange={(event) => {
                const { value } = event.currentTarget;
                // That word is one that stays; writing it here would lock the row.
                if (value !== STATUS_FIRST) set(at, { name: value });
              }}
            />
            {!readOnly && status.name !== STATUS_FIRST && (
              <ActionIcon size={26} aria-label={`Take ${status.name === '' ? 'the status' : status.name} away`} onClick={() => { onChange(statuses.filter((_, other) => other !== at)); }}>
                <X size={14} />
              </ActionIcon>
            )}
          </div>
        )}
      </SortableList>
      {!readOnly && statuses.length < STATUSES_MAX && (
        <Button
          mt="xs"
          size="xs"
          variant="default"
          leftSection={<Plus size={14} />}
          onClick={() => {
            added.current = true;
            onChange([...statuses, { name: '', colour: null }]);
          }}
        >
          Add a status
        </Button>
      )}
    </div>
  );
}

/** The statuses with an identity that stays while names are written and the order changes. */
function useRows(statuses: readonly Status[]): Row[] {
  const [known, setKnown] = useState<Row[]>(() => withIds(statuses, []));
  const same = known.length === statuses.length && known.every((row, at) => row.status === statuses[at]);
  if (same) return known;
  const rows = withIds(statuses, known);
  setKnown(rows);
  return rows;
}

/** Gives each status the id it had: as it is, wherever it stands now, or changed at its place. */
export function withIds(statuses: readonly Status[], known: readonly Row[]): Row[] {
  const first = Math.max(0, ...known.map((row) => row.id)) + 1;
  const gone = (row: Row | undefined): row is Row => row !== undefined && !statuses.includes(row.status);
  return statuses.map((status, at) => {
    const row = known.find((other) => other.status === status) ?? (statuses.length === known.length && gone(known[at]) ? known[at] : undefined);
    return { id: row?.id ?? first + at, status };
  });
}

function Colour({ status, disabled, onChange }: { status: Status; disabled: boolean; onChange: (colour: string | null) => void }) {
  const [open, setOpen] = useState(false);
  const name = COLOURS.find(([hex]) => hex === status.colour?.toLowerCase())?.[1] ?? status.colour ?? 'by itself';
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={classes.colour} disabled={disabled} aria-label={`Colour of ${status.name === '' ? 'the status' : status.name}: ${name}`} onClick={() => { setOpen(!open); }}>
          <span style={{ background: status.colour ?? `var(--bt-tone-${wordOf(leadStatuses, status.name).tone}-dot)` }} />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Colour">
        <div className={classes.colours}>
          {COLOURS.map(([hex, label]) => (
            <button key={hex} type="button" className={classes.colour} aria-label={label} aria-pressed={hex === status.colour} onClick={() => { onChange(hex); setOpen(false); }}>
              <span style={{ background: hex }} />
            </button>
          ))}
        </div>
        <Button mt={6} size="compact-xs" variant="subtle" onClick={() => { onChange(null); setOpen(false); }}>By itself</Button>
      </Popover.Dropdown>
    </Popover>
  );
}
