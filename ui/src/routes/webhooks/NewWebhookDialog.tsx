import { Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import type { Problem } from '@/api/problem';
import { DialogFoot } from '@/components/DialogFoot';
import { ProblemPanel } from '@/components/ProblemPanel';
import { createWebhook, nameOf, type Webhook, webhookList, type WebhookWish } from './api';
import { EventsField } from './EventsField';
import { SecretDialog } from './SecretDialog';

/** A new webhook: where to, of what; then its secret, once. */
export function NewWebhookDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [made, setMade] = useState<Webhook>();
  if (made) {
    return (
      <SecretDialog
        title={`“${nameOf(made)}” is ready`}
        secret={made.secret ?? ''}
        onClose={() => void navigate({ to: '/webhooks/$id', params: { id: made.id } })}
      />
    );
  }
  return <Form onClose={onClose} onMade={setMade} />;
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (webhook: Webhook) => void }) {
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const [wish, setWish] = useState<WebhookWish>({
    url: '',
    description: '',
    events: ['lead.created', 'delivery.failed'],
  });
  const [all, setAll] = useState(false);
  const [tried, setTried] = useState(false);
  const create = useMutation<Webhook, Problem, WebhookWish>({
    mutationFn: (asked) => createWebhook(asked, idempotency(asked)),
    onSuccess: async (webhook) => {
      onMade(webhook);
      await queryClient.invalidateQueries({ queryKey: webhookList.queryKey });
    },
  });
  const set = (patch: Partial<WebhookWish>): void => { setWish((old) => ({ ...old, ...patch })); };
  const fields = create.error?.byField() ?? {};
  const noUrl = tried && wish.url.trim() === '' ? 'Say where the events are posted.' : undefined;
  const noEvent = tried && !all && wish.events.length === 0 ? 'Choose at least one, or all.' : undefined;
  const submit = (): void => {
    setTried(true);
    if (wish.url.trim() === '' || (!all && wish.events.length === 0)) return;
    create.mutate({ ...wish, events: all ? [] : wish.events });
  };
  return (
    <Modal opened onClose={onClose} title="New webhook" size="lg">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          <TextInput
            label="URL"
            type="url"
            placeholder="https://hooks.example.com/baton"
            data-autofocus
            value={wish.url}
            error={noUrl ?? fields.url}
            onChange={(event) => { set({ url: event.currentTarget.value }); }}
          />
          <TextInput
            label="Name"
            description="For people; it may be left empty."
            placeholder="Billing"
            maxLength={200}
            value={wish.description}
            error={fields.description}
            onChange={(event) => { set({ description: event.currentTarget.value }); }}
          />
          <EventsField
            value={wish.events}
            onChange={(events) => { set({ events }); }}
            all={all}
            onAll={setAll}
            error={noEvent ?? fields.events}
          />
          {create.error && <ProblemPanel error={create.error} />}
          <DialogFoot label="Create" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
