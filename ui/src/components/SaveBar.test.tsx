import { Link } from '@tanstack/react-router';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { show } from '@/testing/render';
import { SaveBar } from './SaveBar';

const nothing = (): void => undefined;

it('is there only when there is something to save', async () => {
  await show(<SaveBar dirty={false} saving={false} onSave={nothing} onDiscard={nothing} />);
  expect(screen.queryByRole('region')).toBeNull();
});

it('saves by Ctrl+S, and keeps the browser from saving the page', async () => {
  const onSave = vi.fn();
  await show(<SaveBar dirty saving={false} onSave={onSave} onDiscard={nothing} />);
  expect(fireEvent.keyDown(document.body, { key: 's', ctrlKey: true })).toBe(false);
  expect(onSave).toHaveBeenCalledOnce();
});

it('does not save twice at once', async () => {
  const onSave = vi.fn();
  await show(<SaveBar dirty saving onSave={onSave} onDiscard={nothing} />);
  expect(fireEvent.keyDown(document.body, { key: 's', ctrlKey: true })).toBe(false);
  expect(onSave).not.toHaveBeenCalled();
});

it('asks before the page is left, stays, and leaves', async () => {
  await show(
    <>
      <Link to={'/elsewhere' as never}>Away</Link>
      <SaveBar dirty saving={false} onSave={nothing} onDiscard={nothing} />
    </>,
  );
  await userEvent.click(screen.getByText('Away'));
  await screen.findByText('Leave without saving?');
  await userEvent.click(screen.getByRole('button', { name: 'Stay' }));
  await waitFor(() => { expect(screen.queryByText('Leave without saving?')).toBeNull(); });
  expect(screen.getByText('Away')).toBeTruthy();
  await userEvent.click(screen.getByText('Away'));
  await screen.findByText('Leave without saving?');
  await userEvent.click(screen.getByRole('button', { name: 'Leave' }));
  await waitFor(() => { expect(screen.queryByText('Away')).toBeNull(); });
});
