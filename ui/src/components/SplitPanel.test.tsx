import { fireEvent, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { show } from '@/testing/render';
import { SplitPanel } from './SplitPanel';

let stop: (() => void) | undefined;
afterEach(() => {
  stop?.();
  vi.unstubAllGlobals();
});

it('shows list and panel beside one another and closes by Esc', async () => {
  const onClose = vi.fn();
  stop = (await show(<SplitPanel title="Lead" list={<p>list</p>} panel={<p>panel</p>} onClose={onClose} />)).stop;
  expect(screen.getByText('list')).toBeTruthy();
  expect(screen.getByRole('complementary', { name: 'Lead' }).textContent).toBe('panel');
  fireEvent.keyDown(document.body, { key: 'Escape' });
  expect(onClose).toHaveBeenCalledOnce();
});

it('puts the panel in the place of the list on a phone', async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: true, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
  stop = (await show(<SplitPanel title="Lead" list={<p>list</p>} panel={<p>panel</p>} onClose={vi.fn()} />)).stop;
  expect(screen.queryByText('list')).toBeNull();
  expect(screen.getByRole('button', { name: 'Back to the list' })).toBeTruthy();
});
