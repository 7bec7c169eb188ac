import { Button } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Problem } from '@/api/problem';
import { Note } from './Note';
import { ProblemPanel } from './ProblemPanel';
import { AbsoluteTime } from './RelativeTime';

/** While a secret is being changed: until when the former one counts, and a way to end that. */
export function RotationNote<Doc>({
  until,
  finish,
  children,
}: {
  until: string | null | undefined;
  /** Ends it now; none for those who may not. */
  finish: UseMutationResult<Doc, Problem, void> | undefined;
  /** The sentence up to the time. */
  children: ReactNode;
}) {
  return (
    <>
      {until != null && (
        <Note
          tone="warning"
          action={
            finish && (
              <Button size="xs" variant="default" loading={finish.isPending} onClick={() => { finish.mutate(); }}>
                End it now
              </Button>
            )
          }
        >
          {children} <AbsoluteTime at={until} />.
        </Note>
      )}
      {finish?.error && <ProblemPanel error={finish.error} />}
    </>
  );
}
