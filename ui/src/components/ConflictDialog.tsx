import { Button, Group, Modal, Stack } from '@mantine/core';
import classes from './ConflictDialog.module.css';

/**
 * Somebody saved the same thing meanwhile (412): both versions side by side, what differs marked,
 * and the choice. `mine` and `theirs` hold the same members, as the person knows them.
 */
export function ConflictDialog({
  opened,
  what,
  mine,
  theirs,
  labels = {},
  busy,
  onKeepMine,
  onTakeTheirs,
  onCancel,
}: {
  opened: boolean;
  /** Such as `the destination "CRM"`. */
  what: string;
  mine: Readonly<Record<string, unknown>>;
  theirs: Readonly<Record<string, unknown>>;
  /** Words for members. */
  labels?: Readonly<Record<string, string>>;
  busy?: boolean;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
  onCancel: () => void;
}) {
  const differing = Object.keys(mine).filter((key) => shown(mine[key]) !== shown(theirs[key]));
  return (
    <Modal opened={opened} onClose={onCancel} title="Somebody else saved first" size="xl">
      <Stack gap="md">
        <p className={classes.intro}>
          While you were editing {what}, somebody saved another version of it. Nothing of yours has been lost.
        </p>
        <div className={classes.scroll}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Differs</th>
                <th scope="col">Yours</th>
                <th scope="col">Saved now</th>
              </tr>
            </thead>
            <tbody>
              {differing.length === 0 && (
                <tr>
                  <td colSpan={3}>Both say the same; saving yours changes nothing.</td>
                </tr>
              )}
              {differing.map((key) => (
                <tr key={key}>
                  <th scope="row">{labels[key] ?? key}</th>
                  <td>
                    <pre>{shown(mine[key])}</pre>
                  </td>
                  <td>
                    <pre>{shown(theirs[key])}</pre>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            Back to my form
          </Button>
          <Button variant="default" onClick={onTakeTheirs}>
            Drop mine, take theirs
          </Button>
          <Button color="red" onClick={onKeepMine} loading={busy ?? false}>
            Save mine over it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return '—';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
