import { useQuery } from '@tanstack/react-query';
import type { WorkspaceStatus } from '@/api/inbox';
import { useMe } from '@/api/use-me';
import { workspaces } from '@/app/use-workspace-zone';
import { leadStatuses, wordOf } from '@/words';

/** The workspace's words for how far people are with a lead, in its order. */
export function useStatuses(): { name: string; label: string }[] {
  const { workspace_id: id } = useMe();
  const { data } = useQuery({ ...workspaces, retry: false });
  const own = data?.find((workspace) => workspace.id === id) as { statuses?: WorkspaceStatus[] } | undefined;
  const names = own?.statuses?.map((status) => status.name) ?? Object.keys(leadStatuses);
  return names.map((name) => ({ name, label: wordOf(leadStatuses, name).label }));
}
