import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import classes from './Warning.module.css';

/** Something to know before going on. */
export function Warning({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.root}>
      <TriangleAlert size={16} aria-hidden="true" />
      <div className={`${classes.text ?? ''} bt-outside`}>{children}</div>
      {action !== undefined && <div className={classes.action}>{action}</div>}
    </div>
  );
}
