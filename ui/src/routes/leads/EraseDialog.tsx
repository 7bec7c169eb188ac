import { useMutation, useQueryClient } from '@tanstack/react-query';
import { eraseLead, type Lead } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { leadName } from './columns';

/** How much of the id is written to confirm: enough to look at which lead it is. */
const TYPED_CHARS = 6;

/** Asks before the personal data of a lead goes for good. */
export function EraseDialog({ lead, onClose }: { lead: Lead; onClose: () => void }) {
  const queryClient = useQueryClient();
  const erase = useMutation<Lead, Problem>({
    mutationFn: () => eraseLead(lead.id),
    onSuccess: async () => {
      onClose();
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['leads'] }),
        queryClient.invalidateQueries({ queryKey: ['deliveries'] }),
      ]);
    },
  });
  return (
    <ConfirmDialog
      opened
      danger
      title={`Erase ${leadName(lead)}?`}
      confirmLabel="Erase for good"
      typed={lead.id.slice(-TYPED_CHARS)}
      busy={erase.isPending}
      error={erase.error}
      onCancel={onClose}
      onConfirm={() => { erase.mutate(); }}
    >
      <p style={{ marginTop: 0 }}>
        Fields, notes and everything that was sent or answered about this lead are removed, and deliveries that wait are
        called off. What receivers have already is not taken back from them. This cannot be undone.
      </p>
      <p style={{ marginBottom: 0 }}>
        Its id ends in <code>{lead.id.slice(-TYPED_CHARS)}</code>.
      </p>
    </ConfirmDialog>
  );
}
