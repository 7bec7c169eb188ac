import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { DAYS_MAX, daysOf } from './api';
import classes from './Settings.module.css';

const USUAL_DAYS = '365';

/** How long finished leads are kept, and what goes with them. */
export function RetentionField({
  days,
  before,
  onChange,
  readOnly,
  error,
}: {
  /** As it was written; `null`: for ever. */
  days: string | null;
  /** What is saved now. */
  before: number | null;
  onChange: (days: string | null) => void;
  readOnly: boolean;
  error?: string | undefined;
}) {
  const [remembered, remember] = useState(days ?? USUAL_DAYS);
  const value = days === null ? null : daysOf(days);
  const fault = value === undefined ? `Whole days, 1 to ${DAYS_MAX.toLocaleString('en')}.` : undefined;
  const shortens = typeof value === 'number' && (before === null || value < before);
  return (
    <Stack gap="sm">
      <Radio.Group
        aria-label="How long finished leads are kept"
        value={days === null ? 'ever' : 'days'}
        onChange={(next) => { onChange(next === 'ever' ? null : remembered); }}
      >
        <Stack gap={10}>
          <Radio value="ever" label="Keep finished leads for ever" disabled={readOnly} />
          <Radio value="days" label="Delete finished leads after some days" disabled={readOnly} />
        </Stack>
      </Radio.Group>
      {days !== null && (
        <TextInput
          label="Days"
          w={120}
          inputMode="numeric"
          readOnly={readOnly}
          value={days}
          error={fault ?? error}
          onChange={(event) => {
            const text = event.currentTarget.value;
            onChange(text);
            remember(text);
          }}
        />
      )}
      {shortens && (
        <p className={classes.warning}>
          Leads that are older than {value === 1 ? 'a day' : `${String(value)} days`} are deleted within the hour after you save. That cannot be taken back.
        </p>
      )}
      <p className={classes.small}>
        With a lead go its fields and context, its deliveries with every request and answer, its timeline and notes. Counts
        of the reports stay for 400 days; they hold no personal data. Leads that still have something to be sent stay until
        that is over. Refused leads go after 30 days in any case.
      </p>
    </Stack>
  );
}
