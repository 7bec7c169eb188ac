import { Button, Checkbox, Select, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import { campaignNames, destinationNames } from '@/api/names';
import type { Problem } from '@/api/problem';
import { Page, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { createImport, type Import, importList, oneImport, type ImportWish } from './api';
import { ColumnsTable, type Choices, columnsOf } from './ColumnsTable';
import { FileField } from './FileField';
import { type Peek, peek, PEEK_BYTES } from './peek';
import { startUpload } from './upload';
import classes from './Import.module.css';

interface Chosen {
  file: File;
  seen: Peek;
}

/** A new import: the file, what its columns become, and whether its leads are sent on. */
export function NewImport() {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const { data: campaigns = [] } = useQuery(campaignNames);
  const { data: destinations = [] } = useQuery(destinationNames);
  const [chosen, setChosen] = useState<Chosen>();
  const [campaignId, setCampaignId] = useState<string>();
  const [choices, setChoices] = useState<Choices>({});
  const [deliver, setDeliver] = useState(false);
  const campaign = campaigns.find((one) => one.id === campaignId) ?? (campaigns.length === 1 ? campaigns[0] : undefined);
  const receivers = destinations.filter(
    (one) => one.campaign_id === campaign?.id && one.disabled == null && one.failover_only !== true,
  );
  const create = useMutation<Import, Problem, ImportWish>({
    mutationFn: (wish) => createImport(wish, idempotency([wish, chosen?.file.size, chosen?.file.lastModified])),
    onSuccess: async (made) => {
      if (!chosen) return;
      queryClient.setQueryData(oneImport(made.id).queryKey, made);
      startUpload(made.id, chosen.file, () => {
        void queryClient.invalidateQueries({ queryKey: oneImport(made.id).queryKey });
        void queryClient.invalidateQueries({ queryKey: importList.queryKey });
      });
      await navigate({ to: '/import/$id', params: { id: made.id } });
    },
  });
  const choose = (file: File): void => {
    void file.slice(0, PEEK_BYTES).arrayBuffer().then((head) => {
      setChosen({ file, seen: peek(file.name, new Uint8Array(head)) });
      setChoices({});
      create.reset();
    });
  };
  const begin = (dryRun: boolean): void => {
    if (!chosen || !campaign) return;
    create.mutate({
      campaign: campaign.id,
      format: chosen.seen.format,
      name: chosen.file.name.slice(0, 200),
      columns: columnsOf(choices),
      deliver,
      dry_run: dryRun,
    });
  };
  const ready = chosen !== undefined && chosen.seen.fault === undefined && campaign !== undefined;
  return (
    <Page
      title="Import a file"
      intro="First the file is checked; nothing is stored by that."
      back={<Link to="/import" search={{}}>← Import</Link>}
    >
      <Section title="File" intro="CSV as spreadsheets save it (UTF-8), or JSON Lines. At most 1 GiB.">
        <FileField file={chosen?.file} fault={chosen?.seen.fault} onChoose={choose} />
      </Section>
      <Section title="Campaign" intro="Its fields and its duplicate rule judge the rows.">
        <Select
          aria-label="Campaign"
          placeholder="Choose a campaign"
          data={campaigns.map((one) => ({ value: one.id, label: one.name }))}
          value={campaign?.id ?? null}
          searchable={campaigns.length > 8}
          onChange={(value) => { setCampaignId(value ?? undefined); }}
        />
      </Section>
      {chosen && chosen.seen.columns.length > 0 && (
        <Section title="Columns" intro="A column becomes the field of its name. Columns the campaign does not know are kept with the lead.">
          <ColumnsTable columns={chosen.seen.columns} fields={campaign?.fields ?? []} choices={choices} onChange={setChoices} />
        </Section>
      )}
      <Section title="Deliver" intro="Old leads do not go to buyers again by mistake: without this they are stored and stay where they are.">
        <Stack gap="sm">
          <Checkbox label="Send the leads to the campaign’s destinations and tell webhooks" checked={deliver} onChange={(event) => { setDeliver(event.currentTarget.checked); }} />
          {deliver && campaign && (
            <p className={classes.warning}>
              {receivers.length === 0
                ? 'The campaign has no destination that is on; only webhooks are told.'
                : <>Every accepted row is sent to {receivers.slice(0, 4).map((one) => one.name).join(', ')}{receivers.length > 4 && ` and ${String(receivers.length - 4)} more`}.</>}
            </p>
          )}
          {create.error && <ProblemPanel error={create.error} />}
          <div className={classes.buttons}>
            <Button disabled={!ready} loading={create.isPending} onClick={() => { begin(true); }}>
              Check the file
            </Button>
            <Button variant="default" disabled={!ready || create.isPending} onClick={() => { begin(false); }}>
              Import without checking
            </Button>
          </div>
          {!ready && <p className="bt-dim" style={{ margin: 0 }}>{chosen === undefined ? 'Choose a file first.' : campaign === undefined ? 'Choose a campaign first.' : 'This file cannot be read.'}</p>}
        </Stack>
      </Section>
    </Page>
  );
}
