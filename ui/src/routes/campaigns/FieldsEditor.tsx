import { ActionIcon, Button, NativeSelect, Switch, TagsInput, TextInput } from '@mantine/core';
import { ChevronDown, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { FieldSpec } from '@/api/campaigns';
import { SortableList } from '@/components/SortableList';
import { offerUndo } from '@/components/UndoBar';
import classes from './Campaigns.module.css';
import { type FieldRow, newFieldRow } from './document';
import { kindOf, KINDS, rulesText } from './kinds';

/** The fields of a campaign's leads, in order. */
export function FieldsEditor({
  rows,
  errors,
  disabled,
  onChange,
}: {
  rows: readonly FieldRow[];
  errors: Readonly<Record<string, string>>;
  disabled: boolean;
  onChange: (rows: readonly FieldRow[]) => void;
}) {
  const [open, setOpen] = useState<string>();
  return (
    <div className={classes.fieldsEditor}>
      {errors.fields !== undefined && <p className={classes.error}>{errors.fields}</p>}
      <SortableList
        label="Fields"
        items={rows}
        itemKey={(row) => row.key}
        itemName={(row) => row.field.name}
        disabled={disabled}
        onReorder={onChange}
      >
        {(row, at) => (
          <Field
            field={row.field}
            at={at}
            errors={errors}
            disabled={disabled}
            open={open === row.key}
            onOpen={(isOpen) => { setOpen(isOpen ? row.key : undefined); }}
            onChange={(patch) => {
              onChange(rows.map((one) => (one.key === row.key ? { ...one, field: { ...one.field, ...patch } } : one)));
            }}
            onRemove={() => {
              onChange(rows.filter((one) => one.key !== row.key));
              offerUndo({ text: `The field “${row.field.name}” was removed`, undo: () => { onChange(rows); } });
            }}
          />
        )}
      </SortableList>
      {rows.length === 0 && <p className="bt-dim">No fields: every lead is taken as it comes.</p>}
      {!disabled && (
        <div>
          <Button
            variant="default"
            size="xs"
            leftSection={<Plus size={14} />}
            onClick={() => {
              const row = newFieldRow(rows);
              onChange([...rows, row]);
              setOpen(row.key);
            }}
          >
            Add a field
          </Button>
        </div>
      )}
    </div>
  );
}

function Field({
  field,
  at,
  errors,
  disabled,
  open,
  onOpen,
  onChange,
  onRemove,
}: {
  field: FieldSpec;
  at: number;
  errors: Readonly<Record<string, string>>;
  disabled: boolean;
  open: boolean;
  onOpen: (open: boolean) => void;
  onChange: (patch: Partial<FieldSpec>) => void;
  onRemove: () => void;
}) {
  const path = `fields[${String(at)}]`;
  const error = (name: string): string | undefined => errors[`${path}.${name}`];
  const kind = kindOf(field.type);
  const rules = rulesText(field);
  const hidden = Object.entries(errors).filter(
    ([key]) => key === path || (key.startsWith(`${path}.`) && !open && key !== `${path}.name`),
  );
  return (
    <div>
      <div className={classes.fieldTop}>
        <TextInput
          className={classes.fieldName}
          size="xs"
          aria-label={`Field ${String(at + 1)}: name`}
          spellCheck={false}
          maxLength={64}
          value={field.name}
          error={error('name')}
          onChange={(event) => { onChange({ name: event.currentTarget.value }); }}
        />
        <NativeSelect
          className={classes.fieldType}
          size="xs"
          aria-label={`${field.name}: type`}
          value={field.type}
          data={KINDS.map((one) => ({ value: one.kind, label: one.label }))}
          onChange={(event) => {
            const next = KINDS.find((one) => one.kind === event.currentTarget.value)?.kind ?? field.type;
            onChange({ type: next });
            if (next === 'choice') onOpen(true);
          }}
        />
        <Switch
          className={classes.fieldRequired}
          size="xs"
          label="Required"
          aria-label={`${field.name}: required`}
          checked={field.required ?? false}
          onChange={(event) => { onChange({ required: event.currentTarget.checked }); }}
        />
        <span className={`bt-cut ${classes.fieldRules ?? ''}`} title={rules}>
          {rules}
        </span>
        {!disabled && (
          <span className={classes.fieldButtons}>
            <ActionIcon
              size={26}
              aria-expanded={open}
              aria-label={`${open ? 'Close' : 'Open'} the rules of ${field.name}`}
              onClick={() => { onOpen(!open); }}
            >
              <ChevronDown size={15} className={classes.chevron} data-open={open || undefined} />
            </ActionIcon>
            <ActionIcon size={26} aria-label={`Remove ${field.name}`} onClick={onRemove}>
              <Trash2 size={14} />
            </ActionIcon>
          </span>
        )}
      </div>
      {hidden.map(([key, message]) => (
        <p key={key} className={classes.error}>{message}</p>
      ))}
      {open && !disabled && (
        <div className={classes.rules}>
          <p className={classes.takes}>
            <b>{kind.label}</b> {kind.takes}
          </p>
          <div className={classes.ruleGrid}>
            <TextInput
              size="xs"
              label="Label"
              placeholder="What people call it"
              maxLength={200}
              value={field.label ?? ''}
              error={error('label')}
              onChange={(event) => { onChange({ label: event.currentTarget.value }); }}
            />
            <TextInput
              size="xs"
              label="Delivered as"
              placeholder={field.name}
              spellCheck={false}
              value={field.delivery_name ?? ''}
              error={error('delivery_name')}
              onChange={(event) => { onChange({ delivery_name: event.currentTarget.value }); }}
            />
            <Rules field={field} error={error} onChange={onChange} />
          </div>
        </div>
      )}
    </div>
  );
}

/** The rules that mean something for the field's type. */
function Rules({
  field,
  error,
  onChange,
}: {
  field: FieldSpec;
  error: (name: string) => string | undefined;
  onChange: (patch: Partial<FieldSpec>) => void;
}) {
  const { rules } = kindOf(field.type);
  const count = (text: string): number | null => (text === '' ? null : Number(text));
  return (
    <>
      {rules.includes('length') &&
        (['min_length', 'max_length'] as const).map((name) => (
          <TextInput
            key={name}
            size="xs"
            label={name === 'min_length' ? 'Fewest characters' : 'Most characters'}
            inputMode="numeric"
            value={field[name] == null ? '' : String(field[name])}
            error={error(name)}
            onChange={(event) => { onChange({ [name]: count(event.currentTarget.value.replace(/\D/g, '').slice(0, 6)) }); }}
          />
        ))}
      {(rules.includes('bounds') || rules.includes('dates')) &&
        (['min', 'max'] as const).map((name) => (
          <TextInput
            key={name}
            size="xs"
            label={rules.includes('dates') ? (name === 'min' ? 'Earliest' : 'Latest') : name === 'min' ? 'Smallest' : 'Largest'}
            {...(rules.includes('dates') ? { type: 'date' } : { inputMode: 'decimal' as const })}
            value={field[name] ?? ''}
            error={error(name)}
            onChange={(event) => { onChange({ [name]: event.currentTarget.value }); }}
          />
        ))}
      {rules.includes('pattern') && (
        <TextInput
          size="xs"
          label="Pattern of the whole value"
          placeholder="[A-Z]{2}\d+"
          spellCheck={false}
          value={field.pattern ?? ''}
          error={error('pattern')}
          onChange={(event) => { onChange({ pattern: event.currentTarget.value }); }}
        />
      )}
      {rules.includes('choices') && (
        <TagsInput
          size="xs"
          className={classes.choices}
          label="Choices"
          description="Enter or a comma ends a word."
          splitChars={[',']}
          acceptValueOnBlur
          value={field.choices ?? []}
          error={error('choices')}
          onChange={(choices) => {
            // A pasted list is several words too.
            const words = choices.flatMap((text) => text.split(',')).map((text) => text.trim());
            onChange({ choices: [...new Set(words.filter((text) => text !== ''))] });
          }}
        />
      )}
      {rules.includes('strict') && (
        <Switch
          size="xs"
          mt={22}
          label="Only numbers in use"
          description="Refuses numbers that are possible but given to nobody."
          checked={field.strict ?? false}
          onChange={(event) => { onChange({ strict: event.currentTarget.checked }); }}
        />
      )}
    </>
  );
}
