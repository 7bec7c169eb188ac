import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { noteAnswer } from '@/api/reach';
import { owner } from '@/testing/person';
import { show } from '@/testing/render';
import { serve } from '@/testing/server';
import { NewKeyDialog } from './NewKeyDialog';

afterEach(() => {
  vi.unstubAllGlobals();
  noteAnswer();
});

const MADE = { id: 'key_1', name: 'ci', scopes: ['leads:write'], shown: 'bk_abc…', key: 'bk_abcdef', version: 1 };

it('offers only what the person may give', async () => {
  await show(<NewKeyDialog onClose={vi.fn()} />, { person: { ...owner, scopes: ['leads:write', 'leads:read'] } });
  expect(screen.getAllByRole('checkbox').length).toBe(2);
});

it('asks for a name and for at least one thing the key may do', async () => {
  const asked = serve({});
  await show(<NewKeyDialog onClose={vi.fn()} />, { person: owner });
  await userEvent.click(screen.getByRole('checkbox', { name: 'Post leads' }));
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  expect(screen.getByText(/Give it a name/)).toBeTruthy();
  expect(screen.getByText('Choose at least one.')).toBeTruthy();
  expect(asked).toEqual([]);
});

it('makes one key although the first answer never came, and shows it once', async () => {
  const asked = serve({ 'POST /api/v1/keys': ['gone', { status: 201, json: MADE }] });
  const onClose = vi.fn();
  await show(<NewKeyDialog onClose={onClose} />, { person: owner });
  await userEvent.type(screen.getByLabelText('Name'), 'ci');
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  await screen.findByText('Baton does not answer');
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('ci');
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  await screen.findByText('bk_abcdef');
  const [first, second] = asked;
  expect(first?.headers.get('Idempotency-Key')).toBe(second?.headers.get('Idempotency-Key'));
  expect(second?.body).toEqual({ name: 'ci', scopes: ['leads:write'], expires_at: null });
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Done' }).disabled).toBe(true);
  await userEvent.click(screen.getByRole('checkbox'));
  await userEvent.click(screen.getByRole('button', { name: 'Done' }));
  await waitFor(() => { expect(onClose).toHaveBeenCalledOnce(); });
});
