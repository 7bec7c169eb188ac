import { fireEvent, renderHook, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it, vi } from 'vitest';
import { Problem } from '@/api/problem';
import { useBindings } from '@/app/keyboard';
import { show } from '@/testing/render';
import { type Column, DataTable, type DataTableProps, type TableState } from './DataTable';

interface Row {
  id: string;
  name: string;
}

const ROWS: Row[] = [
  { id: '1', name: 'Ada' },
  { id: '2', name: 'Bob' },
  { id: '3', name: 'Cleo' },
];
const COLUMNS: Column<Row>[] = [
  { id: 'name', header: 'Name', card: 'title', cell: (row) => row.name },
  { id: 'id', header: 'Number', card: 'line', optional: true, cell: (row) => `no ${row.id}` },
];
const READY: TableState = { isPending: false, isFetching: false, error: null, refetch: () => undefined };

let stop: (() => void) | undefined;
afterEach(() => { stop?.(); });

async function table(more: Partial<DataTableProps<Row>> = {}): Promise<void> {
  const shown = await show(
    <DataTable
      label="People"
      columns={COLUMNS}
      rows={ROWS}
      rowKey={(row) => row.id}
      state={READY}
      link={(row, children) => <a href={`/people/${row.id}`}>{children}</a>}
      empty={<p>Nobody yet</p>}
      {...more}
    />,
  );
  stop = shown.stop;
}

const press = (key: string): void => {
  fireEvent.keyDown(document.activeElement ?? document.body, { key });
};

it('is a table with headings and a real link in each row', async () => {
  await table();
  expect(screen.getAllByRole('columnheader').map((cell) => cell.textContent)).toEqual(['Name', 'Number']);
  expect(screen.getByRole('link', { name: 'Bob' }).getAttribute('href')).toBe('/people/2');
});

it('leaves optional columns out when it is narrow', async () => {
  await table({ narrow: true });
  expect(screen.queryByText('Number')).toBeNull();
});

it('moves by j and k, opens by Enter, selects by x, resends by r', async () => {
  const onOpen = vi.fn();
  const onSelect = vi.fn();
  const onResend = vi.fn();
  await table({ onOpen, onSelect, onResend, link: (_, children) => children });
  press('j');
  press('j');
  press('k');
  press('j');
  press('Enter');
  expect(onOpen).toHaveBeenCalledWith(ROWS[1]);
  press('x');
  expect(onSelect).toHaveBeenCalledWith(new Set(['2']));
  press('r');
  expect(onResend).toHaveBeenCalledWith(ROWS[1]);
  for (let turn = 0; turn < 5; turn += 1) press('j');
  press('Enter');
  expect(onOpen).toHaveBeenLastCalledWith(ROWS[2]);
});

it('names its keys in the help before a row is chosen', async () => {
  const onOpen = vi.fn();
  await table({ onOpen, onSelect: vi.fn(), onResend: vi.fn(), link: (_, children) => children });
  const help = renderHook(() => useBindings().map((binding) => binding.keys));
  expect(help.result.current).toEqual(['j', 'k', 'Enter', 'x', 'r']);
  press('Enter');
  expect(onOpen).not.toHaveBeenCalled();
});

it('moves what is open in the panel', async () => {
  const onOpen = vi.fn();
  await table({ onOpen, openKey: '2', link: (_, children) => children });
  press('j');
  expect(onOpen).toHaveBeenCalledWith(ROWS[2]);
});

it('selects one, all, and none', async () => {
  function Selecting() {
    const [selected, select] = useState<ReadonlySet<string>>(new Set());
    return (
      <>
        <output>{[...selected].join(',')}</output>
        <DataTable
          label="People"
          columns={COLUMNS}
          rows={ROWS}
          rowKey={(row) => row.id}
          rowName={(row) => row.name}
          state={READY}
          empty={null}
          selected={selected}
          onSelect={select}
        />
      </>
    );
  }
  stop = (await show(<Selecting />)).stop;
  const chosen = (): string | null => screen.getByRole('status').textContent;
  await userEvent.click(screen.getByRole('checkbox', { name: 'Select Bob' }));
  expect(chosen()).toBe('2');
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: /all/ }).indeterminate).toBe(true);
  await userEvent.click(screen.getByRole('checkbox', { name: /all/ }));
  expect(chosen()).toBe('1,2,3');
  await userEvent.click(screen.getByRole('checkbox', { name: /all/ }));
  expect(chosen()).toBe('');
});

it('holds the place of rows while they load the first time', async () => {
  await table({ rows: undefined, state: { ...READY, isPending: true, isFetching: true } });
  expect(screen.getAllByRole('row').length).toBeGreaterThan(3);
  expect(screen.queryByText('Nobody yet')).toBeNull();
});

it('tells nothing at all from nothing that matches', async () => {
  await table({ rows: [] });
  expect(screen.getByText('Nobody yet')).toBeTruthy();
});

it('offers to clear the filters when nothing matches', async () => {
  const onClearFilters = vi.fn();
  await table({ rows: [], onClearFilters });
  expect(screen.queryByText('Nobody yet')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Clear filters' }));
  expect(onClearFilters).toHaveBeenCalledOnce();
});

it('shows an error with the request and a way on, and keeps rows it has', async () => {
  const error = new Problem({ status: 500, code: 'internal', detail: 'a defect', requestId: 'r-7' });
  const refetch = vi.fn();
  await table({ rows: undefined, state: { ...READY, error, refetch } });
  expect(screen.getByRole('alert').textContent).toContain('r-7');
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(refetch).toHaveBeenCalledOnce();
});

it('keeps the rows it has beside an error', async () => {
  const error = new Problem({ status: 500, code: 'internal', detail: 'a defect' });
  await table({ state: { ...READY, error } });
  expect(screen.getByText('Ada')).toBeTruthy();
  expect(screen.getByRole('alert')).toBeTruthy();
});

it('becomes a list of cards on a phone', async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: true, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
  await table();
  vi.unstubAllGlobals();
  expect(screen.queryByRole('table')).toBeNull();
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['Adano 1', 'Bobno 2', 'Cleono 3']);
});

it('does not say that nothing matches while there is more to look through', async () => {
  const load = vi.fn();
  await table({ rows: [], onClearFilters: vi.fn(), more: { has: true, loading: false, load } });
  expect(screen.queryByText('Nothing matches')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Look further' }));
  expect(load).toHaveBeenCalledOnce();
});
