import { Checkbox, Radio, Stack } from '@mantine/core';
import { eventKinds } from '@/words';
import classes from './Webhooks.module.css';

const KINDS = Object.entries(eventKinds);
/** What most people want first. */
const USUAL = ['lead.created', 'delivery.failed'];

/** Which events: chosen ones, or all of them, which is said in a warning tone. `[]` is all. */
export function EventsField({
  value,
  onChange,
  all,
  onAll,
  error,
  disabled = false,
}: {
  value: string[];
  onChange: (events: string[]) => void;
  all: boolean;
  onAll: (all: boolean) => void;
  error?: string | undefined;
  disabled?: boolean;
}) {
  return (
    <Stack gap="sm">
      <Radio.Group
        label="It is told of"
        value={all ? 'all' : 'some'}
        onChange={(next) => {
          onAll(next === 'all');
          if (next === 'some' && value.length === 0) onChange(USUAL);
        }}
      >
        <Stack gap={8} mt={6}>
          <Radio value="some" label="Chosen events" disabled={disabled} />
          <Radio value="all" label="All events, of now and of later versions" disabled={disabled} />
        </Stack>
      </Radio.Group>
      {all ? (
        <p className={classes.warning}>
          It gets every event of this workspace, personal data included. Choose the few it needs if you can.
        </p>
      ) : (
        <Checkbox.Group value={value} onChange={onChange} error={error} aria-label="Events">
          <div className={classes.kinds}>
            {KINDS.map(([kind, word]) => (
              <Checkbox key={kind} value={kind} label={word.label} description={word.means} disabled={disabled} />
            ))}
          </div>
        </Checkbox.Group>
      )}
    </Stack>
  );
}
