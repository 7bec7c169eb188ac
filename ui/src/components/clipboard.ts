/** Copies a text; whether it worked. `navigator.clipboard` exists on https and localhost only. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard as Clipboard | undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not permitted: the older way is tried.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  // In an open dialog the focus may not leave it.
  const home = document.activeElement?.closest('[role="dialog"]') ?? document.body;
  const before = document.activeElement;
  home.append(area);
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
