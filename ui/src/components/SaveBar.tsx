import { Button } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { ConfirmDialog } from './ConfirmDialog';
import classes from './SaveBar.module.css';

/**
 * Shows that there are changes and saves them; Ctrl+S does the same. While there are some, leaving
 * the page asks first.
 */
export function SaveBar({
  dirty,
  saving,
  onSave,
  onDiscard,
  problem,
  saveLabel = 'Save',
}: {
  dirty: boolean;
  saving: boolean;
  onSave: () => void;
  onDiscard: () => void;
  /** One line about why it was not saved. The whole of it belongs to the form above. */
  problem?: string | undefined;
  saveLabel?: string;
}) {
  const save = useRef(onSave);
  useEffect(() => {
    save.current = onSave;
  });
  useEffect(() => {
    const heard = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== 's') return;
      // Also without changes: the browser's own "save page" is never what was meant here.
      event.preventDefault();
      if (dirty && !saving) save.current();
    };
    document.addEventListener('keydown', heard);
    return () => {
      document.removeEventListener('keydown', heard);
    };
  }, [dirty, saving]);
  return (
    <>
      <LeaveGuard dirty={dirty && !saving} />
      {dirty && (
        <div className={classes.bar} data-save-bar role="region" aria-label="Unsaved changes">
          <span className={classes.text} data-problem={problem !== undefined || undefined}>
            {problem ?? 'You have changes that are not saved.'}
          </span>
          <Button variant="default" onClick={onDiscard} disabled={saving}>
            Discard
          </Button>
          <Button onClick={onSave} loading={saving}>
            {saveLabel}
          </Button>
        </div>
      )}
    </>
  );
}

/** Asks before a page with unsaved changes is left, by a link, by Back, or by closing the tab. */
export function LeaveGuard({ dirty }: { dirty: boolean }) {
  const blocker = useBlocker({
    // A change of the search alone, such as a tab of the same page, loses nothing.
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      opened={blocker.status === 'blocked'}
      title="Leave without saving?"
      confirmLabel="Leave"
      cancelLabel="Stay"
      danger
      onConfirm={() => {
        blocker.proceed?.();
      }}
      onCancel={() => {
        blocker.reset?.();
      }}
    >
      The changes on this page are lost when you leave it now.
    </ConfirmDialog>
  );
}
