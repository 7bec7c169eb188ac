import { Button, Group } from '@mantine/core';

/** The end of a dialog with a form: leave it, or send it. */
export function DialogFoot({ label, busy, onCancel }: { /** Of the button that sends: "Create". */ label: string; busy: boolean; onCancel: () => void }) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
      <Button type="submit" loading={busy}>
        {label}
      </Button>
    </Group>
  );
}
