import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Navigate, useRouter } from '@tanstack/react-router';
import { authState, me } from '@/api/accounts';
import { AuthPage } from './AuthPage';
import { signInRoute } from './route';
import { SignInForm } from './SignInForm';

export default function SignInScreen() {
  const { next } = signInRoute.useSearch();
  const { data: state } = useQuery({ ...authState, retry: false });
  const queryClient = useQueryClient();
  const router = useRouter();
  if (state?.setup_needed) return <Navigate to="/setup" replace />;
  return (
    <AuthPage title="Sign in">
      <SignInForm
        onDone={(person) => {
          queryClient.clear();
          queryClient.setQueryData(me.queryKey, person);
          router.history.push(withinApp(next, router.basepath));
        }}
      />
    </AuthPage>
  );
}

/** Where to go after signing in: a place of this application, whatever the link said. */
export function withinApp(next: string | undefined, basepath: string): string {
  const start = `${basepath}/`;
  if (next === undefined || !next.startsWith('/') || next.startsWith('//') || next.includes('\\')) return start;
  return next.startsWith(start) ? next : `${basepath}${next}`;
}
