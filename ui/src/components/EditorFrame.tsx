import type { ReactNode } from 'react';
import { EditorSkeleton } from './EditorSkeleton';
import { Page } from './Page';
import { ProblemPanel } from './ProblemPanel';

/** The part of a query that says whether there is something to edit. */
interface Asked {
  data: unknown;
  error: unknown;
  refetch: () => unknown;
}

/** The page of an editor until everything it needs is loaded: the shape of it, or what went wrong. */
export function EditorFrame({ title, back, queries, wide }: { title: string; back: ReactNode; queries: readonly Asked[]; wide?: boolean }) {
  const failed = queries.filter((query) => query.error != null && query.data === undefined);
  return (
    <Page title={title} back={back} {...(wide ? { wide } : {})}>
      {failed.length === 0 ? (
        <EditorSkeleton />
      ) : (
        <ProblemPanel
          error={failed[0]?.error}
          onRetry={() => {
            for (const query of failed) void query.refetch();
          }}
        />
      )}
    </Page>
  );
}
