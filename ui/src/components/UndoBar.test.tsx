import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { show } from '@/testing/render';
import { offerUndo, UNDO_MS, UndoBar } from './UndoBar';

afterEach(() => { vi.useRealTimers(); });

it('does it when the time is over', async () => {
  await show(<UndoBar />);
  vi.useFakeTimers();
  const commit = vi.fn();
  act(() => { offerUndo({ text: 'Rule removed', commit, undo: vi.fn() }); });
  expect(screen.getByText('Rule removed')).toBeTruthy();
  act(() => { vi.advanceTimersByTime(UNDO_MS - 1); });
  expect(commit).not.toHaveBeenCalled();
  act(() => { vi.advanceTimersByTime(1); });
  expect(commit).toHaveBeenCalledOnce();
  expect(screen.queryByText('Rule removed')).toBeNull();
});

it('does not do what was undone', async () => {
  await show(<UndoBar />);
  vi.useFakeTimers();
  const commit = vi.fn();
  const undo = vi.fn();
  act(() => { offerUndo({ text: 'Rule removed', commit, undo }); });
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  act(() => { vi.advanceTimersByTime(UNDO_MS * 2); });
  expect([undo.mock.calls.length, commit.mock.calls.length]).toEqual([1, 0]);
});

it('does the one before when the next comes, and all when the page is left', async () => {
  await show(<UndoBar />);
  const first = vi.fn();
  const second = vi.fn();
  act(() => { offerUndo({ text: 'One', commit: first, undo: vi.fn() }); });
  act(() => { offerUndo({ text: 'Two', commit: second, undo: vi.fn() }); });
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
  act(() => { window.dispatchEvent(new Event('pagehide')); });
  expect(second).toHaveBeenCalledOnce();
});
