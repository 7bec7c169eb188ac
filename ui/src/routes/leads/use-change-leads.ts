import { useMutation, useQueryClient } from '@tanstack/react-query';
import { changeLeads, type Lead, tagsQuery } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { toast } from '@/components/toast';

type Change = Omit<Parameters<typeof changeLeads>[0], 'ids'>;

/** Changes several leads at once. */
export function useChangeLeads(leads: readonly Lead[], onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation<{ changed: number }, Problem, Change>({
    mutationFn: (change) => changeLeads({ ids: leads.map((lead) => lead.id), ...change }),
    onSuccess: async ({ changed }) => {
      onDone();
      toast(changed === 1 ? '1 lead was changed' : `${String(changed)} leads were changed`);
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['leads'] }),
        queryClient.invalidateQueries({ queryKey: tagsQuery.queryKey }),
      ]);
    },
  });
}
