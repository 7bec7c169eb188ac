import { ActionIcon, Tooltip } from '@mantine/core';
import { ArrowLeft, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useKeys } from '@/app/keyboard';
import classes from './SplitPanel.module.css';
import { usePhone } from './use-phone';

/**
 * A list, and beside it what is open of it. The panel narrows the list and never covers it; on a
 * phone it takes the list's place. `Esc` closes.
 */
export function SplitPanel({
  list,
  panel,
  title,
  onClose,
}: {
  list: ReactNode;
  /** `undefined`: nothing is open. */
  panel: ReactNode | undefined;
  /** Names the panel for people who hear the page. */
  title: string;
  onClose: () => void;
}) {
  const phone = usePhone();
  const open = panel !== undefined;
  const root = useRef<HTMLElement | null>(null);
  useKeys([{ keys: 'Escape', label: 'Close the panel', group: 'This page', run: onClose }], open);
  useEffect(() => {
    // On a phone the panel is a new page to look at; from its top.
    if (open && phone) root.current?.scrollIntoView();
  }, [open, phone]);
  return (
    <div className={classes.root} data-split-open={open || undefined}>
      {!(phone && open) && <div className={classes.list}>{list}</div>}
      {open && (
        <aside ref={root} className={classes.panel} aria-label={title}>
          <div className={classes.close}>
            <Tooltip label={phone ? 'Back' : 'Close (Esc)'}>
              <ActionIcon aria-label={phone ? 'Back to the list' : 'Close the panel'} onClick={onClose}>
                {phone ? <ArrowLeft size={17} /> : <X size={17} />}
              </ActionIcon>
            </Tooltip>
          </div>
          {panel}
        </aside>
      )}
    </div>
  );
}
