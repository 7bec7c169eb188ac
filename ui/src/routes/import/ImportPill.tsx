import { Pill } from '@/components/StatusPill';
import { importStates, wordOf } from '@/words';
import type { Import } from './api';

export function ImportPill({ one }: { one: Pick<Import, 'state'> }) {
  const word = wordOf(importStates, one.state);
  return <Pill tone={word.tone} label={word.label} title={word.means} />;
}
