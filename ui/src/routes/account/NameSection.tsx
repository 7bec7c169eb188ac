import { Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changeName, type Me, me } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { useMe } from '@/api/use-me';
import { Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { SaveBar } from '@/components/SaveBar';
import { toast } from '@/components/toast';

export function NameSection() {
  const person = useMe();
  const [name, setName] = useState(person.name);
  const queryClient = useQueryClient();
  const save = useMutation<Me, Problem>({
    mutationFn: () => changeName(name.trim()),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: me.queryKey, exact: true });
      toast('Your name is saved');
    },
  });
  const dirty = name.trim() !== person.name;
  return (
    <Section title="You" intro="Your name stands beside notes and in the audit log.">
      <Stack gap="md">
        <TextInput
          label="Name"
          autoComplete="name"
          maxLength={200}
          value={name}
          error={save.error?.byField().name}
          onChange={(event) => { setName(event.currentTarget.value); }}
        />
        <TextInput label="E-mail" value={person.email ?? ''} disabled description="You sign in with it." />
        {save.error && <ProblemPanel error={save.error} />}
      </Stack>
      <SaveBar
        dirty={dirty && name.trim() !== ''}
        saving={save.isPending}
        onSave={() => { save.mutate(); }}
        onDiscard={() => { setName(person.name); }}
      />
    </Section>
  );
}
