import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Plus, Webhook as WebhookIcon } from 'lucide-react';
import { useCan } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { RowLink } from '@/components/RowLink';
import { nameOf, scopeInWords, type Webhook, webhookList } from './api';
import { NewWebhookDialog } from './NewWebhookDialog';
import { webhooksRoute } from './route';
import { WebhookPill } from './WebhookPill';
import classes from './Webhooks.module.css';

/** Webhooks: who is told of what happens. */
export default function WebhooksScreen() {
  const search = webhooksRoute.useSearch();
  const navigate = useNavigate({ from: webhooksRoute.fullPath });
  const canWrite = useCan('config:write');
  const query = useInfiniteQuery(webhookList);
  const rows = query.data?.pages.flatMap((page) => page.rows);
  const add = canWrite ? (
    <Button leftSection={<Plus size={15} />} onClick={() => void navigate({ search: { new: 'webhook' } })}>
      New webhook
    </Button>
  ) : undefined;
  return (
    <Page
      wide
      title="Webhooks"
      intro="Your own systems are told what happens to leads and deliveries, by signed calls. To hand leads over to somebody, make a destination."
      actions={add}
    >
      <DataTable
        label="Webhooks"
        columns={COLUMNS}
        rows={rows}
        rowKey={(webhook) => webhook.id}
        state={query}
        isDim={(webhook) => webhook.paused || webhook.disabled != null}
        onOpen={(webhook) => void navigate({ to: '/webhooks/$id', params: { id: webhook.id } })}
        link={(webhook, children) => (
          <RowLink to="/webhooks/$id" params={{ id: webhook.id }}>
            {children}
          </RowLink>
        )}
        empty={
          <EmptyState icon={WebhookIcon} title="No webhooks yet" action={add}>
            A webhook posts events such as “lead created” or “delivery failed” to a URL of yours the moment they happen.
          </EmptyState>
        }
        more={{ has: query.hasNextPage, loading: query.isFetchingNextPage, load: () => void query.fetchNextPage() }}
      />
      {canWrite && search.new !== undefined && (
        <NewWebhookDialog onClose={() => void navigate({ search: {} })} />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Webhook>[] = [
  { id: 'name', header: 'Name', card: 'title', cell: (webhook) => nameOf(webhook) },
  {
    id: 'url',
    header: 'Posts to',
    card: 'line',
    cell: (webhook) => <span className={`bt-cut ${classes.host ?? ''}`}>{webhook.url}</span>,
  },
  {
    id: 'events',
    header: 'Told of',
    card: 'line',
    cell: (webhook) => (
      <span className={webhook.events.length === 0 ? classes.wide : undefined}>{scopeInWords(webhook.events)}</span>
    ),
  },
  { id: 'state', header: 'State', width: '150px', card: 'side', cell: (webhook) => <WebhookPill webhook={webhook} /> },
  { id: 'made', header: 'Made', width: '110px', cell: (webhook) => <RelativeTime at={webhook.created_at} /> },
];
