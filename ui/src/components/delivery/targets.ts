import { useQuery } from '@tanstack/react-query';
import { type Delivery, type Destination, destinationsQuery, webhooksQuery } from '@/api/inbox';
import { useCan } from '@/api/use-me';

/** Attempts of the schedules that have a name. */
const PRESET_ATTEMPTS = 5;

export interface Targets {
  /** What the delivery goes to, in a word a person knows; its id while that is not known. */
  nameOf: (delivery: Pick<Delivery, 'destination_id' | 'webhook_id'>) => string;
  destination: (id: string | null | undefined) => Destination | undefined;
  all: readonly Destination[];
}

/** The names of what deliveries go to. Webhooks are asked for when `withWebhooks` says so. */
export function useTargets(withWebhooks = false): Targets {
  const can = useCan('config:read');
  const { data: destinations = [] } = useQuery({ ...destinationsQuery, enabled: can });
  const { data: webhooks = [] } = useQuery({ ...webhooksQuery, enabled: can && withWebhooks });
  const byId = new Map(destinations.map((destination) => [destination.id, destination]));
  const hooks = new Map(webhooks.map((webhook) => [webhook.id, webhook.url]));
  return {
    all: destinations,
    destination: (id) => (id == null ? undefined : byId.get(id)),
    nameOf: ({ destination_id: destination, webhook_id: webhook }) => {
      if (destination != null) return byId.get(destination)?.name ?? destination;
      return webhook == null ? '—' : (hooks.get(webhook) ?? webhook);
    },
  };
}

/** How many attempts its schedule has room for; `undefined` when that is not known. */
export function attemptsMax(destination: Destination | undefined): number | undefined {
  const retry = destination?.retry;
  if (retry == null) return undefined;
  return typeof retry === 'string' ? PRESET_ATTEMPTS : retry.schedule.length;
}
