import { Button, Menu, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Ellipsis, PlugZap, Power, RotateCw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { type Campaign, campaignQuery } from '@/api/campaigns';
import {
  type Connector,
  connectorList,
  deleteDestination,
  type Destination,
  destinationQuery,
  finishDestinationRotation,
  patchDestination,
  readDestination,
  rotateDestinationSecret,
} from '@/api/destinations';
import type { Problem } from '@/api/problem';
import { type Editor, type Loaded, useEditor } from '@/api/use-editor';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { EditorFoot } from '@/components/EditorFoot';
import { EditorFrame } from '@/components/EditorFrame';
import { Note } from '@/components/Note';
import { Page, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RotateDialog } from '@/components/RotateDialog';
import { RotationNote } from '@/components/RotationNote';
import { SecretDialog } from '@/components/SecretDialog';
import { endOfSecret } from '@/components/SecretSet';
import { Pill } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import { sentence } from '@/api/problem';
import { switchStates, wordOf } from '@/words';
import { DestinationForm } from './DestinationForm';
import classes from './Destinations.module.css';
import { type Draft, toDraft, toInput } from './document';
import { destinationRoute } from './route';
import { connectorName, stateOf } from './show';

const BACK = <Link to="/destinations">← Destinations</Link>;

/** One destination: its form, its switch, its secret, and the test call. */
export default function DestinationScreen() {
  const { id } = destinationRoute.useParams();
  const query = useQuery(destinationQuery(id));
  const connectors = useQuery(connectorList);
  const campaign = useQuery({ ...campaignQuery(query.data?.data.campaign_id ?? ''), enabled: query.data !== undefined });
  const connector = connectors.data?.find((one) => one.name === query.data?.data.connector);
  if (query.data && connectors.data && !connector) {
    return (
      <Page title={query.data.data.name} back={BACK}>
        <Note tone="danger">
          Its connector “{query.data.data.connector}” is not here any more. Start Baton with the folder it came from.
        </Note>
      </Page>
    );
  }
  if (!query.data || !connector || !campaign.data) {
    return <EditorFrame title="Destination" back={BACK} queries={[query, connectors, campaign]} wide />;
  }
  return <DestinationEditor key={id} loaded={query.data} connector={connector} campaign={campaign.data.data} />;
}

const inputOf = (doc: Destination): Readonly<Record<string, unknown>> => toInput(toDraft(doc));

const LABELS = {
  name: 'Name',
  settings: 'Connection',
  mapping: 'Mapping',
  unmapped: 'Unmapped fields',
  responses: 'Response rules',
  retry: 'Retries',
  on_unmatched: 'Unmatched answers',
  failover_id: 'Failover',
  limits: 'Limits',
  timeout: 'Time for one attempt',
  partials: 'Leads in parts',
  linked: 'Afterwards',
  failover_only: 'Only by failover',
};

function DestinationEditor({ loaded, connector, campaign }: { loaded: Loaded<Destination>; connector: Connector; campaign: Campaign }) {
  const { id } = loaded.data;
  const search = destinationRoute.useSearch();
  const navigate = useNavigate({ from: destinationRoute.fullPath });
  const canWrite = useCan('config:write');
  const client = useQueryClient();
  const editor = useEditor<Destination, Draft>({
    queryKey: destinationQuery(id).queryKey,
    loaded,
    toDraft,
    toInput,
    read: () => readDestination(id),
    send: (patch, etag) => patchDestination(id, patch, etag),
    onSaved: (next) => {
      toast(`“${next.data.name}” is saved`);
      void client.invalidateQueries({ queryKey: ['destinations', 'list'] });
    },
  });
  const doc = editor.base.data;
  const go = (patch: Partial<typeof search>): void => {
    void navigate({ search: (old) => ({ ...old, ...patch }), replace: patch.tab !== undefined });
  };
  const word = wordOf(switchStates, stateOf(doc));
  return (
    <Page
      wide
      title={doc.name}
      badge={<Pill tone={word.tone} label={word.label} title={word.means} />}
      intro={
        <>
          {connectorName(doc.connector)} for{' '}
          <Link to="/campaigns/$id" params={{ id: campaign.id }} className="bt-outside">
            {campaign.name}
          </Link>
        </>
      }
      back={BACK}
      actions={
        <>
          <Button
            variant="default"
            leftSection={<PlugZap size={15} />}
            onClick={() => { go({ panel: search.panel === 'test' ? undefined : 'test' }); }}
          >
            Test connection
          </Button>
          {canWrite && <Actions doc={doc} editor={editor} />}
        </>
      }
    >
      <Notes doc={doc} editor={editor} connector={connector} onTest={() => { go({ panel: 'test' }); }} onTab={(tab) => { go({ tab }); }} />
      <DestinationForm
        form={{
          draft: editor.draft,
          change: editor.change,
          errors: editor.fields,
          connector,
          campaign,
          id,
          canWrite,
          secrets: doc.secrets,
          trial: { id, ...editor.patch },
        }}
        search={search}
        onSearch={go}
        foot={<SecretSection doc={doc} editor={editor} canWrite={canWrite} />}
      />
      <EditorFoot editor={editor} what={`the destination “${doc.name}”`} labels={LABELS} toInput={inputOf} />
    </Page>
  );
}

/** What should be known of it before anything else. */
function Notes({
  doc,
  editor,
  connector,
  onTest,
  onTab,
}: {
  doc: Destination;
  editor: Editor<Destination, Draft>;
  connector: Connector;
  onTest: () => void;
  onTab: (tab: string) => void;
}) {
  const testing = connector.test_mode_setting != null && editor.draft.settings[connector.test_mode_setting] === true;
  const warnings = doc.warnings ?? [];
  const test = warnings.find((one) => one.code === 'never_tested' || one.code === 'test_failed');
  const others = warnings.filter((one) => one !== test && one.rule == null);
  const rules = warnings.filter((one) => one.rule != null).length;
  if (!testing && warnings.length === 0 && doc.disabled == null) return null;
  return (
    <div className={classes.notes}>
      {doc.disabled != null && (
        <Note tone="danger">
          Switched off: <b className="bt-outside">{doc.disabled}</b>. Its deliveries wait; they go when it is switched on.
        </Note>
      )}
      {testing && (
        <Note tone="warning">
          <b>Test mode is on.</b> Every lead is sent as a test. {connector.test_mode}
        </Note>
      )}
      {test && (
        <Note tone="warning" action={<Button size="xs" variant="default" onClick={onTest}>Test it now</Button>}>
          {sentence(`it ${test.message}`.replace(/^it the /, 'the '))}
        </Note>
      )}
      {others.map((one) => (
        <Note key={one.code} tone="warning" action={<Button size="xs" variant="default" onClick={() => { onTab('answers'); }}>See the rules</Button>}>
          {sentence(one.message)}
        </Note>
      ))}
      {rules > 0 && (
        <Note tone="warning" action={<Button size="xs" variant="default" onClick={() => { onTab('answers'); }}>See the rules</Button>}>
          {rules === 1 ? 'One response rule is doubtful.' : `${String(rules)} response rules are doubtful.`}
        </Note>
      )}
    </div>
  );
}

function Actions({ doc, editor }: { doc: Destination; editor: Editor<Destination, Draft> }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<'off' | 'delete'>();
  const [reason, setReason] = useState('');
  const close = (): void => { setDialog(undefined); };
  const renew = (): void => void client.invalidateQueries({ queryKey: ['destinations', 'list'] });
  const turn = useMutation<Loaded<Destination>, Problem, string | null>({
    mutationFn: (disabled) => patchDestination(doc.id, { disabled }),
    onSuccess: (next) => {
      close();
      takeOver(editor, next);
      renew();
    },
  });
  const remove = useMutation<void, Problem>({
    mutationFn: () => deleteDestination(doc.id),
    onSuccess: () => {
      editor.discard();
      close();
      toast(`The destination “${doc.name}” is deleted`);
      renew();
      void navigate({ to: '/destinations' });
    },
  });
  const isOn = doc.disabled == null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<Power size={15} />}
        loading={turn.isPending && !isOn}
        onClick={() => {
          if (isOn) setDialog('off');
          else turn.mutate(null);
        }}
      >
        {isOn ? 'Switch off' : 'Switch on'}
      </Button>
      <Menu width={200}>
        <Menu.Target>
          <Button variant="default" px={9} aria-label="More">
            <Ellipsis size={16} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item c="var(--bt-danger)" leftSection={<Trash2 size={14} />} onClick={() => { setDialog('delete'); }}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {turn.error && !isOn && <ProblemPanel error={turn.error} title="It was not switched on" />}
      <ConfirmDialog
        opened={dialog === 'off'}
        title={`Switch “${doc.name}” off?`}
        confirmLabel="Switch off"
        busy={turn.isPending}
        error={turn.error}
        onCancel={close}
        onConfirm={() => { turn.mutate(reason.trim() === '' ? 'switched off by hand' : reason.trim()); }}
      >
        <p style={{ marginTop: 0 }}>Its deliveries wait, and none is lost. A request that is out at this moment may still end.</p>
        <TextInput
          label="Why"
          placeholder="The CRM is being moved"
          data-autofocus
          maxLength={200}
          value={reason}
          onChange={(event) => { setReason(event.currentTarget.value); }}
        />
      </ConfirmDialog>
      <ConfirmDialog
        opened={dialog === 'delete'}
        danger
        title={`Delete “${doc.name}”?`}
        confirmLabel="Delete"
        typed={doc.name}
        busy={remove.isPending}
        error={remove.error}
        onCancel={close}
        onConfirm={() => { remove.mutate(); }}
      >
        What it still has to deliver is called off. What was delivered stays in the log. This cannot be taken back.
      </ConfirmDialog>
    </>
  );
}

/** Takes what another call changed, without losing what is being written. */
function takeOver(editor: Editor<Destination, Draft>, next: Loaded<Destination>): void {
  if (!editor.dirty) {
    editor.adopt(next);
    return;
  }
  const { draft } = editor;
  editor.adopt(next);
  editor.change(draft);
}

/** The secret that requests are signed with: never shown again, but changed. */
function SecretSection({ doc, editor, canWrite }: { doc: Destination; editor: Editor<Destination, Draft>; canWrite: boolean }) {
  const [asking, setAsking] = useState(false);
  const [secret, setSecret] = useState<string>();
  const rotate = useMutation<Loaded<Destination>, Problem, string>({
    mutationFn: (grace) => rotateDestinationSecret(doc.id, grace),
    onSuccess: (next) => {
      setAsking(false);
      setSecret(next.data.secret ?? undefined);
      takeOver(editor, { ...next, data: { ...next.data, secret: null } });
    },
  });
  const finish = useMutation<Loaded<Destination>, Problem>({
    mutationFn: () => finishDestinationRotation(doc.id),
    onSuccess: (next) => { takeOver(editor, next); },
  });
  const ends = endOfSecret(doc.secrets, 'signing');
  return (
    <Section title="Signing secret" intro="Receivers can check by it that a request comes from you, and is new.">
      <div className={classes.stack}>
        <RotationNote until={doc.previous_secret_until} finish={canWrite ? finish : undefined}>
          Requests carry the signature of the former secret too, until
        </RotationNote>
        <p className={classes.panelIntro}>
          Requests carry <code>webhook-signature</code> and <code>X-LeadsBot-Signature</code> where the connector signs.
          The secret{ends !== undefined && <>, which ends <code className="bt-outside">…{ends}</code>,</>} was shown once, when it was made.
        </p>
        {canWrite && (
          <div>
            <Button variant="default" leftSection={<RotateCw size={14} />} onClick={() => { setAsking(true); }}>
              Change the secret
            </Button>
          </div>
        )}
      </div>
      {asking && (
        <RotateDialog
          what={`the secret of “${doc.name}”`}
          busy={rotate.isPending}
          error={rotate.error}
          onRotate={(grace) => { rotate.mutate(grace); }}
          onCancel={() => { setAsking(false); }}
        />
      )}
      {secret !== undefined && (
        <SecretDialog title="The new secret" what="signing secret" secret={secret} onClose={() => { setSecret(undefined); }} />
      )}
    </Section>
  );
}
