import { Checkbox, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import type { Problem } from '@/api/problem';
import { useMe } from '@/api/use-me';
import { DialogFoot } from '@/components/DialogFoot';
import { ProblemPanel } from '@/components/ProblemPanel';
import { type Scope, scopes } from '@/words';
import { createKey, type Key, keyList, type KeyWish } from './api';
import { ShowKeyDialog } from './ShowKeyDialog';
import classes from './KeysScreen.module.css';

const DAY_MS = 86_400_000;
const ENDS = [
  { value: '', label: 'Never by itself' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
];

/** A new key: its name, what it may do, its end; then its text, once. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<Key>();
  if (made) return <ShowKeyDialog made={made} onClose={onClose} />;
  return <NewKeyForm onClose={onClose} onMade={setMade} />;
}

function NewKeyForm({ onClose, onMade }: { onClose: () => void; onMade: (key: Key) => void }) {
  const person = useMe();
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<Scope[]>(['leads:write']);
  const [days, setDays] = useState('');
  // Made when it is chosen, so that pressing "Create" again sends the very same wish.
  const [expiresAt, setExpiresAt] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const create = useMutation<Key, Problem, KeyWish>({
    mutationFn: (wish) => createKey(wish, idempotency(wish)),
    onSuccess: async (key) => {
      onMade(key);
      await queryClient.invalidateQueries({ queryKey: keyList.queryKey });
    },
  });
  const chooseEnd = (value: string): void => {
    setDays(value);
    setExpiresAt(value === '' ? null : new Date(Date.now() + Number(value) * DAY_MS).toISOString());
  };
  const fields = create.error?.byField() ?? {};
  const noName = tried && name.trim() === '' ? 'Give it a name that says who uses it.' : undefined;
  const noScope = tried && chosen.length === 0 ? 'Choose at least one.' : undefined;
  const submit = (): void => {
    setTried(true);
    if (name.trim() === '' || chosen.length === 0) return;
    create.mutate({ name: name.trim(), scopes: chosen, expires_at: expiresAt });
  };
  return (
    <Modal opened onClose={onClose} title="New API key" size="lg">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            placeholder="Website form, nightly export…"
            data-autofocus
            maxLength={200}
            value={name}
            error={noName ?? fields.name}
            onChange={(event) => { setName(event.currentTarget.value); }}
          />
          <Checkbox.Group label="It may" value={chosen} onChange={(next) => { setChosen(next as Scope[]); }} error={noScope ?? fields.scopes}>
            <div className={classes.scopes}>
              {scopes
                .filter((one) => person.scopes.includes(one.scope))
                .map((one) => (
                  <Checkbox key={one.scope} value={one.scope} label={one.label} description={one.means} mt={6} />
                ))}
            </div>
          </Checkbox.Group>
          <Select label="Ends" data={ENDS} value={days} allowDeselect={false} w={200} onChange={(value) => { chooseEnd(value ?? ''); }} />
          {create.error && <ProblemPanel error={create.error} />}
          <DialogFoot label="Create" busy={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
