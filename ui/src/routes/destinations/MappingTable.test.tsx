import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';
import type { Campaign } from '@/api/campaigns';
import type { Connector } from '@/api/destinations';
import { show } from '@/testing/render';
import { type Draft, emptyDraft } from './document';
import type { Form } from './form';
import { MappingTable } from './MappingTable';

const connector = { name: 'webhook', description: '', settings: [], field_names: {}, system_fields: {}, responses: [] } as unknown as Connector;
const campaign = { id: 'cmp_1', fields: [{ name: 'email' }, { name: 'phone' }] } as Campaign;

function Table({ canWrite = true }: { canWrite?: boolean }) {
  const [draft, setDraft] = useState<Draft>(() => ({
    ...emptyDraft(connector),
    mapping: ['A', 'B', 'C'].map((to) => ({ key: to, to, kind: 'field', from: 'email', value: '', transform: [] })),
  }));
  const form: Form = {
    draft,
    change: (patch) => { setDraft((old) => ({ ...old, ...patch })); },
    errors: {},
    connector,
    campaign,
    id: undefined,
    canWrite,
    secrets: [],
    trial: {},
  };
  return <MappingTable form={form} samples={{}} sent={() => undefined} />;
}

const order = (): string[] => screen.getAllByLabelText<HTMLInputElement>(/their field$/).map((input) => input.value);

it('changes the order of its rows by the keyboard and keeps the focus on the row', async () => {
  await show(<Table />);
  screen.getByRole('button', { name: 'Move A down' }).focus();
  await userEvent.keyboard('{Enter}');
  expect(order()).toEqual(['B', 'A', 'C']);
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Move A down');
  expect(screen.getByRole('status').textContent).toBe('A is now number 2 of 3');
  await userEvent.keyboard('{Enter}');
  expect(order()).toEqual(['B', 'C', 'A']);
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Move A up');
});

it('offers no order to those who cannot change it', async () => {
  await show(<Table canWrite={false} />);
  expect(screen.queryByRole('button', { name: /Move/ })).toBeNull();
});
