import { Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import { countResend, type Job, jobsQuery, type Payload, resendMany, type ResendWish } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { ProblemPanel } from '@/components/ProblemPanel';
import { toast } from '@/components/toast';
import { PayloadChoice } from './ResendDialog';
import { Warning } from './Warning';

/**
 * Asks before many deliveries are sent again: counts them first, and begins a job that goes on when
 * this page is closed.
 */
export function RetryDialog({
  wish,
  what,
  risky,
  onClose,
}: {
  wish: ResendWish;
  /** Completes "Resend what failed …": "to CRM", "of 3 leads". */
  what: string;
  /** Whether some of them may have arrived. */
  risky?: boolean;
  onClose: () => void;
}) {
  const [payload, setPayload] = useState<Payload>('current');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const count = useQuery({
    queryKey: ['deliveries', 'count', wish],
    queryFn: ({ signal }) => countResend(wish, signal),
    placeholderData: undefined,
    staleTime: 0,
    gcTime: 0,
  });
  const start = useMutation<Job, Problem>({
    mutationFn: () => resendMany(wish, payload, idempotency([wish, payload])),
    onSuccess: async () => {
      onClose();
      toast('Resending has begun');
      await queryClient.invalidateQueries({ queryKey: jobsQuery.queryKey });
    },
  });
  const many = count.data?.count;
  const shown = count.data === undefined ? '' : manyText(count.data.count, count.data.count_is_exact);
  return (
    <ConfirmDialog
      opened
      title={`Resend what failed ${what}`}
      confirmLabel={many === undefined ? 'Counting…' : many === 0 ? 'Close' : `Resend ${shown}`}
      busy={start.isPending || count.isPending}
      error={start.error}
      onCancel={onClose}
      onConfirm={() => {
        if (many === undefined || many === 0) onClose();
        else start.mutate();
      }}
    >
      <Stack gap="md">
        <p style={{ margin: 0 }} role="status">
          {many === undefined ? 'Counting what would be sent…' : countText(many, shown)}
        </p>
        {count.error && <ProblemPanel error={count.error} onRetry={() => void count.refetch()} />}
        {risky && <Warning>Some of these may have arrived: sending them again can create duplicates there.</Warning>}
        {many !== 0 && <PayloadChoice value={payload} onChange={setPayload} />}
      </Stack>
    </ConfirmDialog>
  );
}

/** "42", "200,000+". */
function manyText(count: number, isExact: boolean): string {
  return `${count.toLocaleString('en-GB')}${isExact ? '' : '+'}`;
}

function countText(many: number, shown: string): string {
  if (many === 0) return 'Nothing is left to resend here: it was resent, or got through meanwhile.';
  const count = many === 1 ? '1 delivery is sent' : `${shown} deliveries are sent`;
  return `${count} again. You can close this page meanwhile, and stop it at any time.`;
}
