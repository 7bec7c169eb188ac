import { Modal, Radio, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Campaign } from '@/api/campaigns';
import { useIdempotencyKey } from '@/api/idempotency';
import type { Problem } from '@/api/problem';
import { createSource, type Source, type SourceKind } from '@/api/sources';
import { DialogFoot } from '@/components/DialogFoot';
import { ProblemPanel } from '@/components/ProblemPanel';
import { SecretDialog } from '@/components/SecretDialog';
import { KINDS } from './show';

const MADE_BY_HAND: readonly SourceKind[] = ['endpoint', 'form', 'listener'];

interface Wish {
  campaign_id: string;
  name: string;
  kind: SourceKind;
}

/** A new source: its campaign, its kind and its name; the rest is in its form. */
export function NewSourceDialog({
  campaigns,
  campaignId,
  onClose,
}: {
  campaigns: readonly Campaign[];
  campaignId: string | undefined;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const key = useIdempotencyKey();
  const [chosen, setChosen] = useState(campaignId);
  const campaign = chosen ?? campaigns[0]?.id;
  const [name, setName] = useState('');
  const [kind, setKind] = useState<SourceKind>('endpoint');
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<Source>();
  const leave = (source: Source): void => {
    void navigate({ to: '/sources/$id', params: { id: source.id } });
  };
  const create = useMutation<Source, Problem, Wish>({
    mutationFn: (wish) => createSource(wish, key(wish)),
    onSuccess: (source) => {
      void client.invalidateQueries({ queryKey: ['sources', 'list'] });
      if (source.secret == null) leave(source);
      else setMade(source);
    },
  });
  if (made) {
    return (
      <SecretDialog
        title={`“${made.name}” is ready`}
        intro="Callers can sign what they post with this secret. It is needed only where the source asks for signatures."
        what="signing secret"
        secret={made.secret ?? ''}
        onClose={() => { leave(made); }}
      />
    );
  }
  const errors = create.error?.byField() ?? {};
  const noName = tried && name.trim() === '' ? 'Give it a name; it is the source of its leads.' : undefined;
  return (
    <Modal opened onClose={onClose} title="New source">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() === '' || campaign === undefined) return;
          create.mutate({ campaign_id: campaign, name: name.trim(), kind });
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            placeholder="Partner A"
            data-autofocus
            maxLength={200}
            value={name}
            error={noName ?? errors.name}
            onChange={(event) => { setName(event.currentTarget.value); }}
          />
          <Select
            label="Campaign"
            description="What its leads are about. This cannot be changed later."
            data={campaigns.map((one) => ({ value: one.id, label: one.name }))}
            value={campaign ?? null}
            allowDeselect={false}
            error={errors.campaign_id ?? (campaign === undefined ? 'First make a campaign.' : undefined)}
            onChange={(value) => { setChosen(value ?? undefined); }}
          />
          <Radio.Group
            label="Who posts"
            value={kind}
            error={errors.kind}
            onChange={(value) => { setKind(MADE_BY_HAND.find((one) => one === value) ?? kind); }}
          >
            <Stack gap="xs" mt={6}>
              {MADE_BY_HAND.map((one) => (
                <Radio key={one} value={one} label={KINDS[one].label} description={KINDS[one].means} />
              ))}
            </Stack>
          </Radio.Group>
          {create.error && <ProblemPanel error={create.error} />}
          <DialogFoot label="Create" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
