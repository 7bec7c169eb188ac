import { Outlet } from '@tanstack/react-router';
import { Suspense, lazy, useEffect } from 'react';
import { signInNeeded } from '@/api/session';
import { useStore } from '@/api/store';
import { Toasts } from '@/components/Toasts';
import { UndoBar } from '@/components/UndoBar';
import { listenToKeys } from './keyboard';
import { ReachBar } from './ReachBar';
import { returnFocus } from './return-focus';

const SignInDialog = lazy(() => import('@/routes/auth/SignInDialog'));

/** What is around every page, signed in or not. */
export function Root() {
  const asks = useStore(signInNeeded);
  useEffect(() => listenToKeys(), []);
  useEffect(() => returnFocus(), []);
  return (
    <>
      <ReachBar />
      <Outlet />
      <UndoBar />
      <Toasts />
      {asks && (
        <Suspense>
          <SignInDialog />
        </Suspense>
      )}
    </>
  );
}
