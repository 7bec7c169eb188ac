import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { acceptInvitation, invitation, type Invitation, type Me, me } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { ProblemPanel } from '@/components/ProblemPanel';
import { roles } from '@/words';
import { AuthPage } from './AuthPage';
import { NewPassword } from './PasswordFields';
import { useFragmentToken } from './use-fragment';

/** Somebody was invited into a workspace. */
export default function InvitationScreen() {
  const token = useFragmentToken();
  const query = useQuery({ ...invitation(token), enabled: token !== '' });
  if (token === '' || query.error) {
    return (
      <AuthPage title="This invitation does not work" intro="It was used, has ended, or the link is not whole. Ask for a new one.">
        {query.error && query.error instanceof Error && <ProblemPanel error={query.error} />}
        <Button component={Link} to="/sign-in" variant="default" mt="lg" fullWidth>
          Sign in instead
        </Button>
      </AuthPage>
    );
  }
  if (!query.data) return <AuthPage title="Your invitation">{null}</AuthPage>;
  return <Accept token={token} invited={query.data} />;
}

function Accept({ token, invited }: { token: string; invited: Invitation }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const mutation = useMutation<Me, Problem>({
    mutationFn: () => acceptInvitation(token, invited.known ? { password } : { name: name.trim(), password }),
    onSuccess: (person) => {
      queryClient.clear();
      queryClient.setQueryData(me.queryKey, person);
      void navigate({ to: '/' });
    },
  });
  const role = roles[invited.role];
  const fields = mutation.error?.byField() ?? {};
  return (
    <AuthPage
      title={`Join ${invited.workspace}`}
      intro={
        <>
          As {role?.label.toLowerCase() ?? invited.role}, with <strong className="bt-outside">{invited.email}</strong>. {role?.means}
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate();
        }}
      >
        <Stack gap="md">
          {/* For the password manager, which keeps what it sees in one form. */}
          <input type="hidden" name="username" autoComplete="username" value={invited.email} readOnly />
          {invited.known ? (
            <PasswordInput
              label="Your password"
              description="You have an account already."
              autoComplete="current-password"
              required
              withAsterisk={false}
              autoFocus
              value={password}
              error={fields.password}
              onChange={(event) => { setPassword(event.currentTarget.value); }}
            />
          ) : (
            <>
              <TextInput label="Your name" autoComplete="name" required withAsterisk={false} autoFocus value={name} error={fields.name} onChange={(event) => { setName(event.currentTarget.value); }} />
              <NewPassword value={password} error={fields.password} onChange={setPassword} />
            </>
          )}
          {mutation.error && <ProblemPanel error={mutation.error} />}
          <Button type="submit" size="md" fullWidth loading={mutation.isPending}>
            Join
          </Button>
        </Stack>
      </form>
    </AuthPage>
  );
}
