import { Pill } from '@/components/StatusPill';
import { useNow } from '@/components/time';
import type { Tone } from '@/words';
import { type Key, type KeyState, stateOf } from './api';

const WORDS: Readonly<Record<KeyState, { label: string; tone: Tone }>> = {
  active: { label: 'Active', tone: 'success' },
  expired: { label: 'Ended', tone: 'neutral' },
  revoked: { label: 'Revoked', tone: 'neutral' },
};

export function KeyStatePill({ apiKey }: { apiKey: Key }) {
  const now = useNow();
  const state = stateOf(apiKey, now);
  if (state === 'active' && apiKey.previous_key_until != null && Date.parse(apiKey.previous_key_until) > now) {
    return <Pill tone="warning" label="Changing" title="Its former text still works." />;
  }
  return <Pill {...WORDS[state]} />;
}
