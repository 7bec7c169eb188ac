import { ActionIcon, Button, Checkbox, Popover, Stack, TextInput } from '@mantine/core';
import { ChevronDown, Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { beginOf, dayOf, endOf } from './days';
import classes from './FilterBar.module.css';
import { useZone } from './time';

/** One thing that can be filtered by. Its value is text in the URL; several are parted by commas. */
export type Filter =
  | { key: string; kind: 'search'; label: string; placeholder?: string }
  | { key: string; kind: 'one' | 'many'; label: string; options: readonly FilterOption[] }
  | { key: string; kind: 'toggle'; label: string }
  | { key: string; until: string; kind: 'dates'; label: string };

export interface FilterOption {
  value: string;
  label: string;
  /** Before the label: a dot, an icon. */
  mark?: ReactNode;
}

export type FilterValues = Readonly<Record<string, string | undefined>>;

/** How long after the last key the search is put into the URL. */
const SEARCH_MS = 250;

/**
 * The filters of a list. It keeps nothing: `values` come from the URL's search and `onChange` gives
 * what to merge into it, `undefined` for what goes.
 */
export function FilterBar({
  filters,
  values,
  onChange,
  children,
}: {
  filters: readonly Filter[];
  values: FilterValues;
  onChange: (patch: Record<string, string | undefined>) => void;
  /** On the right: saved views, an export. */
  children?: ReactNode;
}) {
  const keys = filters.flatMap((filter) => (filter.kind === 'dates' ? [filter.key, filter.until] : [filter.key]));
  const active = keys.some((key) => isSet(values[key]));
  return (
    <div className={classes.root} role="search" aria-label="Filters">
      {filters.map((filter) => (
        <One key={filter.key} filter={filter} values={values} onChange={onChange} />
      ))}
      {active && (
        <Button
          variant="subtle"
          size="xs"
          className={classes.clear}
          onClick={() => {
            onChange(Object.fromEntries(keys.map((key) => [key, undefined])));
          }}
        >
          Clear
        </Button>
      )}
      {children !== undefined && <div className={classes.rest}>{children}</div>}
    </div>
  );
}

/** Whether any of these filters is on: then an empty list says "nothing matches". */
export function hasFilters(values: FilterValues): boolean {
  return Object.values(values).some(isSet);
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

interface Part<F> {
  filter: F;
  values: FilterValues;
  onChange: (patch: Record<string, string | undefined>) => void;
}

function One({ filter, ...rest }: Part<Filter>) {
  if (filter.kind === 'search') return <SearchFilter filter={filter} {...rest} />;
  if (filter.kind === 'dates') return <DatesFilter filter={filter} {...rest} />;
  if (filter.kind === 'toggle') return <ToggleFilter filter={filter} {...rest} />;
  return <ChoiceFilter filter={filter} {...rest} />;
}

function SearchFilter({ filter, values, onChange }: Part<Extract<Filter, { kind: 'search' }>>) {
  const saved = values[filter.key] ?? '';
  const [text, setText] = useState(saved);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sent = useRef(saved);
  useEffect(() => {
    // Back, or "Clear": the URL says something that was not typed here.
    if (saved !== sent.current) setText(saved);
    sent.current = saved;
  }, [saved]);
  useEffect(() => () => {
    clearTimeout(timer.current);
  }, []);
  const send = (value: string): void => {
    clearTimeout(timer.current);
    sent.current = value.trim();
    onChange({ [filter.key]: value.trim() === '' ? undefined : value.trim() });
  };
  return (
    <TextInput
      className={classes.search}
      size="xs"
      type="search"
      aria-label={filter.label}
      placeholder={filter.placeholder ?? filter.label}
      leftSection={<Search size={14} aria-hidden="true" />}
      value={text}
      onChange={(event) => {
        const { value } = event.currentTarget;
        setText(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
          send(value);
        }, SEARCH_MS);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') send(text);
      }}
      rightSection={
        text === '' ? null : (
          <ActionIcon
            size={22}
            aria-label={`Clear ${filter.label.toLowerCase()}`}
            onClick={() => {
              setText('');
              send('');
            }}
          >
            <X size={13} />
          </ActionIcon>
        )
      }
    />
  );
}

function ChoiceFilter({ filter, values, onChange }: Part<Extract<Filter, { kind: 'one' | 'many' }>>) {
  const chosen = (values[filter.key] ?? '').split(',').filter((part) => part !== '');
  const many = filter.kind === 'many';
  const set = (value: string): void => {
    const has = chosen.includes(value);
    const rest = many ? chosen.filter((other) => other !== value) : [];
    const next = has ? rest : [...rest, value];
    onChange({ [filter.key]: next.length === 0 ? undefined : next.join(',') });
  };
  const names = chosen.map((value) => filter.options.find((option) => option.value === value)?.label ?? value);
  return (
    <Chip label={filter.label} value={names.length > 2 ? `${String(names.length)} chosen` : names.join(', ')}>
      <Stack gap={2} className={classes.options}>
        {filter.options.length === 0 && <span className="bt-dim">Nothing to choose from.</span>}
        {filter.options.map((option) => (
          <Checkbox
            key={option.value}
            size="xs"
            className={classes.option}
            radius={many ? 'sm' : 'xl'}
            checked={chosen.includes(option.value)}
            onChange={() => {
              set(option.value);
            }}
            label={
              <span className={classes.optionLabel}>
                {option.mark}
                <span className="bt-outside">{option.label}</span>
              </span>
            }
          />
        ))}
      </Stack>
    </Chip>
  );
}

function ToggleFilter({ filter, values, onChange }: Part<Extract<Filter, { kind: 'toggle' }>>) {
  const on = values[filter.key] === 'true';
  return (
    <button
      type="button"
      className={classes.chip}
      aria-pressed={on}
      data-on={on || undefined}
      onClick={() => {
        onChange({ [filter.key]: on ? undefined : 'true' });
      }}
    >
      {filter.label}
    </button>
  );
}

const DAY_MS = 86_400_000;
const SPANS: readonly (readonly [label: string, days: number])[] = [
  ['Last 24 hours', 1],
  ['Last 7 days', 7],
  ['Last 30 days', 30],
  ['Last 90 days', 90],
];

function DatesFilter({ filter, values, onChange }: Part<Extract<Filter, { kind: 'dates' }>>) {
  const zone = useZone();
  const from = values[filter.key];
  const until = values[filter.until];
  const set = (since: string | undefined, end: string | undefined): void => {
    onChange({ [filter.key]: since, [filter.until]: end });
  };
  return (
    <Chip label={filter.label} value={spanText(from, until, zone)}>
      <Stack gap="xs">
        {SPANS.map(([label, days]) => (
          <Button
            key={label}
            variant="subtle"
            size="xs"
            justify="flex-start"
            onClick={() => {
              // Whole minutes: the same span pressed again soon is the same query.
              const now = Math.floor(Date.now() / 60_000) * 60_000;
              set(new Date(now - days * DAY_MS).toISOString(), undefined);
            }}
          >
            {label}
          </Button>
        ))}
        <TextInput
          size="xs"
          type="date"
          label="From"
          value={dayAt(from, zone)}
          onChange={(event) => {
            const { value } = event.currentTarget;
            set(beginOf(value, zone), until);
          }}
        />
        <TextInput
          size="xs"
          type="date"
          label="To (with this day)"
          value={dayAt(until, zone, -1)}
          onChange={(event) => {
            const { value } = event.currentTarget;
            set(from, endOf(value, zone));
          }}
        />
        <span className="bt-dim">Days are those of {zone}.</span>
      </Stack>
    </Chip>
  );
}

/** The day of a time in the URL, which may be anything. */
function dayAt(at: string | undefined, zone: string, shift = 0): string {
  const ms = at === undefined ? NaN : Date.parse(at);
  return Number.isNaN(ms) ? '' : dayOf(ms + shift, zone);
}

function spanText(from: string | undefined, until: string | undefined, zone: string): string {
  const [first, last] = [dayAt(from, zone), dayAt(until, zone, -1)];
  if (first !== '' && last !== '') return first === last ? first : `${first} to ${last}`;
  if (first !== '') return `since ${first}`;
  return last === '' ? '' : `until ${last}`;
}

function Chip({ label, value, children }: { label: string; value: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className={classes.chip}
          data-on={value !== '' || undefined}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <span>{value === '' ? label : `${label}:`}</span>
          {value !== '' && <strong className="bt-cut">{value}</strong>}
          <ChevronDown size={13} aria-hidden="true" />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>{children}</Popover.Dropdown>
    </Popover>
  );
}
