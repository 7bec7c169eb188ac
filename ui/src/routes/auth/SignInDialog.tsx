import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type Me, me } from '@/api/accounts';
import { settleSignIn } from '@/api/session';
import { SignInForm } from './SignInForm';

/**
 * Over the page when the session has ended: after signing in, the page and what was written on it
 * are as they were, and the calls that failed are made again.
 */
export default function SignInDialog() {
  const queryClient = useQueryClient();
  const before = queryClient.getQueryData(me.queryKey);
  const done = (person: Me): void => {
    if (before && person.id !== before.id) {
      // Somebody else: nothing of the one before may stay.
      location.reload();
      return;
    }
    settleSignIn(true);
    // The sign-in answers about the first workspace, which need not be this tab's.
    void queryClient.invalidateQueries();
  };
  const leave = (): void => {
    settleSignIn(false);
    queryClient.clear();
    location.assign('/admin/sign-in');
  };
  return (
    <Modal
      opened
      onClose={leave}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Your session has ended"
    >
      <p style={{ margin: '0 0 16px' }}>Sign in again to go on where you were. What you entered is still there.</p>
      <SignInForm email={before?.email ?? ''} onDone={done} />
      <Button variant="subtle" fullWidth mt="xs" onClick={leave}>
        Leave this page
      </Button>
    </Modal>
  );
}
