import { Button, Group, Modal } from '@mantine/core';
import { useState } from 'react';
import { SecretOnce } from '@/components/SecretOnce';
import type { Key } from './api';

/** The one time a key's text is seen. It closes only when the person says they have it. */
export function ShowKeyDialog({ made, onClose }: { made: Key; onClose: () => void }) {
  const [kept, setKept] = useState(false);
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} closeOnEscape={kept} withCloseButton={kept} title={`“${made.name}” is ready`} size="lg">
      <SecretOnce secret={made.key ?? ''} what="API key" onKept={setKept} />
      <Group justify="flex-end" mt="md">
        <Button disabled={!kept} onClick={onClose}>
          Done
        </Button>
      </Group>
    </Modal>
  );
}
