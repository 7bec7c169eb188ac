import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { CopyableCode } from '@/components/CopyButton';
import { Facts } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AbsoluteTime, RelativeTime } from '@/components/RelativeTime';
import { relative, useNow, useZone } from '@/components/time';
import { toast } from '@/components/toast';
import { scopes } from '@/words';
import { finishRotation, type Key, keyList, readKey, renameKey, revokeKey, rotateKey, stateOf } from './api';
import { KeyStatePill } from './KeyStatePill';
import { ShowKeyDialog } from './ShowKeyDialog';
import classes from './KeysScreen.module.css';

/** One key: what it may do, its name, and the ways to end it. */
export function KeyPanel({ apiKey }: { apiKey: Key }) {
  const now = useNow();
  const isActive = stateOf(apiKey, now) === 'active';
  const changing = apiKey.previous_key_until != null && Date.parse(apiKey.previous_key_until) > now;
  return (
    <>
      <h2 className={`${classes.title ?? ''} bt-outside`}>{apiKey.name}</h2>
      <KeyStatePill apiKey={apiKey} />
      {isActive && changing && <Changing apiKey={apiKey} />}
      {isActive ? <Actions apiKey={apiKey} /> : <div className={classes.gap} />}
      <Facts
        rows={[
          ['Id', <CopyableCode key="id" text={apiKey.id} what="id" />],
          ['Begins with', <code key="shown">{apiKey.shown}</code>],
          ['May', scopes.filter((one) => apiKey.scopes.includes(one.scope)).map((one) => one.label).join(', ')],
          ['Made', <AbsoluteTime key="made" at={apiKey.created_at} />],
          ['Ends', <AbsoluteTime key="ends" at={apiKey.expires_at} none="never by itself" />],
          ['Last used', <RelativeTime key="used" past at={apiKey.last_used_at} none="never" />],
          ...(apiKey.revoked_at == null ? [] : [['Revoked', <AbsoluteTime key="revoked" at={apiKey.revoked_at} />] as const]),
        ]}
      />
    </>
  );
}

function useRenew(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: keyList.queryKey });
}

function Changing({ apiKey }: { apiKey: Key }) {
  const renew = useRenew();
  const end = useMutation<Key, Problem>({ mutationFn: () => finishRotation(apiKey.id), onSuccess: renew });
  return (
    <div className={classes.note}>
      Its former text works until <AbsoluteTime at={apiKey.previous_key_until} />.{' '}
      <Button size="compact-xs" variant="default" loading={end.isPending} onClick={() => { end.mutate(); }}>
        End it now
      </Button>
      {end.error && <ProblemPanel error={end.error} />}
    </div>
  );
}

function Actions({ apiKey }: { apiKey: Key }) {
  const [dialog, setDialog] = useState<'rename' | 'rotate' | 'revoke'>();
  const [made, setMade] = useState<Key>();
  const close = (): void => { setDialog(undefined); };
  return (
    <div className={classes.buttons}>
      <Button variant="default" onClick={() => { setDialog('rename'); }}>Rename</Button>
      <Button variant="default" onClick={() => { setDialog('rotate'); }}>Rotate</Button>
      <Button variant="default" c="var(--bt-danger)" onClick={() => { setDialog('revoke'); }}>Revoke</Button>
      {dialog === 'rename' && <Rename apiKey={apiKey} onClose={close} />}
      {dialog === 'rotate' && <Rotate apiKey={apiKey} onClose={close} onMade={setMade} />}
      {dialog === 'revoke' && <Revoke apiKey={apiKey} onClose={close} />}
      {made && <ShowKeyDialog made={made} onClose={() => { setMade(undefined); }} />}
    </div>
  );
}

function Rename({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const [name, setName] = useState(apiKey.name);
  const renew = useRenew();
  const save = useMutation<void, Problem>({
    mutationFn: async () => {
      // The name is one word: the version it is set upon does not matter to anybody.
      const { etag } = await readKey(apiKey.id);
      await renameKey(apiKey.id, name.trim(), etag);
      await renew();
    },
    onSuccess: onClose,
  });
  return (
    <ConfirmDialog opened title="Rename the key" confirmLabel="Rename" busy={save.isPending} error={save.error} onCancel={onClose} onConfirm={() => { save.mutate(); }}>
      <TextInput label="Name" data-autofocus required withAsterisk={false} maxLength={200} value={name} onChange={(event) => { setName(event.currentTarget.value); }} />
    </ConfirmDialog>
  );
}

const GRACES = [
  { value: '0s', label: 'None: it stops at once' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];

function Rotate({ apiKey, onClose, onMade }: { apiKey: Key; onClose: () => void; onMade: (key: Key) => void }) {
  const [grace, setGrace] = useState('24h');
  const renew = useRenew();
  const rotate = useMutation<Key, Problem>({
    mutationFn: () => rotateKey(apiKey.id, grace),
    onSuccess: async (made) => {
      onMade(made);
      onClose();
      await renew();
    },
  });
  return (
    <ConfirmDialog opened title={`Rotate “${apiKey.name}”`} confirmLabel="Make a new text" busy={rotate.isPending} error={rotate.error} onCancel={onClose} onConfirm={() => { rotate.mutate(); }}>
      <p style={{ marginTop: 0 }}>The key gets a new text, shown once. Its name and what it may do stay.</p>
      <Select label="How long the former text works too" data={GRACES} value={grace} allowDeselect={false} onChange={(value) => { setGrace(value ?? '24h'); }} />
    </ConfirmDialog>
  );
}

function Revoke({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const now = useNow();
  const timeZone = useZone();
  const renew = useRenew();
  const revoke = useMutation<void, Problem>({
    mutationFn: () => revokeKey(apiKey.id),
    onSuccess: async () => {
      onClose();
      toast(`The key “${apiKey.name}” is revoked`);
      await renew();
    },
  });
  const used = apiKey.last_used_at;
  return (
    <ConfirmDialog opened danger title={`Revoke “${apiKey.name}”?`} confirmLabel="Revoke" busy={revoke.isPending} error={revoke.error} onCancel={onClose} onConfirm={() => { revoke.mutate(); }}>
      <p style={{ margin: 0 }}>
        Every program that uses the key beginning with <code>{apiKey.shown}</code> is refused from now on. This cannot
        be taken back.
        {used != null && <strong> It was used {relative(Date.parse(used), now, timeZone)}.</strong>}
      </p>
    </ConfirmDialog>
  );
}
