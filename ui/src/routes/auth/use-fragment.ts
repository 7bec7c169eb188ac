import { useState } from 'react';

/**
 * The token of a link, from its fragment. It is taken out of the address at once, so that it is not
 * in the history, nor copied along with the address.
 */
export function useFragmentToken(): string {
  const [token] = useState(() => {
    const text = decodeURIComponent(location.hash.replace(/^#/, ''));
    if (text !== '') history.replaceState(history.state, '', location.pathname + location.search);
    return text;
  });
  return token;
}
