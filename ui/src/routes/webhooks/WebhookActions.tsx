import { ActionIcon, Button, Menu, Modal, Select } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ellipsis, Pause, Play, Zap } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AbsoluteTime } from '@/components/RelativeTime';
import { useNow } from '@/components/time';
import { toast } from '@/components/toast';
import { TrialSummary } from '@/components/TrialSummary';
import {
  deleteWebhook,
  enableWebhook,
  finishRotation,
  nameOf,
  oneWebhook,
  rotateWebhook,
  switchWebhook,
  testWebhook,
  type Trial,
  type Webhook,
  webhookList,
} from './api';
import { SecretDialog } from './SecretDialog';
import classes from './Webhooks.module.css';

function useRenew(id: string): () => Promise<void> {
  const queryClient = useQueryClient();
  return async () => {
    await queryClient.invalidateQueries({ queryKey: oneWebhook(id).queryKey });
    await queryClient.invalidateQueries({ queryKey: webhookList.queryKey });
  };
}

/** What can be done with a webhook. */
export function WebhookActions({ webhook, etag }: { webhook: Webhook; etag: string }) {
  const [dialog, setDialog] = useState<'test' | 'rotate' | 'delete'>();
  const [made, setMade] = useState<Webhook>();
  const renew = useRenew(webhook.id);
  const pause = useMutation<void, Problem>({
    mutationFn: () => switchWebhook(webhook.id, !webhook.paused),
    onSuccess: renew,
  });
  const close = (): void => { setDialog(undefined); };
  return (
    <>
      <Button variant="default" leftSection={<Zap size={15} />} onClick={() => { setDialog('test'); }}>
        Test
      </Button>
      <Button
        variant="default"
        leftSection={webhook.paused ? <Play size={15} /> : <Pause size={15} />}
        loading={pause.isPending}
        onClick={() => { pause.mutate(); }}
      >
        {webhook.paused ? 'Resume' : 'Pause'}
      </Button>
      <Menu>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More actions">
            <Ellipsis size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => { setDialog('rotate'); }}>Change the secret…</Menu.Item>
          <Menu.Item c="var(--bt-danger)" onClick={() => { setDialog('delete'); }}>Delete…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {pause.error && <ProblemPanel error={pause.error} />}
      {dialog === 'test' && <Test webhook={webhook} onClose={close} />}
      {dialog === 'rotate' && <Rotate webhook={webhook} onClose={close} onMade={setMade} />}
      {dialog === 'delete' && <Delete webhook={webhook} etag={etag} onClose={close} />}
      {made && <SecretDialog title="The new secret" secret={made.secret ?? ''} onClose={() => { setMade(undefined); }} />}
    </>
  );
}

function Test({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const test = useMutation<Trial, Problem>({ mutationFn: () => testWebhook(webhook.id) });
  return (
    <Modal opened onClose={onClose} title={`Test “${nameOf(webhook)}”`} size="xl">
      <p style={{ marginTop: 0 }}>
        A real call to <code className="bt-outside">{webhook.url}</code> with the event <code>webhook.test</code>. It is
        signed like every other and recorded nowhere.
      </p>
      {test.data && <TrialSummary trial={test.data} />}
      {test.error && <ProblemPanel error={test.error} />}
      <div style={{ display: 'flex', gap: 8, justifyContent: 'flex-end', marginTop: 16 }}>
        <Button variant="default" onClick={onClose}>Close</Button>
        <Button data-autofocus loading={test.isPending} onClick={() => { test.mutate(); }}>
          {test.data ? 'Test again' : 'Send the test'}
        </Button>
      </div>
    </Modal>
  );
}

const GRACES = [
  { value: '0s', label: 'None: it ends at once (it leaked)' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];

function Rotate({ webhook, onClose, onMade }: { webhook: Webhook; onClose: () => void; onMade: (made: Webhook) => void }) {
  const [grace, setGrace] = useState('24h');
  const renew = useRenew(webhook.id);
  const rotate = useMutation<Webhook, Problem>({
    mutationFn: () => rotateWebhook(webhook.id, grace),
    onSuccess: async (made) => {
      onMade(made);
      onClose();
      await renew();
    },
  });
  return (
    <ConfirmDialog opened title={`Change the secret of “${nameOf(webhook)}”`} confirmLabel="Make a new secret" busy={rotate.isPending} error={rotate.error} onCancel={onClose} onConfirm={() => { rotate.mutate(); }}>
      <p style={{ marginTop: 0 }}>
        The new secret is shown once. Until the former one ends, <code>webhook-signature</code> carries both and{' '}
        <code>X-LeadsBot-Signature</code> stays with the former.
      </p>
      <Select label="How long the former secret counts too" data={GRACES} value={grace} allowDeselect={false} onChange={(value) => { setGrace(value ?? '24h'); }} />
    </ConfirmDialog>
  );
}

function Delete({ webhook, etag, onClose }: { webhook: Webhook; etag: string; onClose: () => void }) {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const remove = useMutation<void, Problem>({
    mutationFn: () => deleteWebhook(webhook.id, etag),
    onSuccess: async () => {
      toast(`The webhook “${nameOf(webhook)}” is deleted`);
      await navigate({ to: '/webhooks' });
      await queryClient.invalidateQueries({ queryKey: webhookList.queryKey });
    },
  });
  return (
    <ConfirmDialog opened danger title={`Delete “${nameOf(webhook)}”?`} confirmLabel="Delete" busy={remove.isPending} error={remove.error} onCancel={onClose} onConfirm={() => { remove.mutate(); }}>
      <code className="bt-outside">{webhook.url}</code> is told of nothing any more, and what waits for it is called off.
      This cannot be taken back; pause it if you only want it to wait.
    </ConfirmDialog>
  );
}

/** What is out of the ordinary about it, with the way back. */
export function Notices({ webhook, canWrite }: { webhook: Webhook; canWrite: boolean }) {
  const now = useNow();
  const renew = useRenew(webhook.id);
  const act = useMutation<void, Problem, 'enable' | 'resume' | 'finish'>({
    mutationFn: (what) => {
      if (what === 'enable') return enableWebhook(webhook.id);
      return what === 'resume' ? switchWebhook(webhook.id, false) : finishRotation(webhook.id);
    },
    onSuccess: renew,
  });
  const changing = webhook.previous_secret_until != null && Date.parse(webhook.previous_secret_until) > now;
  const button = (what: 'enable' | 'resume' | 'finish', label: string): ReactNode =>
    canWrite && (
      <Button size="xs" variant="default" loading={act.isPending} onClick={() => { act.mutate(what); }}>
        {label}
      </Button>
    );
  return (
    <>
      {webhook.disabled != null && (
        <div className={classes.notice} data-tone="danger">
          <p>
            <strong>It is switched off</strong>: <bdi className="bt-outside">{webhook.disabled}</bdi>. Its events wait and are
            sent when it is on again.
          </p>
          {button('enable', 'Switch it on')}
        </div>
      )}
      {webhook.paused && (
        <div className={classes.notice}>
          <p><strong>It is paused.</strong> Its events wait and are sent when it goes on.</p>
          {button('resume', 'Resume')}
        </div>
      )}
      {changing && (
        <div className={classes.notice} data-tone="info">
          <p>
            <strong>Its secret is being changed.</strong> The former one counts until{' '}
            <AbsoluteTime at={webhook.previous_secret_until} />.
          </p>
          {button('finish', 'End the former secret now')}
        </div>
      )}
      {act.error && <ProblemPanel error={act.error} />}
    </>
  );
}
