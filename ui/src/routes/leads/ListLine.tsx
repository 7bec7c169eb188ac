import { ArrowUp } from 'lucide-react';
import { newText } from './new-leads';
import { type LeadList, useFresh } from './use-leads';
import classes from './LeadsScreen.module.css';

/** The line above the list, always as high: what is shown, or that there is more at the top. */
export function ListLine({ list, before, onNewest }: { list: LeadList; before: string | undefined; onNewest: () => void }) {
  const count = list.rows?.length ?? 0;
  const fresh = useFresh(list);
  if (before !== undefined) {
    return (
      <div className={classes.line}>
        <span>Older leads, continued.</span>
        <button type="button" className={classes.lineButton} onClick={onNewest}>
          Back to the newest
        </button>
      </div>
    );
  }
  if (fresh > 0) {
    return (
      <button
        type="button"
        className={classes.fresh}
        onClick={() => {
          list.showFresh();
          window.scrollTo({ top: 0 });
        }}
      >
        <ArrowUp size={14} aria-hidden="true" />
        <span role="status">{newText(fresh)}</span>
        <span className={classes.show}>Show</span>
      </button>
    );
  }
  return (
    <div className={classes.line}>
      <span>{count === 0 ? '\u00a0' : `${String(count)} shown, newest first`}</span>
    </div>
  );
}
