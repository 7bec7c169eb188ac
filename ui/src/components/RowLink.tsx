import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

function Anchor({ ref, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { ref?: Ref<HTMLAnchorElement> }) {
  return <a ref={ref} data-rowlink="" className="bt-cut" {...rest} />;
}

/** The link of a table's row: typed like `Link`, and as large as the row. */
export const RowLink = createLink(Anchor);
