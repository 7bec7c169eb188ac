import { CircleCheck, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Tone } from '@/words';
import classes from './Note.module.css';

/** A line that should be known here, with what to do about it. */
export function Note({ tone, children, action }: { tone: Exclude<Tone, 'violet'>; children: ReactNode; action?: ReactNode }) {
  const Icon = tone === 'success' ? CircleCheck : tone === 'warning' || tone === 'danger' ? TriangleAlert : Info;
  return (
    <div className={classes.root} data-tone={tone}>
      <Icon size={16} aria-hidden="true" />
      <div className={classes.text}>{children}</div>
      {action}
    </div>
  );
}
