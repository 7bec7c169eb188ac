/**
 * Keeps what is typed for a field that is about to be there, and keeps it from being taken for keys
 * of the page. Gives what takes the text and ends it; a second call gives nothing.
 */
export function keepEarlyKeys(): () => string {
  let text = '';
  const heard = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === 'Backspace') text = text.slice(0, -1);
    else if (event.key.length === 1) text += event.key;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener('keydown', heard, { capture: true });
  return () => {
    window.removeEventListener('keydown', heard, { capture: true });
    const kept = text;
    text = '';
    return kept;
  };
}
