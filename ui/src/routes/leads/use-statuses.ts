import { useOwnWorkspace } from '@/app/own-workspace';
import { leadStatuses, wordOf } from '@/words';

/** The workspace's words for how far people are with a lead, in its order. */
export function useStatuses(): { name: string; label: string }[] {
  const own = useOwnWorkspace();
  const names = own?.statuses?.map((status) => status.name) ?? Object.keys(leadStatuses);
  return names.map((name) => ({ name, label: wordOf(leadStatuses, name).label }));
}
