import type { Lead, LeadDelivery } from '@/api/inbox';

/** States of deliveries that wait for a person to send them again. */
export const FAILED: ReadonlySet<string> = new Set(['failed', 'held', 'unknown']);

/** The deliveries of leads that failed, as far as lists tell them. */
export function failedOf(leads: readonly Lead[]): LeadDelivery[] {
  return leads.flatMap((lead) => (lead.deliveries ?? []).filter((delivery) => FAILED.has(delivery.state)));
}
