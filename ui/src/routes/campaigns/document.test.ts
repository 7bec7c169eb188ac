import { expect, it } from 'vitest';
import type { Campaign } from '@/api/campaigns';
import { duplicatesText, newFieldRow, toDraft, toInput } from './document';
import { rulesText } from './kinds';

const campaign = {
  id: 'cmp_1',
  name: 'Solar',
  reference: 'SOLAR',
  country: 'GB',
  currency: 'GBP',
  fields: [
    { name: 'email', type: 'email', required: true, strict: false },
    { name: 'roof', type: 'choice', required: false, choices: ['flat'] },
  ],
  duplicates: { fields: ['email', 'roof'], matching: 'any', window: '30d', action: 'mark' },
  when_paused: 'hold',
  paused: false,
  version: 1,
  created_at: '',
  updated_at: '',
} as Campaign;

it('gives a campaign back unchanged, but for rules its types do not know', () => {
  expect(toInput(toDraft(campaign))).toEqual({
    name: 'Solar',
    reference: 'SOLAR',
    country: 'GB',
    currency: 'GBP',
    fields: [
      { name: 'email', type: 'email', required: true },
      { name: 'roof', type: 'choice', required: false, choices: ['flat'] },
    ],
    duplicates: campaign.duplicates,
    when_paused: 'hold',
  });
});

it('does not compare by fields that are gone', () => {
  const draft = toDraft(campaign);
  const input = toInput({ ...draft, fields: draft.fields.slice(0, 1) });
  expect(input.duplicates).toMatchObject({ fields: ['email'] });
  expect(toInput({ ...draft, checksDuplicates: false }).duplicates).toBeNull();
});

it('gives a new field a name no other has', () => {
  const draft = toDraft({ ...campaign, fields: [{ name: 'field_2', type: 'text' }] });
  expect(newFieldRow(draft.fields).field.name).toBe('field_3');
});

it('says rules in words', () => {
  expect(rulesText({ name: 'a', type: 'text', min_length: 2, max_length: 40, pattern: 'x+' })).toBe('2 to 40 characters; like x+');
  expect(rulesText({ name: 'a', type: 'number', min: '0' })).toBe('from 0');
  expect(rulesText({ name: 'a', type: 'choice' })).toBe('no choices yet');
  expect(duplicatesText(campaign)).toBe('same email or roof: marked');
});
