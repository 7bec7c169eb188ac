import { Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useSave } from '@/api/use-save';
import { ConflictDialog } from '@/components/ConflictDialog';
import { Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { SaveBar } from '@/components/SaveBar';
import { nameOf, oneWebhook, readWebhook, saveWebhook, scopeInWords, type Webhook, webhookList, type WebhookWish } from './api';
import { EventsField } from './EventsField';

const wishOf = (webhook: Webhook): WebhookWish => ({
  url: webhook.url,
  description: webhook.description ?? '',
  events: webhook.events,
});

const LABELS = { url: 'URL', description: 'Name', events: 'Told of' };

const shown = (wish: WebhookWish) => ({ ...wish, events: scopeInWords(wish.events) });

/** What can be changed of a webhook. */
export function WebhookForm({ webhook, etag, canWrite }: { webhook: Webhook; etag: string; canWrite: boolean }) {
  const queryClient = useQueryClient();
  const [base, setBase] = useState({ wish: wishOf(webhook), etag });
  const [wish, setWish] = useState(base.wish);
  const [all, setAll] = useState(webhook.events.length === 0);
  const [tried, setTried] = useState(false);
  const asked: WebhookWish = { ...wish, events: all ? [] : wish.events };
  const dirty = JSON.stringify(asked) !== JSON.stringify(base.wish);
  // What others changed meanwhile is taken over while nothing is being edited here.
  if (!dirty && etag !== base.etag) {
    setBase({ wish: wishOf(webhook), etag });
    setWish(wishOf(webhook));
    setAll(webhook.events.length === 0);
  }
  const begin = (doc: Webhook, version: string): void => {
    setBase({ wish: wishOf(doc), etag: version });
    setWish(wishOf(doc));
    setAll(doc.events.length === 0);
    setTried(false);
  };
  const save = useSave<Webhook, WebhookWish>({
    save: (input, version) => saveWebhook(webhook.id, input, version),
    load: () => readWebhook(webhook.id),
    onSaved: (doc) => {
      begin(doc, `"${String(doc.version)}"`);
      void queryClient.invalidateQueries({ queryKey: oneWebhook(webhook.id).queryKey });
      void queryClient.invalidateQueries({ queryKey: webhookList.queryKey });
    },
  });
  const set = (patch: Partial<WebhookWish>): void => { setWish((old) => ({ ...old, ...patch })); };
  const problem = save.mutation.error;
  const fields = problem?.byField() ?? {};
  const noUrl = tried && wish.url.trim() === '' ? 'Say where the events are posted.' : undefined;
  const noEvent = tried && !all && wish.events.length === 0 ? 'Choose at least one, or all.' : undefined;
  const submit = (): void => {
    setTried(true);
    if (wish.url.trim() === '' || (!all && wish.events.length === 0)) return;
    save.mutation.mutate({ input: asked, etag: base.etag });
  };
  return (
    <>
      <Section title="Where to" intro="https on the public internet, unless the server allows more. Redirects are not followed.">
        <Stack gap="md">
          <TextInput label="URL" type="url" value={wish.url} readOnly={!canWrite} error={noUrl ?? fields.url} onChange={(event) => { set({ url: event.currentTarget.value }); }} />
          <TextInput label="Name" maxLength={200} value={wish.description} readOnly={!canWrite} error={fields.description} onChange={(event) => { set({ description: event.currentTarget.value }); }} />
        </Stack>
      </Section>
      <Section title="Events" intro="It is told of what happens from now on. Each event carries the lead.">
        <EventsField value={wish.events} onChange={(events) => { set({ events }); }} all={all} onAll={setAll} error={noEvent ?? fields.events} disabled={!canWrite} />
        {problem && problem.status !== 412 && <ProblemPanel error={problem} />}
      </Section>
      <SaveBar dirty={dirty} saving={save.mutation.isPending} onSave={submit} onDiscard={() => { setWish(base.wish); setAll(base.wish.events.length === 0); save.mutation.reset(); }} />
      {save.conflict && (
        <ConflictDialog
          opened
          what={`the webhook “${nameOf(webhook)}”`}
          mine={shown(save.conflict.mine)}
          theirs={shown(wishOf(save.conflict.theirs))}
          labels={LABELS}
          busy={save.mutation.isPending}
          onKeepMine={save.overwrite}
          onTakeTheirs={() => {
            const taken = save.takeTheirs();
            if (taken) begin(taken.doc, taken.etag);
          }}
          onCancel={save.dismiss}
        />
      )}
    </>
  );
}
