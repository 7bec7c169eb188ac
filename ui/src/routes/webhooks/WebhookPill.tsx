import { Pill } from '@/components/StatusPill';
import { useNow } from '@/components/time';
import type { Webhook } from './api';

export function WebhookPill({ webhook }: { webhook: Webhook }) {
  const now = useNow();
  if (webhook.disabled != null) {
    return <Pill tone="danger" label="Disabled" title="Switched off; its events wait." />;
  }
  if (webhook.paused) return <Pill tone="warning" label="Paused" title="Its events wait." />;
  if (webhook.previous_secret_until != null && Date.parse(webhook.previous_secret_until) > now) {
    return <Pill tone="info" label="Changing secret" title="The former secret counts too." />;
  }
  return <Pill tone="success" label="On" title="It gets its events as they happen." />;
}
