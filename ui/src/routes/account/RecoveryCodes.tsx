import { Button, Checkbox, Group, Stack } from '@mantine/core';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { CopyButton } from '@/components/CopyButton';
import classes from './Account.module.css';

/** The codes for when the phone is gone; shown once. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const [kept, setKept] = useState(false);
  const text = `${codes.join('\n')}\n`;
  return (
    <Stack gap="md">
      <p className={classes.text}>
        Each of these signs you in once without your phone. They are shown only now: print them, or keep them where you
        keep passwords.
      </p>
      <ul className={classes.codes} aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Group gap="xs">
        <CopyButton text={text} what="recovery codes" label="Copy" />
        <Button
          component="a"
          variant="default"
          leftSection={<Download size={15} />}
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
          download="baton-recovery-codes.txt"
        >
          Download
        </Button>
      </Group>
      <Checkbox label="I have kept the codes" checked={kept} onChange={(event) => { setKept(event.currentTarget.checked); }} />
      <Group justify="flex-end">
        <Button disabled={!kept} onClick={onDone}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
