import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { Problem } from '@/api/problem';
import { show } from '@/testing/render';
import { ConfirmDialog } from './ConfirmDialog';
import { ConflictDialog } from './ConflictDialog';
import { ProblemPanel } from './ProblemPanel';
import { SecretOnce } from './SecretOnce';

it('confirms only when the word is written', async () => {
  const onConfirm = vi.fn();
  await show(
    <ConfirmDialog opened title="Erase?" confirmLabel="Erase" typed="lead_1" danger onConfirm={onConfirm} onCancel={vi.fn()}>
      Gone for good.
    </ConfirmDialog>,
  );
  const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Erase' });
  expect(button.disabled).toBe(true);
  await userEvent.type(screen.getByRole('textbox'), 'lead_');
  fireEvent.submit(button.form ?? button);
  expect(onConfirm).not.toHaveBeenCalled();
  await userEvent.type(screen.getByRole('textbox'), '1');
  await userEvent.click(button);
  expect(onConfirm).toHaveBeenCalledOnce();
});

it('shows only what differs of two versions, and hears the choice', async () => {
  const chosen = vi.fn();
  await show(
    <ConflictDialog
      opened
      what="the key"
      mine={{ name: 'Mine', same: 1, list: [1] }}
      theirs={{ name: 'Theirs', same: 1, list: [2] }}
      labels={{ name: 'Name' }}
      onKeepMine={() => { chosen('mine'); }}
      onTakeTheirs={() => { chosen('theirs'); }}
      onCancel={() => { chosen('neither'); }}
    />,
  );
  expect(screen.getAllByRole('rowheader').map((cell) => cell.textContent)).toEqual(['Name', 'list']);
  expect(screen.getByText('Mine')).toBeTruthy();
  expect(screen.getByText('Theirs')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Save mine over it' }));
  await userEvent.click(screen.getByRole('button', { name: 'Drop mine, take theirs' }));
  await userEvent.click(screen.getByRole('button', { name: 'Back to my form' }));
  expect(chosen.mock.calls.flat()).toEqual(['mine', 'theirs', 'neither']);
});

it('says what a role lacks without offering to try again', async () => {
  const error = new Problem({ status: 403, code: 'forbidden', detail: 'this key lacks it', body: { scope: 'keys' } });
  await show(<ProblemPanel error={error} onRetry={vi.fn()} />);
  expect(screen.getByRole('alert').textContent).toContain('“keys”');
  expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
});

it('shows hostile text of an error as text', async () => {
  const error = new Problem({ status: 422, code: 'x', detail: '<b>bold</b>', errors: [{ field: '<i>', code: 'x', message: '<u>' }] });
  const { container } = await show(<ProblemPanel error={error} />);
  expect(container.querySelector('b, i, u')).toBeNull();
});

it('shows a secret once, to be copied and kept', async () => {
  const kept = vi.fn();
  await show(<SecretOnce secret="bk_secret" what="API key" onKept={kept} />);
  expect(screen.getByText('bk_secret')).toBeTruthy();
  await userEvent.click(screen.getByRole('checkbox'));
  expect(kept).toHaveBeenCalledWith(true);
});
