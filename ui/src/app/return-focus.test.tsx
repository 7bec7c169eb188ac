import { Button, Modal } from '@mantine/core';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { show } from '@/testing/render';
import { returnFocus } from './return-focus';

let stop: () => void;
beforeEach(() => {
  stop = returnFocus();
});
afterEach(() => {
  stop();
});

function Page() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => { setOpen(true); }}>Erase</Button>
      {open && (
        <Modal opened onClose={() => { setOpen(false); }} title="Erase?">
          <Button data-autofocus onClick={() => { setOpen(false); }}>Cancel</Button>
        </Modal>
      )}
    </>
  );
}

test.each(['{Escape}', '{Enter}'])('the focus is where it was after a dialog that was closed by %s', async (key) => {
  await show(<Page />);
  const user = userEvent.setup();
  const opener = screen.getByRole('button', { name: 'Erase' });
  await user.click(opener);
  const cancel = await screen.findByRole('button', { name: 'Cancel' });
  await waitFor(() => { expect(document.activeElement).toBe(cancel); });
  await user.keyboard(key);
  await waitFor(() => { expect(document.activeElement).toBe(opener); });
});
