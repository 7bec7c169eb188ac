import { Button, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { authState, type Me, me, setUp } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AuthPage } from './AuthPage';
import { NewPassword } from './PasswordFields';
import { useFragmentToken } from './use-fragment';

/** The first start: the owner's account, opened by the link that the server printed. */
export default function SetupScreen() {
  const fromLink = useFragmentToken();
  const { data: state } = useQuery({ ...authState, retry: false });
  const [given, setGiven] = useState({ name: '', email: '', workspace: '', password: '', token: fromLink });
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const mutation = useMutation<Me, Problem>({
    mutationFn: () => {
      const workspace = given.workspace.trim();
      return setUp({
        token: given.token.trim(),
        name: given.name.trim(),
        email: given.email.trim(),
        password: given.password,
        ...(workspace === '' ? {} : { workspace }),
      });
    },
    onSuccess: (person) => {
      queryClient.clear();
      queryClient.setQueryData(me.queryKey, person);
      void navigate({ to: '/' });
    },
  });
  if (state && !state.setup_needed) {
    return (
      <AuthPage title="Already set up" intro="This Baton has an owner. Ask them for an invitation.">
        <Button component={Link} to="/sign-in" mt="lg" size="md" fullWidth>
          Sign in
        </Button>
      </AuthPage>
    );
  }
  const fields = mutation.error?.byField() ?? {};
  const set = (key: keyof typeof given) => (event: React.ChangeEvent<HTMLInputElement>) => {
    const { value } = event.currentTarget;
    setGiven((old) => ({ ...old, [key]: value }));
  };
  return (
    <AuthPage title="Welcome to Baton" intro="Create the owner's account. It takes a minute.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate();
        }}
      >
        <Stack gap="md">
          {fromLink === '' && (
            <TextInput
              label="Set-up token"
              description="In the server's log: what stands behind # in the link printed at its start."
              required
              withAsterisk={false}
              autoComplete="off"
              value={given.token}
              error={fields.token}
              onChange={set('token')}
            />
          )}
          <TextInput label="Your name" name="name" autoComplete="name" required withAsterisk={false} autoFocus value={given.name} error={fields.name} onChange={set('name')} />
          <TextInput label="E-mail" name="email" type="email" autoComplete="username" required withAsterisk={false} value={given.email} error={fields.email} onChange={set('email')} />
          <TextInput
            label="Name of your business"
            description="Can be left empty and changed later."
            name="organization"
            autoComplete="organization"
            value={given.workspace}
            error={fields.workspace}
            onChange={set('workspace')}
          />
          <NewPassword value={given.password} error={fields.password} onChange={(password) => { setGiven((old) => ({ ...old, password })); }} />
          {mutation.error && <ProblemPanel error={mutation.error} />}
          <Button type="submit" size="md" fullWidth loading={mutation.isPending}>
            Create the account
          </Button>
        </Stack>
      </form>
    </AuthPage>
  );
}
