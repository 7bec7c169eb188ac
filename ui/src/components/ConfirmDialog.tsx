import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ProblemPanel } from './ProblemPanel';

/**
 * Asks before what cannot be taken back, naming it. With `typed` the person writes that word first:
 * for what nobody should do by habit.
 */
export function ConfirmDialog({
  opened,
  ...rest
}: {
  opened: boolean;
  title: string;
  children: ReactNode;
  confirmLabel: string;
  cancelLabel?: string;
  danger?: boolean;
  busy?: boolean;
  /** The text to be written before the button works. */
  typed?: string;
  error?: unknown;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  return (
    <Modal opened={opened} onClose={rest.onCancel} title={rest.title}>
      <Body {...rest} />
    </Modal>
  );
}

/** Within the dialog, so that what was written is gone when it opens the next time. */
function Body({
  children,
  confirmLabel,
  cancelLabel = 'Cancel',
  danger,
  busy,
  typed,
  error,
  onConfirm,
  onCancel,
}: Omit<Parameters<typeof ConfirmDialog>[0], 'opened' | 'title'>) {
  const [text, setText] = useState('');
  const ready = typed === undefined || text.trim() === typed;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready && !busy) onConfirm();
      }}
    >
      <Stack gap="md">
        <div>{children}</div>
        {typed !== undefined && (
          <TextInput
            label={
              <>
                Write <code className="bt-outside">{typed}</code> to confirm
              </>
            }
            value={text}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            onChange={(event) => {
              setText(event.currentTarget.value);
            }}
          />
        )}
        {error != null && <ProblemPanel error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel} {...(typed === undefined ? { 'data-autofocus': true } : {})}>
            {cancelLabel}
          </Button>
          <Button type="submit" color={danger ? 'red' : 'petrol'} disabled={!ready} loading={busy ?? false}>
            {confirmLabel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
