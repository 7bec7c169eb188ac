import type { Attempt } from '@/api/inbox';
import { micros, phasesOf } from './timing';
import classes from './TimingBar.module.css';

/** Where the time of an attempt went: a bar, and the same in words. */
export function TimingBar({ timing }: { timing: Attempt['timing'] }) {
  const phases = phasesOf(timing);
  return (
    <div className={classes.root}>
      <div className={classes.bar} aria-hidden="true">
        {phases.map((phase) => (
          <span key={phase.key} data-phase={phase.key} style={{ flexGrow: phase.share }} />
        ))}
      </div>
      <ul className={classes.legend} aria-label="Where the time went">
        {phases.map((phase) => (
          <li key={phase.key}>
            <span className={classes.key} data-phase={phase.key} aria-hidden="true" />
            {phase.label} <span className={classes.value}>{micros(phase.us)}</span>
          </li>
        ))}
        <li>
          Total <span className={classes.value}>{micros(timing.total_us)}</span>
        </li>
      </ul>
    </div>
  );
}
