import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import {
  type Campaign,
  campaignList,
  campaignQuery,
  deleteCampaign,
  patchCampaign,
  pauseCampaign,
  type PausedAction,
  readCampaign,
  resumeCampaign,
} from '@/api/campaigns';
import type { Problem } from '@/api/problem';
import { type Editor, type Loaded, useEditor } from '@/api/use-editor';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { CopyButton } from '@/components/CopyButton';
import { EditorFoot } from '@/components/EditorFoot';
import { EditorFrame } from '@/components/EditorFrame';
import { LinkButton } from '@/components/LinkButton';
import { Note } from '@/components/Note';
import { Page, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { Pill } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import { switchStates, wordOf } from '@/words';
import classes from './Campaigns.module.css';
import { type Draft, toDraft, toInput } from './document';
import { DuplicateRule } from './DuplicateRule';
import { FieldsEditor } from './FieldsEditor';
import { PauseChoice } from './PauseChoice';
import { countries, currencies } from './places';
import { campaignRoute } from './route';
import { TryLead } from './TryLead';

const BACK = <Link to="/campaigns">← Campaigns</Link>;

const inputOf = (doc: Campaign): Readonly<Record<string, unknown>> => toInput(toDraft(doc));

const LABELS = {
  name: 'Name',
  reference: 'Reference',
  country: 'Country',
  currency: 'Currency',
  fields: 'Fields',
  duplicates: 'Duplicates',
  when_paused: 'While paused',
};

/** One campaign: its form, and its pause. */
export default function CampaignScreen() {
  const { id } = campaignRoute.useParams();
  const query = useQuery(campaignQuery(id));
  if (!query.data) return <EditorFrame title="Campaign" back={BACK} queries={[query]} />;
  return <CampaignEditor key={id} loaded={query.data} />;
}

function CampaignEditor({ loaded }: { loaded: Loaded<Campaign> }) {
  const { id } = loaded.data;
  const client = useQueryClient();
  const canWrite = useCan('config:write');
  const editor = useEditor<Campaign, Draft>({
    queryKey: campaignQuery(id).queryKey,
    loaded,
    toDraft,
    toInput,
    read: () => readCampaign(id),
    send: (patch, etag) => patchCampaign(id, patch, etag),
    onSaved: (next) => {
      toast(`“${next.data.name}” is saved`);
      void client.invalidateQueries({ queryKey: campaignList.queryKey });
    },
  });
  const doc = editor.base.data;
  const { draft, change, fields: errors } = editor;
  const word = wordOf(switchStates, doc.paused ? 'paused' : 'live');
  return (
    <Page
      title={doc.name}
      badge={<Pill tone={word.tone} label={word.label} title={word.means} />}
      back={BACK}
      actions={
        <>
          <LinkButton to="/sources" search={{ campaign: id }} variant="default">
            Sources
          </LinkButton>
          <LinkButton to="/destinations" search={{ campaign: id }} variant="default">
            Destinations
          </LinkButton>
          {canWrite && <PauseButton doc={doc} editor={editor} />}
        </>
      }
    >
      {doc.paused && (
        <div className={classes.note}>
          <Note tone="warning">
            Paused: leads are {doc.when_paused === 'hold' ? 'kept and go when it resumes' : 'refused with 409 campaign_paused'}.
          </Note>
        </div>
      )}
      <div>
        <Section title="Campaign" intro="The reference is what callers may write instead of the id.">
          <fieldset className={`${classes.fieldset ?? ''} ${classes.stack ?? ''}`} disabled={!canWrite}>
            <TextInput
              label="Name"
              maxLength={200}
              value={draft.name}
              error={errors.name}
              onChange={(event) => { change({ name: event.currentTarget.value }); }}
            />
            <div className={classes.two}>
              <TextInput
                label="Reference"
                spellCheck={false}
                value={draft.reference}
                error={errors.reference}
                onChange={(event) => { change({ reference: event.currentTarget.value }); }}
              />
              <div>
                <p className={classes.idLabel}>Id</p>
                <p className={classes.id}>
                  <code className="bt-outside">{id}</code> <CopyButton text={id} what="id" />
                </p>
              </div>
              <Select
                label="Country"
                placeholder="None in particular"
                searchable
                clearable
                data={countries(draft.country)}
                value={draft.country === '' ? null : draft.country}
                error={errors.country}
                onChange={(value) => { change({ country: value ?? '' }); }}
              />
              <Select
                label="Currency of prices"
                searchable
                allowDeselect={false}
                data={currencies(draft.currency)}
                value={draft.currency === '' ? null : draft.currency}
                error={errors.currency}
                onChange={(value) => { change({ currency: value ?? '' }); }}
              />
            </div>
          </fieldset>
        </Section>
        <Section
          wide
          title="Fields"
          intro="What a lead says. A lead that breaks a rule is refused with a reason for each field. Other fields are kept and delivered as they come."
        >
          <fieldset className={classes.fieldset} disabled={!canWrite}>
            <FieldsEditor
              rows={draft.fields}
              errors={errors}
              disabled={!canWrite}
              onChange={(fields) => { change({ fields }); }}
            />
          </fieldset>
          {/* It changes nothing, so whoever sees the fields may try them. */}
          {draft.fields.length > 0 && <TryLead rows={draft.fields} country={draft.country} />}
        </Section>
        <Section title="Duplicates" intro="When a lead repeats one of this campaign’s.">
          <fieldset className={classes.fieldset} disabled={!canWrite}>
            <DuplicateRule draft={draft} errors={errors} disabled={!canWrite} onChange={change} />
          </fieldset>
        </Section>
        <Section title="While paused" intro="What happens to leads that come while the campaign is paused.">
          <fieldset className={classes.fieldset} disabled={!canWrite}>
            <PauseChoice value={draft.when_paused} onChange={(when_paused) => { change({ when_paused }); }} />
          </fieldset>
        </Section>
        {canWrite && (
          <Section title="Delete" intro="Only a campaign without leads, sources and destinations can go.">
            <DeleteButton doc={doc} editor={editor} />
          </Section>
        )}
      </div>
      <EditorFoot editor={editor} what={`the campaign “${doc.name}”`} labels={LABELS} toInput={inputOf} />
    </Page>
  );
}

/** Takes what another call changed, without losing what is being written. */
function takeOver(editor: Editor<Campaign, Draft>, next: Loaded<Campaign>): void {
  const { dirty, draft } = editor;
  editor.adopt(next);
  if (dirty) editor.change({ ...draft, when_paused: next.data.when_paused ?? 'reject' });
}

function PauseButton({ doc, editor }: { doc: Campaign; editor: Editor<Campaign, Draft> }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [action, setAction] = useState<PausedAction>(doc.when_paused ?? 'reject');
  const turn = useMutation<Loaded<Campaign>, Problem, 'pause' | 'resume'>({
    mutationFn: (wish) => (wish === 'pause' ? pauseCampaign(doc.id, action) : resumeCampaign(doc.id)),
    onSuccess: (next) => {
      setAsking(false);
      takeOver(editor, next);
      toast(next.data.paused ? `“${next.data.name}” is paused` : `“${next.data.name}” takes leads again`);
      void client.invalidateQueries({ queryKey: campaignList.queryKey });
    },
  });
  return (
    <>
      {doc.paused ? (
        <Button leftSection={<Play size={15} />} loading={turn.isPending} onClick={() => { turn.mutate('resume'); }}>
          Resume
        </Button>
      ) : (
        <Button
          variant="default"
          leftSection={<Pause size={15} />}
          onClick={() => {
            setAction(doc.when_paused ?? 'reject');
            setAsking(true);
          }}
        >
          Pause
        </Button>
      )}
      {turn.error && !asking && <ProblemPanel error={turn.error} />}
      <ConfirmDialog
        opened={asking}
        title={`Pause “${doc.name}”?`}
        confirmLabel="Pause"
        busy={turn.isPending}
        error={turn.error}
        onCancel={() => { setAsking(false); }}
        onConfirm={() => { turn.mutate('pause'); }}
      >
        <PauseChoice value={action} onChange={setAction} />
      </ConfirmDialog>
    </>
  );
}

function DeleteButton({ doc, editor }: { doc: Campaign; editor: Editor<Campaign, Draft> }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const remove = useMutation<void, Problem>({
    mutationFn: () => deleteCampaign(doc.id),
    onSuccess: () => {
      editor.discard();
      setAsking(false);
      toast(`The campaign “${doc.name}” is deleted`);
      void client.invalidateQueries({ queryKey: campaignList.queryKey });
      void navigate({ to: '/campaigns' });
    },
  });
  return (
    <>
      <Button variant="default" c="var(--bt-danger)" onClick={() => { setAsking(true); }}>
        Delete the campaign
      </Button>
      <ConfirmDialog
        opened={asking}
        danger
        title={`Delete “${doc.name}”?`}
        confirmLabel="Delete"
        typed={doc.name}
        busy={remove.isPending}
        error={remove.error}
        onCancel={() => { setAsking(false); }}
        onConfirm={() => { remove.mutate(); }}
      >
        This cannot be taken back.
      </ConfirmDialog>
    </>
  );
}
