import { Select, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { me } from '@/api/accounts';
import { campaignNames } from '@/api/names';
import { useSave } from '@/api/use-save';
import { workspaces } from '@/app/own-workspace';
import { ConflictDialog } from '@/components/ConflictDialog';
import { Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { SaveBar } from '@/components/SaveBar';
import { daysOf, oneWorkspace, readWorkspace, saveWorkspace, statusFaults, type Workspace, type WorkspaceWish, wishOf } from './api';
import { currencies, zones } from './choices';
import { RetentionField } from './RetentionField';
import { StatusesField } from './StatusesField';

const LABELS = {
  name: 'Name',
  default_campaign: 'Default campaign',
  retention_days: 'Days leads are kept',
  time_zone: 'Time zone',
  currency: 'Currency',
  statuses: 'Statuses',
};

/** What can be set about the workspace; saved together. */
export function WorkspaceForm({ workspace, etag, canWrite }: { workspace: Workspace; etag: string; canWrite: boolean }) {
  const queryClient = useQueryClient();
  const { data: campaigns = [] } = useQuery(campaignNames);
  const [base, setBase] = useState({ wish: wishOf(workspace), etag });
  const [wish, setWish] = useState(base.wish);
  const [days, setDays] = useState(textOf(base.wish));
  const retention = days === null ? null : daysOf(days);
  const asked: WorkspaceWish = { ...wish, retention_days: retention ?? null };
  const dirty = retention === undefined || JSON.stringify(asked) !== JSON.stringify(base.wish);
  const begin = (next: WorkspaceWish, version: string): void => {
    setBase({ wish: next, etag: version });
    setWish(next);
    setDays(textOf(next));
  };
  // What others changed meanwhile is taken over while nothing is being edited here.
  if (!dirty && etag !== base.etag) begin(wishOf(workspace), etag);
  const save = useSave<Workspace, WorkspaceWish>({
    save: (input, version) => saveWorkspace(workspace.id, input, version),
    load: () => readWorkspace(workspace.id),
    onSaved: (doc) => {
      begin(wishOf(doc), `"${String(doc.version)}"`);
      for (const { queryKey } of [oneWorkspace(workspace.id), workspaces, me]) void queryClient.invalidateQueries({ queryKey });
    },
  });
  const set = (patch: Partial<WorkspaceWish>): void => { setWish((old) => ({ ...old, ...patch })); };
  const problem = save.mutation.error;
  const fields = problem?.byField() ?? {};
  const faults = statusFaults(wish.statuses ?? []);
  const noName = wish.name.trim() === '' ? 'A workspace has a name.' : undefined;
  const isWrong = noName !== undefined || retention === undefined || Object.keys(faults).length > 0;
  const submit = (): void => {
    if (!isWrong) save.mutation.mutate({ input: tidy(asked), etag: base.etag });
  };
  return (
    <>
      <Section title="Workspace" intro="One business and all it owns.">
        <Stack gap="md">
          <TextInput label="Name" maxLength={200} readOnly={!canWrite} value={wish.name} error={noName ?? fields.name} onChange={(event) => { set({ name: event.currentTarget.value }); }} />
          <Select
            label="Default campaign"
            description="Leads that name no campaign belong to it."
            placeholder="None: such leads are refused"
            data={campaigns.map((one) => ({ value: one.id, label: one.name }))}
            value={wish.default_campaign}
            clearable={canWrite}
            readOnly={!canWrite}
            error={fields.default_campaign}
            onChange={(value) => { set({ default_campaign: value }); }}
          />
          {wish.time_zone !== undefined && (
            <Select label="Time zone" description="In which its people read times." data={zones(wish.time_zone)} value={wish.time_zone} searchable allowDeselect={false} readOnly={!canWrite} error={fields.time_zone} onChange={(value) => { set({ time_zone: value ?? 'UTC' }); }} />
          )}
          {wish.currency !== undefined && (
            <Select label="Currency" description="In which its people count. Each campaign has its own for prices." data={currencies(wish.currency)} value={wish.currency} searchable allowDeselect={false} readOnly={!canWrite} error={fields.currency} onChange={(value) => { set({ currency: value ?? 'USD' }); }} />
          )}
        </Stack>
      </Section>
      <Section title="Retention" intro="Personal data goes by itself when it is old enough.">
        <RetentionField days={days} before={base.wish.retention_days} onChange={setDays} readOnly={!canWrite} error={fields.retention_days} />
      </Section>
      {wish.statuses !== undefined && (
        <Section title="Statuses" intro="Your words for how far you are with a lead, in the order people choose in. A lead keeps a status that is taken away here.">
          <StatusesField statuses={wish.statuses} onChange={(statuses) => { set({ statuses }); }} faults={faults} readOnly={!canWrite} />
        </Section>
      )}
      {problem && problem.status !== 412 && <ProblemPanel error={problem} />}
      <SaveBar
        dirty={dirty}
        saving={save.mutation.isPending}
        onSave={submit}
        onDiscard={() => { begin(base.wish, base.etag); save.mutation.reset(); }}
        problem={isWrong ? 'Something above is not as it must be.' : undefined}
      />
      {save.conflict && (
        <ConflictDialog
          opened
          what="the settings"
          mine={{ ...save.conflict.mine }}
          theirs={{ ...wishOf(save.conflict.theirs) }}
          labels={LABELS}
          busy={save.mutation.isPending}
          onKeepMine={save.overwrite}
          onTakeTheirs={() => {
            const taken = save.takeTheirs();
            if (taken) begin(wishOf(taken.doc), taken.etag);
          }}
          onCancel={save.dismiss}
        />
      )}
    </>
  );
}

const textOf = (wish: WorkspaceWish): string | null => (wish.retention_days === null ? null : String(wish.retention_days));

function tidy(wish: WorkspaceWish): WorkspaceWish {
  const statuses = wish.statuses?.map((status) => ({ ...status, name: status.name.trim() }));
  return { ...wish, name: wish.name.trim(), ...(statuses ? { statuses } : {}) };
}
