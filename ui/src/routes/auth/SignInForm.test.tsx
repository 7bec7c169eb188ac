import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { owner } from '@/testing/person';
import { show } from '@/testing/render';
import { serve } from '@/testing/server';
import { SignInForm } from './SignInForm';

afterEach(() => { vi.unstubAllGlobals(); });

const SIGN_IN = 'POST /api/v1/auth/sign-in';

async function signIn(): Promise<void> {
  await userEvent.type(screen.getByLabelText('E-mail'), ' ada@example.com ');
  await userEvent.type(screen.getByLabelText('Password', { selector: 'input' }), 'a long password');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

it('signs in', async () => {
  const asked = serve({ [SIGN_IN]: { json: owner } });
  const onDone = vi.fn();
  await show(<SignInForm onDone={onDone} />);
  await signIn();
  await waitFor(() => { expect(onDone).toHaveBeenCalled(); });
  expect(asked[0]?.body).toEqual({ email: 'ada@example.com', password: 'a long password' });
});

it('asks for the second factor without calling it an error, and takes a recovery code', async () => {
  const asked = serve({ [SIGN_IN]: [{ status: 401, code: 'second_factor_needed' }, { json: owner }] });
  const onDone = vi.fn();
  await show(<SignInForm onDone={onDone} />);
  await signIn();
  await screen.findByLabelText('Code of your authenticator app');
  expect(screen.queryByRole('alert')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Use a recovery code' }));
  await userEvent.type(screen.getByLabelText('Recovery code'), 'abcd-efgh');
  await userEvent.click(screen.getByRole('button', { name: 'Continue' }));
  await waitFor(() => { expect(onDone).toHaveBeenCalled(); });
  expect(asked[1]?.body).toEqual({ email: 'ada@example.com', password: 'a long password', code: 'abcd-efgh' });
});

it('says no in the same words whatever was wrong, and keeps what was written', async () => {
  serve({ [SIGN_IN]: { status: 401, code: 'sign_in_failed', detail: 'no account has that e-mail and password' } });
  await show(<SignInForm onDone={vi.fn()} />);
  await signIn();
  expect((await screen.findByRole('alert')).textContent).toContain('That did not match');
  expect(screen.getByLabelText<HTMLInputElement>('Password', { selector: 'input' }).value).toBe('a long password');
});
