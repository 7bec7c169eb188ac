import { Modal, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ok } from '@/api/client';
import { useIdempotencyKey } from '@/api/idempotency';
import type { Problem } from '@/api/problem';
import { DialogFoot } from '@/components/DialogFoot';
import { ProblemPanel } from '@/components/ProblemPanel';

/** Another workspace: another business with campaigns, leads and people of its own. */
export default function NewWorkspaceDialog({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const [name, setName] = useState('');
  const idempotency = useIdempotencyKey();
  const create = useMutation<{ id: string }, Problem>({
    mutationFn: () => {
      const body = { name: name.trim() };
      return ok(api.POST('/api/v1/workspaces', { body, params: { header: { 'Idempotency-Key': idempotency(body) } } }));
    },
    onSuccess: (made) => { onMade(made.id); },
  });
  return (
    <Modal opened onClose={onClose} title="New workspace">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Another business, with campaigns, leads and people of its own."
            data-autofocus
            required
            withAsterisk={false}
            maxLength={200}
            value={name}
            error={create.error?.byField().name}
            onChange={(event) => { setName(event.currentTarget.value); }}
          />
          {create.error && <ProblemPanel error={create.error} />}
          <DialogFoot label="Create" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
