import { useEffect } from 'react';

/** Sets the title of the tab: the place first, since tabs are narrow. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title !== undefined) document.title = title === '' ? 'Baton' : `${title} · Baton`;
  }, [title]);
}
