import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from './clipboard';
import classes from './CopyButton.module.css';

const SHOWN_MS = 1_600;

/** Copies a text and says so. `what` completes "Copy …". */
export function CopyButton({ text, what, label }: { text: string; what: string; label?: string }) {
  const [done, setDone] = useState<'copied' | 'failed'>();
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => {
      setDone(undefined);
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [done]);
  const copy = (): void => {
    void copyText(text).then((ok) => {
      setDone(ok ? 'copied' : 'failed');
    });
  };
  const said = done === 'copied' ? 'Copied' : done === 'failed' ? 'Could not copy' : `Copy ${what}`;
  const icon = done === 'copied' ? <Check size={15} /> : <Copy size={15} />;
  return (
    <>
      {label === undefined ? (
        <Tooltip label={said} {...(done ? { opened: true } : {})}>
          <ActionIcon aria-label={`Copy ${what}`} onClick={copy}>
            {icon}
          </ActionIcon>
        </Tooltip>
      ) : (
        <Button variant="default" leftSection={icon} onClick={copy}>
          {done === 'copied' ? 'Copied' : label}
        </Button>
      )}
      <span className="bt-hidden" role="status">
        {done ? said : ''}
      </span>
    </>
  );
}

/** An id or URL with the button that copies it. */
export function CopyableCode({ text, what }: { text: string; what: string }) {
  return (
    <span className={classes.copyable}>
      <code className="bt-outside">{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}
