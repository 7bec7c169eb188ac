import { Button, Group, Modal } from '@mantine/core';
import { useState } from 'react';
import { SecretOnce } from '@/components/SecretOnce';

/** The one time a webhook's secret is seen. */
export function SecretDialog({ title, secret, onClose }: { title: string; secret: string; onClose: () => void }) {
  const [kept, setKept] = useState(false);
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} closeOnEscape={kept} withCloseButton={kept} title={title} size="lg">
      <p style={{ marginTop: 0 }}>
        Your receiver checks with it that a call is Baton’s: every request is signed (Standard Webhooks, and
        X-LeadsBot-Signature).
      </p>
      <SecretOnce secret={secret} what="signing secret" onKept={setKept} />
      <Group justify="flex-end" mt="md">
        <Button disabled={!kept} onClick={onClose}>
          Done
        </Button>
      </Group>
    </Modal>
  );
}
