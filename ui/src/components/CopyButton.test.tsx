import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { show } from '@/testing/render';
import { CopyButton } from './CopyButton';

it('copies and says so', async () => {
  const user = userEvent.setup();
  const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
  await show(<CopyButton text="lead_1" what="id" />);
  await user.click(screen.getByRole('button', { name: 'Copy id' }));
  expect(write).toHaveBeenCalledWith('lead_1');
  await waitFor(() => { expect(screen.getByRole('status').textContent).toBe('Copied'); });
});
