import { Checkbox, Stack } from '@mantine/core';
import { ShieldAlert } from 'lucide-react';
import { useState } from 'react';
import { CopyButton } from './CopyButton';
import classes from './SecretOnce.module.css';

/** Shows a secret the one time it can be seen. `onKept` hears whether the person says they have it. */
export function SecretOnce({
  secret,
  what,
  onKept,
}: {
  secret: string;
  /** Such as "API key". */
  what: string;
  onKept?: (kept: boolean) => void;
}) {
  const [kept, setKept] = useState(false);
  return (
    <Stack gap="sm">
      <div className={classes.warning}>
        <ShieldAlert size={16} aria-hidden="true" />
        <span>This is the only time the {what} is shown. Keep it where you keep passwords.</span>
      </div>
      <div className={classes.box}>
        <code className={classes.secret} tabIndex={0} aria-label={what}>
          {secret}
        </code>
        <CopyButton text={secret} what={what} label="Copy" />
      </div>
      {onKept && (
        <Checkbox
          label={`I have kept the ${what}`}
          checked={kept}
          onChange={(event) => {
            setKept(event.currentTarget.checked);
            onKept(event.currentTarget.checked);
          }}
        />
      )}
    </Stack>
  );
}
