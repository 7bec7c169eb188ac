import { Select } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog } from './ConfirmDialog';

const GRACES = [
  { value: '0s', label: 'Not at all: it stops at once' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];

/** Asks how long the former secret counts while the other side changes over. */
export function RotateDialog({
  what,
  busy,
  error,
  onRotate,
  onCancel,
}: {
  /** Such as `the secret of “Partner A”`. */
  what: string;
  busy: boolean;
  error: unknown;
  onRotate: (grace: string) => void;
  onCancel: () => void;
}) {
  const [grace, setGrace] = useState('24h');
  return (
    <ConfirmDialog
      opened
      title={`Change ${what}`}
      confirmLabel="Make a new secret"
      busy={busy}
      error={error}
      onCancel={onCancel}
      onConfirm={() => { onRotate(grace); }}
    >
      <p style={{ marginTop: 0 }}>A new secret is made and shown once.</p>
      <Select
        label="How long the former one counts too"
        data={GRACES}
        value={grace}
        allowDeselect={false}
        onChange={(value) => { setGrace(value ?? '24h'); }}
      />
    </ConfirmDialog>
  );
}
