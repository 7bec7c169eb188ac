import { MultiSelect, NativeSelect, SegmentedControl, Switch } from '@mantine/core';
import { SpanInput } from '@/components/SpanInput';
import classes from './Campaigns.module.css';
import type { Draft } from './document';

const ACTIONS = {
  reject: 'Refuse it: 409 to the sender, and kept as rejected',
  mark: 'Take it, marked as a duplicate, and deliver it',
  quarantine: 'Take it, and put it aside undelivered',
} as const;

/** When a lead repeats another, and what then. */
export function DuplicateRule({
  draft,
  errors,
  disabled,
  onChange,
}: {
  draft: Draft;
  errors: Readonly<Record<string, string>>;
  disabled: boolean;
  onChange: (patch: Partial<Draft>) => void;
}) {
  const names = draft.fields.map((row) => row.field.name).filter((name) => name !== '');
  return (
    <div className={classes.stack}>
      <Switch
        label="Look for duplicates"
        checked={draft.checksDuplicates}
        onChange={(event) => {
          const on = event.currentTarget.checked;
          const first = names.includes('email') ? ['email'] : names.slice(0, 1);
          onChange({
            checksDuplicates: on,
            ...(on && draft.duplicateFields.length === 0 ? { duplicateFields: first } : {}),
          });
        }}
      />
      {draft.checksDuplicates && (
        <>
          <MultiSelect
            label="Two leads are compared by"
            description="Their normal forms, upper and lower case alike. Empty values never match."
            data={names}
            value={draft.duplicateFields.filter((name) => names.includes(name))}
            error={errors['duplicates.fields'] ?? errors.duplicates}
            onChange={(duplicateFields) => { onChange({ duplicateFields }); }}
          />
          {draft.duplicateFields.length > 1 && (
            <SegmentedControl
              aria-label="How many of them must be equal"
              className={classes.start}
              disabled={disabled}
              value={draft.matching}
              onChange={(value) => { onChange({ matching: value === 'all' ? 'all' : 'any' }); }}
              data={[
                { value: 'any', label: 'One equal is enough' },
                { value: 'all', label: 'All must be equal' },
              ]}
            />
          )}
          <SpanInput
            label="A lead keeps others out for"
            description="Empty: for ever."
            placeholder="Ever"
            units={['d', 'h', 'm']}
            value={draft.window}
            error={errors['duplicates.window']}
            onChange={(window) => { onChange({ window }); }}
          />
          <NativeSelect
            label="A duplicate"
            data={Object.entries(ACTIONS).map(([value, label]) => ({ value, label }))}
            value={draft.action}
            onChange={(event) => { onChange({ action: event.currentTarget.value as Draft['action'] }); }}
          />
        </>
      )}
    </div>
  );
}
