import { Button } from '@mantine/core';
import { Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { askNow, reach } from '@/api/reach';
import { useStore } from '@/api/store';
import classes from './ReachBar.module.css';

/** Says that Baton does not answer, and when it is asked again. */
export function ReachBar() {
  const { gone, nextAt } = useStore(reach);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!gone) return undefined;
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1_000);
    return () => {
      clearInterval(timer);
    };
  }, [gone]);
  const left = Math.max(0, Math.ceil((nextAt - now) / 1000));
  return (
    <div role="alert" className={classes.place}>
      {gone && (
        <div className={classes.bar} data-reach-bar>
          <Unplug size={15} aria-hidden="true" />
          <span>
            Baton does not answer. What you entered stays here.{' '}
            <span aria-hidden="true">{left > 0 ? `Trying again in ${String(left)} s.` : 'Trying again…'}</span>
          </span>
          <Button size="compact-xs" variant="white" color="dark" onClick={() => void askNow()}>
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}
