import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useCan } from '@/api/use-me';
import { CopyButton } from '@/components/CopyButton';
import { Facts, Page, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AbsoluteTime } from '@/components/RelativeTime';
import { ScreenLink } from '@/components/ScreenLink';
import { endOfSecret, SecretSet } from '@/components/SecretSet';
import { nameOf, oneWebhook, type Webhook } from './api';
import { webhookRoute } from './route';
import { Notices, WebhookActions } from './WebhookActions';
import { WebhookForm } from './WebhookForm';
import { WebhookPill } from './WebhookPill';

/** One webhook: what it is told of, where, and whether that works. */
export default function WebhookScreen() {
  const { id } = webhookRoute.useParams();
  const query = useQuery({ ...oneWebhook(id), placeholderData: undefined });
  const back = <Link to="/webhooks">← Webhooks</Link>;
  if (query.error && !query.data) {
    return (
      <Page title="Webhook" back={back}>
        <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />
      </Page>
    );
  }
  if (!query.data) return <Page title="Webhook" back={back}>{null}</Page>;
  return <Loaded key={id} webhook={query.data.data} etag={query.data.etag} />;
}

function Loaded({ webhook, etag }: { webhook: Webhook; etag: string }) {
  const canWrite = useCan('config:write');
  return (
    <Page
      title={nameOf(webhook)}
      badge={<WebhookPill webhook={webhook} />}
      back={<Link to="/webhooks">← Webhooks</Link>}
      actions={canWrite ? <WebhookActions webhook={webhook} etag={etag} /> : undefined}
    >
      <Notices webhook={webhook} canWrite={canWrite} />
      <WebhookForm webhook={webhook} etag={etag} canWrite={canWrite} />
      <Section title="Facts" intro={<ScreenLink to="/deliveries" search={{ view: 'all', webhook: webhook.id }}>Its deliveries</ScreenLink>}>
        <Facts
          rows={[
            ['Id', <><code>{webhook.id}</code> <CopyButton text={webhook.id} what="id" /></>],
            ['Tried again', scheduleInWords(webhook.retry)],
            ['One try takes', `at most ${webhook.timeout ?? '30s'}`],
            ['At once', `at most ${String(webhook.in_flight ?? 32)} requests`],
            ['Secret', <SecretSet key="secret" ends={endOfSecret(webhook.secrets, 'signing')} />],
            ['Made', <AbsoluteTime key="made" at={webhook.created_at} />],
            ['Changed', <AbsoluteTime key="changed" at={webhook.updated_at} />],
          ]}
        />
      </Section>
    </Page>
  );
}

function scheduleInWords(retry: Webhook['retry']): string {
  if (retry == null) return 'by the standard schedule';
  if (typeof retry === 'string') return `by the schedule “${retry}”`;
  const waits = retry.schedule.slice(1);
  return waits.length === 0 ? 'never' : `after ${waits.join(', then ')}`;
}
