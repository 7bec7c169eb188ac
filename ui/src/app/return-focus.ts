const DIALOGS = '[role="dialog"], [role="alertdialog"]';
/** What comes and goes by itself; its focus is not a place to go back to. */
const PASSING = `${DIALOGS}, [role="menu"], [role="listbox"]`;

/**
 * Gives the focus back, when a dialog goes, to what had it before. Dialogs here are made when they
 * open and gone when they close; the library returns the focus only from those that stay. Called once.
 */
export function returnFocus(): () => void {
  let before: HTMLElement | undefined;
  const observer = new MutationObserver(() => {
    if (document.querySelector(DIALOGS)) return;
    observer.disconnect();
    // Whoever closed the dialog may have put the focus somewhere on purpose.
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (lost && before?.isConnected) before.focus({ preventScroll: true });
  });
  const heard = ({ target }: FocusEvent): void => {
    if (!(target instanceof HTMLElement)) return;
    if (!target.closest(PASSING)) before = target;
    else if (target.closest(DIALOGS)) observer.observe(document.body, { childList: true, subtree: true });
  };
  // A press on the page itself takes the focus from where it was.
  const pressed = ({ target }: Event): void => {
    if (target instanceof Element && !target.closest(`${PASSING}, a[href], button, input, select, textarea, [tabindex]`)) before = undefined;
  };
  document.addEventListener('focusin', heard);
  document.addEventListener('pointerdown', pressed);
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', heard);
    document.removeEventListener('pointerdown', pressed);
  };
}
