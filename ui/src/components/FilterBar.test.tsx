import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it, vi } from 'vitest';
import { show } from '@/testing/render';
import { type Filter, FilterBar, type FilterValues, hasFilters } from './FilterBar';
import { zone } from './time';

const FILTERS: Filter[] = [
  { key: 'q', kind: 'search', label: 'Search' },
  { key: 'state', kind: 'many', label: 'State', options: [{ value: 'new', label: 'New' }, { value: 'won', label: 'Won' }] },
  { key: 'source', kind: 'one', label: 'Source', options: [{ value: 's1', label: 'Form' }, { value: 's2', label: 'API' }] },
  { key: 'test', kind: 'toggle', label: 'Test leads' },
  { key: 'since', until: 'until', kind: 'dates', label: 'Received' },
];

const changes = vi.fn();

function Bar({ start }: { start: FilterValues }) {
  const [now, set] = useState(start);
  return (
    <>
      <output>{JSON.stringify(now)}</output>
      <FilterBar
        filters={FILTERS}
        values={now}
        onChange={(patch) => {
          changes(patch);
          set((old) => ({ ...old, ...patch }));
        }}
      />
    </>
  );
}

const values = (): FilterValues => JSON.parse(document.querySelector('output')?.textContent ?? '{}') as FilterValues;

afterEach(() => {
  vi.useRealTimers();
  changes.mockClear();
});

it('puts the search into the URL once the typing rests, and at once by Enter', async () => {
  await show(<Bar start={{}} />);
  vi.useFakeTimers();
  const input = screen.getByRole('searchbox', { name: 'Search' });
  fireEvent.change(input, { target: { value: 'a' } });
  fireEvent.change(input, { target: { value: 'ad' } });
  expect(changes).not.toHaveBeenCalled();
  vi.advanceTimersByTime(300);
  expect(changes.mock.calls).toEqual([[{ q: 'ad' }]]);
  fireEvent.change(input, { target: { value: 'ada' } });
  fireEvent.keyDown(input, { key: 'Enter' });
  expect(changes).toHaveBeenLastCalledWith({ q: 'ada' });
});

it('shows what Back brought back', async () => {
  const { rerender } = await show(<Bar start={{ q: 'ada' }} />);
  expect(screen.getByRole<HTMLInputElement>('searchbox').value).toBe('ada');
  rerender(<p />);
});

it('takes several values of one filter and one of another', async () => {
  await show(<Bar start={{}} />);
  await userEvent.click(screen.getByRole('button', { name: 'State' }));
  await userEvent.click(await screen.findByRole('checkbox', { name: 'New' }));
  await userEvent.click(screen.getByRole('checkbox', { name: 'Won' }));
  expect(values().state).toBe('new,won');
  await userEvent.click(screen.getByRole('checkbox', { name: 'New' }));
  expect(values().state).toBe('won');
  await userEvent.click(screen.getByRole('button', { name: 'Source' }));
  await userEvent.click(await screen.findByRole('checkbox', { name: 'Form' }));
  await userEvent.click(screen.getByRole('checkbox', { name: 'API' }));
  expect(values().source).toBe('s2');
});

it('counts days in the zone of the workspace', async () => {
  zone.set('Asia/Tokyo');
  await show(<Bar start={{ since: '2026-10-31T15:00:00Z' }} />);
  await userEvent.click(screen.getByRole('button', { name: /Received/ }));
  expect((await screen.findByLabelText<HTMLInputElement>('From')).value).toBe('2026-11-01');
  fireEvent.change(screen.getByLabelText('From'), { target: { value: '2026-11-02' } });
  fireEvent.change(screen.getByLabelText('To (with this day)'), { target: { value: '2026-11-07' } });
  expect(values()).toEqual({ since: '2026-11-01T15:00:00.000Z', until: '2026-11-07T15:00:00.000Z' });
  expect(screen.getByText('2026-11-02 to 2026-11-07')).toBeTruthy();
  expect(screen.getByText('Days are those of Asia/Tokyo.')).toBeTruthy();
  zone.set('UTC');
});

it('switches by a chip and clears all at once', async () => {
  await show(<Bar start={{ q: 'x', since: '2026-11-01T00:00:00Z', until: '2026-11-08T00:00:00Z' }} />);
  expect(screen.getByText('2026-11-01 to 2026-11-07')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Test leads', pressed: false }));
  expect(values().test).toBe('true');
  expect(hasFilters(values())).toBe(true);
  await userEvent.click(screen.getByRole('button', { name: 'Clear' }));
  expect(hasFilters(values())).toBe(false);
});
