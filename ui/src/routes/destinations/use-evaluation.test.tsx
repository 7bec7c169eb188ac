import { screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import type { ResponseRule } from '@/api/destinations';
import { show } from '@/testing/render';
import { serve } from '@/testing/server';
import type { Tried } from './tried';
import { useEvaluation } from './use-evaluation';

const RULES: ResponseRule[] = [{ match: 'word', value: 'no', verdict: 'rejected' }];
const WRITTEN: Tried = { status: '200', body: 'no', contentType: '', deliveryId: undefined };
const SEEN = { json: { verdict: 'rejected', rule: 0, decided_by: 'rule 1', rules: [], extracted: {}, warnings: [] } };

function Seen({ id }: { id: string | undefined }) {
  const { data } = useEvaluation(id, 'webhook', RULES, WRITTEN);
  return <p>{data?.verdict ?? 'waits'}</p>;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

it('tries the rules of a destination that is not made yet by its connector', async () => {
  const asked = serve({ 'POST /api/v1/destinations/responses/evaluate': SEEN });
  await show(<Seen id={undefined} />);
  await screen.findByText('rejected');
  expect(asked[0]?.body).toEqual({ connector: 'webhook', responses: RULES, answer: { status: 200, body: 'no' } });
});

it('tries those of a saved one by itself', async () => {
  const asked = serve({ 'POST /api/v1/destinations/dst_1/responses/evaluate': SEEN });
  await show(<Seen id="dst_1" />);
  await screen.findByText('rejected');
  expect(asked[0]?.body).toEqual({ responses: RULES, answer: { status: 200, body: 'no' } });
});
