import type { TriedAnswer } from '@/api/destinations';

/** The answer in the tester: written by hand, or that of a delivery as long as nobody changes it. */
export interface Tried {
  status: string;
  body: string;
  contentType: string;
  deliveryId: string | undefined;
}

export const NOTHING_TRIED: Tried = { status: '200', body: '', contentType: '', deliveryId: undefined };

/** Whether somebody gave an answer to try. */
export function isTried(tried: Tried): boolean {
  return tried.deliveryId !== undefined || tried.body !== '' || tried.status !== NOTHING_TRIED.status;
}

/** The tester's answer as the API takes it; `undefined` while its status is no status. */
export function triedAnswer(tried: Tried): TriedAnswer | undefined {
  if (tried.deliveryId !== undefined) return { attempt: { delivery_id: tried.deliveryId } };
  const status = Number(tried.status);
  if (!/^\d{3}$/.test(tried.status.trim()) || status < 100) return undefined;
  const headers: { headers?: Record<string, string> } =
    tried.contentType.trim() === '' ? {} : { headers: { 'content-type': tried.contentType.trim() } };
  return { answer: { status, body: tried.body, ...headers } };
}
