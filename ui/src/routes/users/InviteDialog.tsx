import { Button, Group, Modal, Radio, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Role } from '@/api/accounts';
import { useIdempotencyKey } from '@/api/idempotency';
import type { Problem } from '@/api/problem';
import { useMe } from '@/api/use-me';
import { DialogFoot } from '@/components/DialogFoot';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AbsoluteTime } from '@/components/RelativeTime';
import { SecretOnce } from '@/components/SecretOnce';
import { roles } from '@/words';
import { invitationList, invite, type Invited, rolesToGive } from './api';

/** Invites somebody; then shows the link for them, once. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<Invited>();
  return made ? <ShowLink made={made} onClose={onClose} /> : <Form onClose={onClose} onMade={setMade} />;
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (made: Invited) => void }) {
  const person = useMe();
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const [tried, setTried] = useState(false);
  const send = useMutation<Invited, Problem, { email: string; role: Role }>({
    mutationFn: (wish) => invite(wish, idempotency(wish)),
    onSuccess: async (made) => {
      onMade(made);
      await queryClient.invalidateQueries({ queryKey: invitationList.queryKey });
    },
  });
  const noEmail = tried && !email.includes('@') ? 'Write their e-mail address.' : undefined;
  return (
    <Modal opened onClose={onClose} title="Invite somebody" size="lg">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (email.includes('@')) send.mutate({ email: email.trim(), role });
        }}
      >
        <Stack gap="md">
          <TextInput label="E-mail" type="email" autoComplete="off" data-autofocus value={email} error={noEmail ?? send.error?.byField().email} onChange={(event) => { setEmail(event.currentTarget.value); }} />
          <Radio.Group label="They will be" value={role} onChange={(value) => { setRole(value as Role); }}>
            <Stack gap={10} mt={6}>
              {rolesToGive(person.role).map((one) => (
                <Radio key={one} value={one} label={roles[one]?.label} description={roles[one]?.means} />
              ))}
            </Stack>
          </Radio.Group>
          {send.error && <ProblemPanel error={send.error} />}
          <DialogFoot label="Make the link" busy={send.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}

function ShowLink({ made, onClose }: { made: Invited; onClose: () => void }) {
  const [kept, setKept] = useState(false);
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} closeOnEscape={kept} withCloseButton={kept} title="Hand this link over" size="lg">
      <p style={{ marginTop: 0 }}>
        Baton sends no mail: give the link to <bdi className="bt-outside"><strong>{made.email}</strong></bdi> yourself. It works once,
        until <AbsoluteTime at={made.expires_at} />, and whoever has it can take the account.
      </p>
      <SecretOnce secret={made.url ?? ''} what="invitation link" onKept={setKept} />
      <Group justify="flex-end" mt="md">
        <Button disabled={!kept} onClick={onClose}>Done</Button>
      </Group>
    </Modal>
  );
}
