import { Button } from '@mantine/core';
import { SearchX } from 'lucide-react';
import { memo, type ReactNode, useEffect, useMemo, useState } from 'react';
import { useKeys } from '@/app/keyboard';
import { EmptyState } from './EmptyState';
import { ProblemPanel } from './ProblemPanel';
import classes from './DataTable.module.css';
import { usePhone } from './use-phone';

export interface Column<Row> {
  id: string;
  header: string;
  /** Plain HTML and own components only: lists have hundreds of cells. */
  cell: (row: Row) => ReactNode;
  align?: 'right';
  /** A CSS width. Without one the column shares what is left. */
  width?: string;
  /** Its place on the card that a row becomes on a phone. Without one it is left out there. */
  card?: 'title' | 'side' | 'line';
  /** Columns that go first when a panel narrows the table. */
  optional?: boolean;
}

/** The parts of a query that a table looks at. */
export interface TableState {
  isPending: boolean;
  isFetching: boolean;
  isPlaceholderData?: boolean;
  error: unknown;
  refetch: () => unknown;
}

export interface DataTableProps<Row> {
  /** For people who hear the page: "API keys". */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined;
  rowKey: (row: Row) => string;
  state: TableState;
  /**
   * Makes the link of a row around what stands in its title (its first column without one); every row has it. It says
   * where the row leads and nothing else: it is not asked again while row and columns are the same.
   */
  link?: (row: Row, children: ReactNode) => ReactNode;
  /** Opens a row by the keyboard; usually it navigates to where the link goes. */
  onOpen?: (row: Row) => void;
  /** The row that is open in a panel. */
  openKey?: string | undefined;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  /** A word for a row, for its checkbox: "Select Ada Lovelace". */
  rowName?: (row: Row) => string;
  /** Asked by the key `r` for the row under the focus. */
  onResend?: (row: Row) => void;
  /** Rows that count less: revoked, disabled. */
  isDim?: (row: Row) => boolean;
  /** What stands there when there is nothing at all yet. */
  empty: ReactNode;
  /** Set when filters are on: then nothing found is said in other words. */
  onClearFilters?: (() => void) | undefined;
  /** Narrowed by a panel: optional columns go. */
  narrow?: boolean;
  more?: { has: boolean; loading: boolean; load: () => void };
}

const SKELETON_ROWS = 8;

/** A list of things, as a table, and as cards on a phone; loading, empty and error included. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { rows, state, columns, narrow } = props;
  const phone = usePhone();
  const list = useListKeys(props);
  const shown = useMemo(() => (narrow ? columns.filter((column) => !column.optional) : columns), [narrow, columns]);
  if (state.error != null && rows === undefined) {
    return <ProblemPanel error={state.error} onRetry={() => void state.refetch()} />;
  }
  if (rows?.length === 0 && !state.isPending) return <Nothing {...props} />;
  const stale = state.isFetching && rows !== undefined;
  return (
    <div className={classes.root} data-stale={state.isPlaceholderData || undefined} aria-busy={state.isFetching}>
      <div className={classes.bar} data-on={stale || undefined} aria-hidden="true" />
      {state.error != null && <ProblemPanel error={state.error} onRetry={() => void state.refetch()} />}
      {phone ? <Cards {...props} /> : <Table {...props} columns={shown} list={list} />}
      {props.more?.has && (
        <div className={classes.more}>
          <Button variant="default" loading={props.more.loading} onClick={props.more.load}>
            Show more
          </Button>
        </div>
      )}
    </div>
  );
}

interface ListKeys {
  setRoot: (root: HTMLTableSectionElement | null) => void;
  focus: string | undefined;
  setFocus: (key: string | undefined) => void;
}

/** The keys of lists: j and k move, Enter opens, x selects, r resends. */
function useListKeys<Row>(props: DataTableProps<Row>): ListKeys {
  const [focus, setFocus] = useState<string>();
  const [root, setRoot] = useState<HTMLTableSectionElement | null>(null);
  const rows = props.rows ?? [];
  const at = rows.findIndex((row) => props.rowKey(row) === (focus ?? props.openKey));
  const move = (by: 1 | -1): void => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    if (next === undefined) return;
    setFocus(props.rowKey(next));
    // With a panel open, moving shows the next one in it.
    if (props.openKey !== undefined) props.onOpen?.(next);
  };
  const current = at < 0 ? undefined : rows[at];
  useKeys([
    { keys: 'j', label: 'Next row', group: 'Lists', run: () => { move(1); } },
    { keys: 'k', label: 'Previous row', group: 'Lists', run: () => { move(-1); } },
  ], rows.length > 0);
  useKeys([
    { keys: 'Enter', label: 'Open the row', group: 'Lists', run: () => { if (current) props.onOpen?.(current); } },
  ], rows.length > 0 && props.onOpen !== undefined);
  useKeys([
    {
      keys: 'x',
      label: 'Select the row',
      group: 'Lists',
      run: () => { if (current) props.onSelect?.(toggled(props.selected, props.rowKey(current))); },
    },
  ], rows.length > 0 && props.onSelect !== undefined);
  useKeys([
    { keys: 'r', label: 'Resend', group: 'Lists', run: () => { if (current) props.onResend?.(current); } },
  ], rows.length > 0 && props.onResend !== undefined);
  useEffect(() => {
    if (focus === undefined) return;
    const row = root?.querySelector(`[data-row="${CSS.escape(focus)}"]`);
    row?.scrollIntoView({ block: 'nearest' });
    // The link takes the focus, so that what is spoken and what Enter does are the same row.
    row?.querySelector<HTMLElement>('a[href]')?.focus({ preventScroll: true });
  }, [focus, root]);
  return { setRoot, focus, setFocus };
}

function toggled(selected: ReadonlySet<string> | undefined, key: string): ReadonlySet<string> {
  const next = new Set(selected);
  if (!next.delete(key)) next.add(key);
  return next;
}

function Table<Row>(props: DataTableProps<Row> & { list: ListKeys }) {
  const { columns, rows, selected, onSelect } = props;
  const { setRoot } = props.list;
  return (
    <table className={classes.table}>
      <caption className="bt-hidden">{props.label}</caption>
      <colgroup>
        {onSelect && <col style={{ width: '38px' }} />}
        {columns.map((column) => (
          <col key={column.id} style={column.width === undefined ? {} : { width: column.width }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {onSelect && (
            <th scope="col" className={classes.check}>
              <SelectAll rows={rows ?? []} rowKey={props.rowKey} selected={selected} onSelect={onSelect} />
            </th>
          )}
          {columns.map((column) => (
            <th key={column.id} scope="col" data-align={column.align}>
              {column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={setRoot}>
        {rows === undefined
          ? Array.from({ length: SKELETON_ROWS }, (_, at) => (
              <tr key={at} className={classes.skeleton}>
                {onSelect && <td />}
                {columns.map((column) => (
                  <td key={column.id}>
                    <span />
                  </td>
                ))}
              </tr>
            ))
          : rows.map((row) => <TableRow key={props.rowKey(row)} row={row} {...props} />)}
      </tbody>
    </table>
  );
}

function TableRow<Row>(props: DataTableProps<Row> & { row: Row; list: ListKeys }) {
  const { row, columns, selected, onSelect, link, list } = props;
  const key = props.rowKey(row);
  return (
    <tr
      data-row={key}
      data-open={props.openKey === key || undefined}
      data-focus={list.focus === key || undefined}
      data-selected={selected?.has(key) || undefined}
      data-dim={props.isDim?.(row) || undefined}
      onFocus={() => {
        list.setFocus(key);
      }}
    >
      {onSelect && (
        <td className={classes.check}>
          <input
            type="checkbox"
            aria-label={`Select ${props.rowName?.(row) ?? key}`}
            checked={selected?.has(key) ?? false}
            onChange={() => {
              onSelect(toggled(selected, key));
            }}
          />
        </td>
      )}
      <Cells row={row} columns={columns} link={link} />
    </tr>
  );
}

interface CellsProps<Row> {
  row: Row;
  columns: readonly Column<Row>[];
  link: DataTableProps<Row>['link'];
}

function AllCells<Row>({ row, columns, link }: CellsProps<Row>): ReactNode {
  const linked = Math.max(0, columns.findIndex((column) => column.card === 'title'));
  return columns.map((column, at) => (
    <td key={column.id} data-align={column.align}>
      {at === linked && link ? link(row, column.cell(row)) : column.cell(row)}
    </td>
  ));
}

/** Cells are most of what a list costs: they are drawn again when their row is another one, and not with every look. */
const Cells = memo(AllCells, (was, is) => was.row === is.row && was.columns === is.columns) as typeof AllCells;

function SelectAll<Row>({
  rows,
  rowKey,
  selected,
  onSelect,
}: {
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  selected: ReadonlySet<string> | undefined;
  onSelect: (selected: ReadonlySet<string>) => void;
}) {
  const count = rows.filter((row) => selected?.has(rowKey(row))).length;
  const all = rows.length > 0 && count === rows.length;
  return (
    <input
      type="checkbox"
      aria-label="Select all rows shown"
      checked={all}
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && !all;
      }}
      onChange={() => {
        onSelect(all ? new Set() : new Set(rows.map(rowKey)));
      }}
    />
  );
}

function Cards<Row>(props: DataTableProps<Row>) {
  const { rows, columns, selected, onSelect, link } = props;
  if (rows === undefined) {
    return (
      <div className={classes.cards}>
        {Array.from({ length: SKELETON_ROWS }, (_, at) => (
          <div key={at} className={classes.cardSkeleton} />
        ))}
      </div>
    );
  }
  const title = columns.find((column) => column.card === 'title') ?? columns[0];
  const side = columns.find((column) => column.card === 'side');
  const lines = columns.filter((column) => column.card === 'line');
  return (
    <ul className={classes.cards} aria-label={props.label}>
      {rows.map((row) => {
        const key = props.rowKey(row);
        return (
          <li key={key} className={classes.card} data-dim={props.isDim?.(row) || undefined}>
            {onSelect && (
              <input
                type="checkbox"
                aria-label={`Select ${props.rowName?.(row) ?? key}`}
                checked={selected?.has(key) ?? false}
                onChange={() => {
                  onSelect(toggled(selected, key));
                }}
              />
            )}
            <div className={classes.cardBody}>
              <div className={classes.cardTop}>
                <div className={classes.cardTitle}>
                  {title && (link ? link(row, title.cell(row)) : title.cell(row))}
                </div>
                {side && <div className={classes.cardSide}>{side.cell(row)}</div>}
              </div>
              {lines.length > 0 && (
                <div className={classes.cardLine}>
                  {lines.map((column) => (
                    <span key={column.id}>{column.cell(row)}</span>
                  ))}
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function Nothing<Row>({ empty, more, onClearFilters }: DataTableProps<Row>) {
  // What hits rarely is looked for in stretches: nothing was found in those looked through.
  if (more?.has) {
    return (
      <EmptyState
        icon={SearchX}
        title={more.loading ? 'Looking further' : 'Nothing found yet'}
        action={
          <Button variant="default" loading={more.loading} onClick={more.load}>
            Look further
          </Button>
        }
      >
        The newest ones do not match. There are older ones that were not looked through.
      </EmptyState>
    );
  }
  if (!onClearFilters) return <>{empty}</>;
  return (
    <EmptyState
      icon={SearchX}
      title="Nothing matches"
      action={
        <Button variant="default" onClick={onClearFilters}>
          Clear filters
        </Button>
      }
    >
      Nothing fits all of these filters.
    </EmptyState>
  );
}
