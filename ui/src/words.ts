// The words people read for the words of the API, with the colour of each. Nothing else names a
// state, verdict, status or role: a change here is a change everywhere.

import type { components } from './api/schema';

/** What a key or a person may do. */
export type Scope = components['schemas']['Scope'];

/** The colours of pills; tokens.css has them. */
export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger' | 'violet';

export interface Word {
  label: string;
  tone: Tone;
  /** One line for people who meet the word for the first time. */
  means: string;
}

type Words = Readonly<Record<string, Word>>;

const word = (label: string, tone: Tone, means: string): Word => ({ label, tone, means });

export const leadStates: Words = {
  partial: word('Partial', 'violet', 'The form was begun and not sent yet.'),
  received: word('Received', 'info', 'Taken in; nothing has been decided yet.'),
  routing: word('Routing', 'info', 'A buyer is being found.'),
  sold: word('Sold', 'success', 'A buyer took it.'),
  unsold: word('Unsold', 'warning', 'No buyer took it.'),
  delivered: word('Delivered', 'success', 'Every destination that counts took it.'),
  rejected: word('Rejected', 'warning', 'It was refused: its fields, or a receiver, said no.'),
  quarantined: word('Quarantined', 'warning', 'Put aside for somebody to look at.'),
  held: word('Held', 'warning', 'Waits for a person or a switch.'),
  erased: word('Erased', 'neutral', 'Its personal data was erased.'),
};

export const deliveryStates: Words = {
  pending: word('Pending', 'neutral', 'Waits for its first attempt.'),
  in_flight: word('Sending', 'info', 'Being sent now.'),
  retrying: word('Retrying', 'warning', 'An attempt failed; another is due.'),
  accepted: word('Accepted', 'success', 'The receiver took it.'),
  queued: word('Queued there', 'info', 'The receiver took it and says later what became of it.'),
  rejected: word('Rejected', 'violet', 'The receiver said no. That is an answer, not a fault.'),
  failed: word('Failed', 'danger', 'Given up: no attempt got an answer that counts.'),
  unknown: word('Unknown', 'danger', 'It was sent, and nobody knows what became of it.'),
  held: word('Held', 'warning', 'Waits for a person.'),
  cancelled: word('Cancelled', 'neutral', 'Called off.'),
  superseded: word('Superseded', 'neutral', 'A newer version of the lead took its place.'),
};

export const verdicts: Words = {
  accepted: word('Accepted', 'success', 'The receiver took the lead.'),
  queued: word('Queued', 'info', 'The receiver took it; the outcome comes later.'),
  rejected: word('Rejected', 'violet', 'The receiver said no. It is not sent again.'),
  duplicate: word('Duplicate', 'violet', 'The receiver has this lead already.'),
  invalid: word('Invalid', 'violet', 'The receiver refused the fields.'),
  cap_reached: word('Cap reached', 'violet', 'The receiver takes no more for now.'),
  rate_limited: word('Rate limited', 'warning', 'Too fast for the receiver; sent again later.'),
  transient: word('Temporary fault', 'warning', 'The receiver could not answer; sent again later.'),
  unmatched: word('Unmatched', 'danger', 'An answer came that no response rule knows.'),
  auth_or_config: word('Access or set-up', 'danger', 'The receiver refuses us; the destination is held.'),
  unknown: word('No answer', 'warning', 'It was sent and no complete answer came.'),
  blocked: word('Blocked', 'danger', 'The address is one Baton does not call.'),
};

/** The operator's words for a lead. Others can be added in the settings; those are neutral. */
export const leadStatuses: Words = {
  new: word('New', 'info', 'Nobody has worked on it.'),
  contacted: word('Contacted', 'warning', 'Somebody spoke to them.'),
  qualified: word('Qualified', 'violet', 'It is worth going on.'),
  won: word('Won', 'success', 'It became business.'),
  lost: word('Lost', 'neutral', 'It did not become business.'),
};

export const importStates: Words = {
  waiting: word('Waiting for its file', 'neutral', 'The file is not all there yet.'),
  checking: word('Checking', 'info', 'Rows are judged; nothing is stored.'),
  checked: word('Checked', 'warning', 'Every row was judged and nothing stored: it waits to be run.'),
  importing: word('Importing', 'info', 'Rows become leads.'),
  done: word('Done', 'success', 'All rows have been read.'),
  cancelled: word('Stopped', 'neutral', 'Stopped by a person. What was stored stays.'),
  failed: word('Failed', 'danger', 'It could not go on.'),
};

/** Campaigns, sources and destinations: whether they work now. */
export const switchStates: Words = {
  live: word('Live', 'success', 'It takes leads.'),
  paused: word('Paused', 'warning', 'It takes no leads until it is resumed.'),
  on: word('On', 'success', 'It is switched on.'),
  off: word('Off', 'danger', 'It is switched off.'),
  backup: word('Failover only', 'info', 'It gets leads by failover, links and hand only.'),
};

/** What follows a verdict, by the connector's word for it. */
export const retryClasses: Readonly<Record<string, string>> = {
  final: 'Done. It is not sent again.',
  poll: 'Done for now; the receiver is asked later where the connector can.',
  schedule: 'Sent again by the schedule.',
  hold: 'Held until somebody mends the destination.',
  ask: 'Waits for a person.',
};

/** The kinds of events, in the order a person chooses in. */
export const eventKinds: Words = {
  'lead.created': word('Lead created', 'info', 'A lead was accepted.'),
  'lead.updated': word('Lead updated', 'info', 'Its data changed afterwards.'),
  'lead.partial': word('Lead partial', 'violet', 'A form was begun or grew.'),
  'lead.completed': word('Lead completed', 'info', 'A partial lead was completed.'),
  'lead.duplicate': word('Lead duplicate', 'violet', 'It repeats another one.'),
  'lead.rejected': word('Lead rejected', 'warning', 'It was refused.'),
  'lead.quarantined': word('Lead quarantined', 'warning', 'It was put aside.'),
  'delivery.succeeded': word('Delivery succeeded', 'success', 'A destination took it.'),
  'delivery.rejected': word('Delivery rejected', 'violet', 'A destination said no.'),
  'delivery.failed': word('Delivery failed', 'danger', 'It was given up, or is held.'),
  'destination.disabled': word('Destination disabled', 'danger', 'A destination was switched off.'),
};

export const roles: Readonly<Record<string, { label: string; means: string }>> = {
  owner: { label: 'Owner', means: 'Everything, workspaces and owners included.' },
  admin: { label: 'Admin', means: 'Set-up, keys, users, the audit log and erasing leads.' },
  operator: { label: 'Operator', means: 'Works with leads and resends deliveries.' },
  viewer: { label: 'Viewer', means: 'Looks and changes nothing.' },
};

export interface ScopeWord {
  scope: Scope;
  label: string;
  means: string;
}

/** What a key may do, in the order a person chooses in. */
export const scopes: readonly ScopeWord[] = [
  { scope: 'leads:write', label: 'Post leads', means: 'Send leads in from your own code.' },
  { scope: 'leads:read', label: 'Read leads', means: 'Leads, deliveries and attempts, personal data included.' },
  { scope: 'leads:update', label: 'Work on leads', means: 'Set statuses and tags, write notes.' },
  { scope: 'leads:erase', label: 'Erase leads', means: 'Remove personal data for good.' },
  { scope: 'deliveries:write', label: 'Resend deliveries', means: 'Send a lead to a destination again.' },
  { scope: 'events:read', label: 'Read events', means: 'The record of events and the live stream.' },
  { scope: 'config:read', label: 'Read set-up', means: 'Campaigns, sources, destinations, webhooks.' },
  { scope: 'config:write', label: 'Change set-up', means: 'Change and test all of these.' },
  { scope: 'keys', label: 'Manage keys', means: 'Create, rotate and revoke keys.' },
  { scope: 'users', label: 'Manage users', means: 'Invite people and set their roles.' },
  { scope: 'audit:read', label: 'Read the audit log', means: 'Who changed what, and when.' },
  { scope: 'metrics:read', label: 'Read metrics', means: 'The numbers under /metrics.' },
];

/** The word of a list, or the API's own word when the list does not have it: never nothing. */
export function wordOf(words: Words, key: string): Word {
  const known = Object.hasOwn(words, key) ? words[key] : undefined;
  return known ?? { label: plain(key), tone: 'neutral', means: '' };
}

/** `cap_reached` as people write it: "Cap reached". */
export function plain(key: string): string {
  const text = key.replace(/[_-]+/g, ' ').trim();
  return text === '' ? '—' : text.charAt(0).toUpperCase() + text.slice(1);
}
