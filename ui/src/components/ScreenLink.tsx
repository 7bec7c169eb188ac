import { Link, type LinkComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/**
 * A link to another screen by its path and the texts of its search, for what is put together from
 * data. Within one screen `Link` and `RowLink` check the path and the search.
 */
export function ScreenLink({
  to,
  search = {},
  className,
  children,
  label,
}: {
  to: string;
  search?: Readonly<Record<string, string | undefined>>;
  className?: string | undefined;
  children: ReactNode;
  /** What is heard instead of the words inside, where those say too little. */
  label?: string;
}) {
  const target = { to, search } as unknown as LinkComponentProps<'a'>;
  return (
    <Link {...target} className={className} aria-label={label}>
      {children}
    </Link>
  );
}
