import { Button } from '@mantine/core';
import { Link, useRouter } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { EmptyState } from '@/components/EmptyState';
import { Page } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';

/** Stands in the place of a page that cannot be shown. */
export function PageProblem({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  return (
    <Page title="This page cannot be shown">
      <ProblemPanel
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </Page>
  );
}

/** Stands where an address leads nowhere. */
export function NoSuchPage() {
  return (
    <Page title="There is no such page">
      <EmptyState
        icon={Compass}
        title="Nothing is at this address"
        action={
          <Button component={Link} to="/" variant="default">
            To the start
          </Button>
        }
      >
        It may be wrong, or what was here has gone.
      </EmptyState>
    </Page>
  );
}
