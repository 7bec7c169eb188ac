import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changePassword, sessions } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { toast } from '@/components/toast';
import { NewPassword } from '../auth/PasswordFields';

export function PasswordSection() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const queryClient = useQueryClient();
  const change = useMutation<void, Problem>({
    mutationFn: () => changePassword({ current, new: next }),
    onSuccess: async () => {
      setCurrent('');
      setNext('');
      toast('Your password is changed, other sessions have ended');
      await queryClient.invalidateQueries({ queryKey: sessions.queryKey });
    },
  });
  const fields = change.error?.byField() ?? {};
  return (
    <Section title="Password" intro="Changing it ends all your other sessions.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Stack gap="md" align="stretch">
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={current}
            error={fields.current}
            onChange={(event) => { setCurrent(event.currentTarget.value); }}
          />
          <NewPassword label="New password" value={next} error={fields.new} onChange={setNext} />
          {change.error && <ProblemPanel error={change.error} />}
          <div>
            <Button type="submit" variant="default" loading={change.isPending}>
              Change the password
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  );
}
