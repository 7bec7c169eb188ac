import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** A link to a destination's page. */
export function DestinationLink({ id, className, children }: { id: string; className?: string; children: ReactNode }) {
  const to: string = `/destinations/${id}`;
  return (
    <Link to={to} search={{}} {...(className === undefined ? {} : { className })}>
      {children}
    </Link>
  );
}
