import { Radio, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import { type Delivery, type Payload, resendDelivery } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Warning } from './Warning';

/** Asks before a lead goes out again: what is sent, and what it may lead to. */
export function ResendDialog({ delivery, name, onClose }: { delivery: Delivery; name: string; onClose: () => void }) {
  const [payload, setPayload] = useState<Payload>('current');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const resend = useMutation<Delivery, Problem>({
    mutationFn: () => resendDelivery(delivery.id, payload, idempotency([delivery.id, payload])),
    onSuccess: async () => {
      onClose();
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['deliveries'] }),
        queryClient.invalidateQueries({ queryKey: ['leads'] }),
      ]);
    },
  });
  return (
    <ConfirmDialog
      opened
      title={`Resend to ${name}`}
      confirmLabel="Resend"
      busy={resend.isPending}
      error={resend.error}
      onCancel={onClose}
      onConfirm={() => { resend.mutate(); }}
    >
      <Stack gap="md">
        <Risk state={delivery.state} name={name} />
        <PayloadChoice value={payload} onChange={setPayload} canSame={delivery.attempts > 0} />
      </Stack>
    </ConfirmDialog>
  );
}

/** What is sent: by the settings of now, or the very request of then. */
export function PayloadChoice({
  value,
  onChange,
  canSame = true,
}: {
  value: Payload;
  onChange: (next: Payload) => void;
  canSame?: boolean;
}) {
  return (
    <Radio.Group label="What is sent" value={value} onChange={(next) => { onChange(next === 'same' ? 'same' : 'current'); }}>
      <Stack gap={8} mt={6}>
        <Radio
          value="current"
          label="Current mapping"
          description="The lead by the settings and the mapping as they are now."
        />
        <Radio
          value="same"
          disabled={!canSame}
          label="Same payload"
          description="The request that was sent last, byte for byte."
        />
      </Stack>
    </Radio.Group>
  );
}

function Risk({ state, name }: { state: string; name: string }) {
  if (state === 'accepted' || state === 'queued') {
    return <Warning>It was taken already. This may create a duplicate at {name}.</Warning>;
  }
  if (state === 'unknown') {
    return <Warning>Nobody knows whether it arrived. If it did, this creates a duplicate at {name}.</Warning>;
  }
  return null;
}
