import { Button, Switch, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { ExternalLink, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { type Campaign, campaignQuery } from '@/api/campaigns';
import type { Problem } from '@/api/problem';
import { deleteSource, finishSourceRotation, patchSource, readSource, rotateSourceSecret, type Source, sourceQuery } from '@/api/sources';
import { type Editor, type Loaded, useEditor } from '@/api/use-editor';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { CopyButton } from '@/components/CopyButton';
import { EditorFoot } from '@/components/EditorFoot';
import { EditorFrame } from '@/components/EditorFrame';
import { Note } from '@/components/Note';
import { Page, Section } from '@/components/Page';
import { RotateDialog } from '@/components/RotateDialog';
import { RotationNote } from '@/components/RotationNote';
import { SecretDialog } from '@/components/SecretDialog';
import { endOfSecret, SecretSet } from '@/components/SecretSet';
import { RateInput, SpanInput } from '@/components/SpanInput';
import { Pill } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import { switchStates, wordOf } from '@/words';
import { type Draft, originOf, toDraft, toInput } from './document';
import { FirstLead } from './FirstLead';
import { sourceRoute } from './route';
import { KINDS, stateOf } from './show';
import { Snippets } from './Snippets';
import { LANGUAGES } from './snippets';
import classes from './Sources.module.css';

const BACK = <Link to="/sources">← Sources</Link>;

const inputOf = (doc: Source): Readonly<Record<string, unknown>> => toInput(toDraft(doc));

const LABELS = {
  name: 'Name',
  allowed_origins: 'Allowed origins',
  require_signature: 'Signatures',
  rate_limit: 'Rate limit',
  wait: 'Waiting for the outcome',
  disabled: 'Switched off',
};

/** One source: its address, code for it, and who may post. */
export default function SourceScreen() {
  const { id } = sourceRoute.useParams();
  const query = useQuery(sourceQuery(id));
  const campaign = useQuery({ ...campaignQuery(query.data?.data.campaign_id ?? ''), enabled: query.data !== undefined });
  if (!query.data || !campaign.data) return <EditorFrame title="Source" back={BACK} queries={[query, campaign]} />;
  return <SourceEditor key={id} loaded={query.data} campaign={campaign.data.data} />;
}

function SourceEditor({ loaded, campaign }: { loaded: Loaded<Source>; campaign: Campaign }) {
  const { id } = loaded.data;
  const search = sourceRoute.useSearch();
  const navigate = useNavigate({ from: sourceRoute.fullPath });
  const client = useQueryClient();
  const canWrite = useCan('config:write');
  // Asking for signatures makes a secret when there is none yet; it is in that answer only.
  const [secret, setSecret] = useState<string>();
  const editor = useEditor<Source, Draft>({
    queryKey: sourceQuery(id).queryKey,
    loaded,
    toDraft,
    toInput,
    read: () => readSource(id),
    send: (patch, etag) => patchSource(id, patch, etag),
    onSaved: (next) => {
      toast(`“${next.data.name}” is saved`);
      if (next.data.secret != null) setSecret(next.data.secret);
      void client.invalidateQueries({ queryKey: ['sources', 'list'] });
    },
  });
  const doc = editor.base.data;
  const { draft, change, fields: errors } = editor;
  const kind = doc.kind ?? 'endpoint';
  const word = wordOf(switchStates, stateOf(doc));
  const url = doc.inbound_url ?? undefined;
  return (
    <Page
      title={doc.name}
      badge={<Pill tone={word.tone} label={word.label} title={word.means} />}
      intro={
        <>
          {KINDS[kind].label} for{' '}
          <Link to="/campaigns/$id" params={{ id: campaign.id }} className="bt-outside">
            {campaign.name}
          </Link>
          . {KINDS[kind].means}
        </>
      }
      back={BACK}
    >
      {url === undefined ? (
        <div className={classes.lone}>
          <Note tone="neutral">
            {kind === 'api'
              ? 'Leads posted with an API key come in here. It has no address of its own.'
              : 'It has no address of its own to post to.'}
          </Note>
        </div>
      ) : (
        <Section
          wide
          title="Post leads here"
          intro="Whoever knows the address can post, unless you ask for signatures or name the pages below."
        >
          <div className={classes.stack}>
            <div className={classes.url}>
              <span className={classes.method}>POST</span>
              <code className={classes.urlText} tabIndex={0} aria-label="Posting URL">
                {url}
              </code>
              <CopyButton text={url} what="the posting URL" label="Copy" />
            </div>
            {doc.spec_url != null && <SpecLink url={doc.spec_url} />}
            <FirstLead sourceId={id} />
            <Snippets
              url={url}
              campaign={campaign}
              signed={draft.require_signature}
              language={LANGUAGES.find((one) => one.value === search.lang)?.value ?? (kind === 'form' ? 'html' : 'curl')}
              onLanguage={(lang) => void navigate({ search: (old) => ({ ...old, lang }), replace: true })}
            />
          </div>
        </Section>
      )}
      <fieldset className={classes.fieldset} disabled={!canWrite}>
        <Section title="Name" intro="It is the source of its leads, in lists and in what is delivered.">
          <TextInput
            aria-label="Name"
            maxLength={200}
            value={draft.name}
            error={errors.name}
            onChange={(event) => { change({ name: event.currentTarget.value }); }}
          />
        </Section>
        {url !== undefined && (
          <>
            <Section title="Pages that may post" intro="For posts from browsers. Requests of servers are not concerned.">
              <div className={classes.stack}>
                <TagsInput
                  label="Allowed origins"
                  description="Whole origins, compared exactly. Enter ends one."
                  placeholder={draft.allowed_origins.length === 0 ? 'https://solar.example' : ''}
                  splitChars={[',', ' ']}
                  acceptValueOnBlur
                  value={[...draft.allowed_origins]}
                  error={errors.allowed_origins ?? Object.entries(errors).find(([field]) => field.startsWith('allowed_origins['))?.[1]}
                  onChange={(values) => {
                    const origins = values.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== '');
                    change({ allowed_origins: [...new Set(origins.map(originOf))] });
                  }}
                />
                {draft.allowed_origins.length === 0 && (
                  <Note tone={kind === 'endpoint' ? 'neutral' : 'warning'}>
                    Without origins any page may post{kind === 'endpoint' ? '.' : ', also one that copies your form.'}
                  </Note>
                )}
              </div>
            </Section>
            <Section title="Signatures" intro="The caller proves with a secret that the post is theirs.">
              <div className={classes.stack}>
                <Switch
                  label="Refuse posts without a right signature"
                  description="X-LeadsBot-Signature: the hex HMAC-SHA256 of the body’s bytes."
                  checked={draft.require_signature}
                  onChange={(event) => { change({ require_signature: event.currentTarget.checked }); }}
                />
                <Secret doc={doc} editor={editor} canWrite={canWrite} onSecret={setSecret} />
              </div>
            </Section>
            <Section title="How many, how long" intro="More than the limit get 429 with Retry-After.">
              <div className={classes.stack}>
                <RateInput
                  label="At most"
                  description="Empty: no limit."
                  value={draft.rate_limit}
                  error={errors.rate_limit}
                  onChange={(rate_limit) => { change({ rate_limit }); }}
                />
                <SpanInput
                  label="Wait for the outcome"
                  description="How long the answer waits for what the receivers say; at most 60 s. Empty: it answers at once."
                  placeholder="No"
                  units={['s']}
                  value={draft.wait}
                  error={errors.wait}
                  onChange={(wait) => { change({ wait }); }}
                />
              </div>
            </Section>
          </>
        )}
        <Section title="Switch off" intro="For a partner who has gone, or who sends nonsense.">
          <div className={classes.stack}>
            <Switch
              label="Refuse all leads"
              description="Posts are answered with 403, source_disabled."
              checked={draft.disabled}
              onChange={(event) => { change({ disabled: event.currentTarget.checked }); }}
            />
            {canWrite && <DeleteSource doc={doc} editor={editor} />}
          </div>
        </Section>
      </fieldset>
      {secret !== undefined && (
        <SecretDialog
          title="The signing secret"
          intro="Give it to the caller, who signs each post with it."
          what="signing secret"
          secret={secret}
          onClose={() => { setSecret(undefined); }}
        />
      )}
      <EditorFoot editor={editor} what={`the source “${doc.name}”`} labels={LABELS} toInput={inputOf} />
    </Page>
  );
}

/** The page for suppliers, public by its link. */
function SpecLink({ url }: { url: string }) {
  if (!/^https?:\/\//.test(url)) return null;
  return (
    <p className={classes.spec}>
      <a href={url} target="_blank" rel="noopener noreferrer nofollow">
        Posting specification <ExternalLink size={13} aria-hidden="true" />
      </a>
      <CopyButton text={url} what="the link to the specification" />
      <span className="bt-dim">for your supplier: fields, types, examples and answers, always as they are now</span>
    </p>
  );
}

/** Takes what another call changed, without losing what is being written. */
function takeOver(editor: Editor<Source, Draft>, next: Loaded<Source>): void {
  const { dirty, draft } = editor;
  editor.adopt({ ...next, data: { ...next.data, secret: null } });
  if (dirty) editor.change(draft);
}

function Secret({
  doc,
  editor,
  canWrite,
  onSecret,
}: {
  doc: Source;
  editor: Editor<Source, Draft>;
  canWrite: boolean;
  onSecret: (secret: string | undefined) => void;
}) {
  const [asking, setAsking] = useState(false);
  const rotate = useMutation<Loaded<Source>, Problem, string>({
    mutationFn: (grace) => rotateSourceSecret(doc.id, grace),
    onSuccess: (next) => {
      setAsking(false);
      onSecret(next.data.secret ?? undefined);
      takeOver(editor, next);
    },
  });
  const finish = useMutation<Loaded<Source>, Problem>({
    mutationFn: () => finishSourceRotation(doc.id),
    onSuccess: (next) => { takeOver(editor, next); },
  });
  return (
    <>
      {endOfSecret(doc.secrets, 'signing') !== undefined && (
        <p className={classes.saved}>
          <SecretSet ends={endOfSecret(doc.secrets, 'signing')} />
        </p>
      )}
      <RotationNote until={doc.previous_secret_until} finish={canWrite ? finish : undefined}>
        Posts signed with the former secret are taken too, until
      </RotationNote>
      {canWrite && (
        <div>
          <Button variant="default" leftSection={<RotateCw size={14} />} onClick={() => { setAsking(true); }}>
            Make a new secret
          </Button>
        </div>
      )}
      {asking && (
        <RotateDialog
          what={`the secret of “${doc.name}”`}
          busy={rotate.isPending}
          error={rotate.error}
          onRotate={(grace) => { rotate.mutate(grace); }}
          onCancel={() => { setAsking(false); }}
        />
      )}
    </>
  );
}

function DeleteSource({ doc, editor }: { doc: Source; editor: Editor<Source, Draft> }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const remove = useMutation<void, Problem>({
    mutationFn: () => deleteSource(doc.id),
    onSuccess: () => {
      editor.discard();
      setAsking(false);
      toast(`The source “${doc.name}” is deleted`);
      void client.invalidateQueries({ queryKey: ['sources', 'list'] });
      void navigate({ to: '/sources' });
    },
  });
  return (
    <div>
      <Button variant="default" c="var(--bt-danger)" onClick={() => { setAsking(true); }}>
        Delete the source
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
        Its address answers 404 from then on. Its leads stay. This cannot be taken back.
      </ConfirmDialog>
    </div>
  );
}
