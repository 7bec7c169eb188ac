import { Button, Group, Modal, Stack } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { SecretOnce } from './SecretOnce';

/** The one time a secret is seen. It closes only when the person says they have it. */
export function SecretDialog({
  title,
  intro,
  what,
  secret,
  onClose,
}: {
  title: string;
  intro?: ReactNode;
  what: string;
  secret: string;
  onClose: () => void;
}) {
  const [kept, setKept] = useState(false);
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} closeOnEscape={kept} withCloseButton={kept} title={title} size="lg">
      <Stack gap="md">
        {intro !== undefined && <div>{intro}</div>}
        <SecretOnce secret={secret} what={what} onKept={setKept} />
        <Group justify="flex-end">
          <Button disabled={!kept} onClick={onClose}>
            Done
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
