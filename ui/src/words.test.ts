import { expect, it } from 'vitest';
import { deliveryStates, leadStates, plain, verdicts, wordOf } from './words';

// Section 2 and 8 of the design: all of them, and no others.
it.each([
  ['lead', leadStates, 'partial received routing sold unsold delivered rejected quarantined held erased'],
  [
    'delivery',
    deliveryStates,
    'pending in_flight retrying accepted queued rejected failed unknown held cancelled superseded',
  ],
  [
    'verdict',
    verdicts,
    'accepted queued rejected duplicate invalid cap_reached rate_limited transient unmatched auth_or_config unknown blocked',
  ],
])('has a word for each %s state', (_, words, expected) => {
  expect(Object.keys(words).sort()).toEqual(expected.split(' ').sort());
  for (const word of Object.values(words)) expect(word.means).toMatch(/^[A-Z].*\.$/);
});

it('shows a word it does not know as it is', () => {
  expect(wordOf(leadStates, 'on_the_moon')).toEqual({ label: 'On the moon', tone: 'neutral', means: '' });
  expect(wordOf(leadStates, 'constructor').label).toBe('Constructor');
  expect(plain('')).toBe('—');
});
