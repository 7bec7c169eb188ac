import { Modal, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Campaign, campaignList, createCampaign } from '@/api/campaigns';
import { useIdempotencyKey } from '@/api/idempotency';
import type { Problem } from '@/api/problem';
import { DialogFoot } from '@/components/DialogFoot';
import { ProblemPanel } from '@/components/ProblemPanel';
import { countries, currencies } from './places';

interface Wish {
  name: string;
  country: string | null;
  currency?: string;
}

/** A new campaign: as little as it needs; the rest is in its form. */
export function NewCampaignDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const key = useIdempotencyKey();
  const [name, setName] = useState('');
  const [country, setCountry] = useState('');
  const [currency, setCurrency] = useState('');
  const [tried, setTried] = useState(false);
  const create = useMutation<Campaign, Problem, Wish>({
    mutationFn: (wish) => createCampaign(wish, key(wish)),
    onSuccess: (campaign) => {
      void client.invalidateQueries({ queryKey: campaignList.queryKey });
      void navigate({ to: '/campaigns/$id', params: { id: campaign.id } });
    },
  });
  const errors = create.error?.byField() ?? {};
  const noName = tried && name.trim() === '' ? 'Give it a name.' : undefined;
  return (
    <Modal opened onClose={onClose} title="New campaign">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() === '') return;
          create.mutate({
            name: name.trim(),
            country: country === '' ? null : country,
            ...(currency === '' ? {} : { currency }),
          });
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            placeholder="Solar UK"
            data-autofocus
            maxLength={200}
            value={name}
            error={noName ?? errors.name}
            onChange={(event) => { setName(event.currentTarget.value); }}
          />
          <Select
            label="Country"
            description="Phones and postcodes without a country are read as of this one."
            placeholder="None in particular"
            searchable
            clearable
            data={countries(country)}
            value={country === '' ? null : country}
            error={errors.country}
            onChange={(value) => { setCountry(value ?? ''); }}
          />
          <Select
            label="Currency of prices"
            placeholder="That of the country, or USD"
            searchable
            clearable
            data={currencies(currency)}
            value={currency === '' ? null : currency}
            error={errors.currency}
            onChange={(value) => { setCurrency(value ?? ''); }}
          />
          {create.error && <ProblemPanel error={create.error} />}
          <DialogFoot label="Create" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
