import type { MantineColorScheme, MantineColorSchemeManager } from '@mantine/core';

/** Where `public/theme.js` reads the choice before the first paint. */
const KEY = 'baton.theme';

const read = (): MantineColorScheme => {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'auto';
  } catch {
    return 'auto';
  }
};

/** Keeps the choice of colours, and follows a choice made in another tab. */
export function colourSchemeManager(): MantineColorSchemeManager {
  let heard: ((event: StorageEvent) => void) | undefined;
  return {
    get: () => read(),
    set: (value) => {
      try {
        if (value === 'auto') localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, value);
      } catch {
        // Storage may be switched off; the choice then lasts as long as the page.
      }
    },
    subscribe: (update) => {
      heard = (event) => {
        if (event.key === KEY) update(read());
      };
      window.addEventListener('storage', heard);
    },
    unsubscribe: () => {
      if (heard) window.removeEventListener('storage', heard);
    },
    clear: () => {
      localStorage.removeItem(KEY);
    },
  };
}
