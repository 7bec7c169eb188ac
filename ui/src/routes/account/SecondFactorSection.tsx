import { Button, Group, Modal, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { confirmSecondFactor, me, removeSecondFactor, type SecondFactorSecret, startSecondFactor } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { useMe } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { CopyButton } from '@/components/CopyButton';
import { Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { Pill } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import classes from './Account.module.css';
import { QrCode } from './QrCode';
import { RecoveryCodes } from './RecoveryCodes';

/** Codes left at or under which it is said that they run out. */
const FEW_CODES = 3;

export function SecondFactorSection() {
  const person = useMe();
  const [dialog, setDialog] = useState<'on' | 'off'>();
  const on = person.second_factor ?? false;
  const left = person.recovery_codes_left ?? 0;
  return (
    <Section
      title="Second factor"
      intro="A code of an app on your phone besides the password, so that a stolen password is not enough."
    >
      <Stack gap="sm" align="flex-start">
        <Pill tone={on ? 'success' : 'neutral'} label={on ? 'On' : 'Off'} />
        {on && left <= FEW_CODES && (
          <p className={classes.warning}>
            {left === 0 ? 'No recovery code is left.' : `Only ${String(left)} recovery codes are left.`} Turn the second
            factor off and on again to get new ones.
          </p>
        )}
        {on && left > FEW_CODES && <p className={classes.text}>{left} recovery codes are left.</p>}
        {on ? (
          <Button variant="default" onClick={() => { setDialog('off'); }}>
            Turn off
          </Button>
        ) : (
          <Button onClick={() => { setDialog('on'); }}>Turn on</Button>
        )}
      </Stack>
      {dialog === 'on' && <TurnOn onClose={() => { setDialog(undefined); }} />}
      {dialog === 'off' && <TurnOff onClose={() => { setDialog(undefined); }} />}
    </Section>
  );
}

function useRenewMe(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: me.queryKey, exact: true });
}

/** Three steps: the password, the app with its first code, the recovery codes. */
function TurnOn({ onClose }: { onClose: () => void }) {
  const [secret, setSecret] = useState<SecondFactorSecret>();
  const [codes, setCodes] = useState<string[]>();
  const renew = useRenewMe();
  const isDone = codes !== undefined;
  const title = isDone ? 'Keep your recovery codes' : secret ? 'Scan it with your app' : 'Turn on the second factor';
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={false} withCloseButton={!isDone} closeOnEscape={!isDone}>
      {isDone ? (
        <RecoveryCodes
          codes={codes}
          onDone={() => {
            onClose();
            toast('The second factor is on');
          }}
        />
      ) : secret ? (
        <Confirm
          secret={secret}
          onCodes={(made) => {
            setCodes(made);
            void renew();
          }}
        />
      ) : (
        <AskPassword onSecret={setSecret} />
      )}
    </Modal>
  );
}

function AskPassword({ onSecret }: { onSecret: (secret: SecondFactorSecret) => void }) {
  const [password, setPassword] = useState('');
  const start = useMutation<SecondFactorSecret, Problem>({
    mutationFn: () => startSecondFactor(password),
    onSuccess: onSecret,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <Stack gap="md">
        <PasswordInput
          label="Your password"
          description="You need an app such as Aegis, 1Password, Google Authenticator."
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          value={password}
          onChange={(event) => { setPassword(event.currentTarget.value); }}
        />
        {start.error && <ProblemPanel error={start.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={start.isPending}>
            Continue
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Confirm({ secret, onCodes }: { secret: SecondFactorSecret; onCodes: (codes: string[]) => void }) {
  const [code, setCode] = useState('');
  const confirm = useMutation<{ recovery_codes: string[] }, Problem>({
    mutationFn: () => confirmSecondFactor(code.replace(/\s/g, '')),
    onSuccess: (answer) => { onCodes(answer.recovery_codes); },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <Stack gap="md">
        <QrCode text={secret.otpauth_url} label="QR code for your authenticator app" />
        <div className={classes.secret}>
          <span>Or write this into the app:</span>
          <span className={classes.secretRow}>
            <code>{secret.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
            <CopyButton text={secret.secret} what="the secret" />
          </span>
        </div>
        <TextInput
          label="The code it shows now"
          placeholder="123 456"
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          withAsterisk={false}
          data-autofocus
          value={code}
          onChange={(event) => { setCode(event.currentTarget.value); }}
        />
        {confirm.error && <ProblemPanel error={confirm.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={confirm.isPending}>
            Turn on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function TurnOff({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState('');
  const renew = useRenewMe();
  const remove = useMutation<void, Problem>({
    mutationFn: () => removeSecondFactor(password),
    onSuccess: async () => {
      await renew();
      onClose();
      toast('The second factor is off');
    },
  });
  return (
    <ConfirmDialog
      opened
      danger
      title="Turn off the second factor?"
      confirmLabel="Turn off"
      busy={remove.isPending}
      error={remove.error}
      onCancel={onClose}
      onConfirm={() => { remove.mutate(); }}
    >
      <p style={{ marginTop: 0 }}>After that your password alone opens your account.</p>
      <PasswordInput
        label="Your password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        data-autofocus
        value={password}
        onChange={(event) => { setPassword(event.currentTarget.value); }}
      />
    </ConfirmDialog>
  );
}
