import { ActionIcon, Button, Input, PasswordInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { KeyRound, Plus, X } from 'lucide-react';
import { useId, useState } from 'react';
import type { Setting } from '@/api/destinations';
import { same } from '@/api/merge-patch';
import { SecretSet } from '@/components/SecretSet';
import classes from './Destinations.module.css';
import { isMasked } from './document';

/** One setting of a connector, by its type. `undefined` is not set. */
export function SettingField({
  setting,
  value,
  error,
  ends,
  onChange,
}: {
  setting: Setting;
  value: unknown;
  error: string | undefined;
  /** How the saved secret ends. */
  ends?: string | undefined;
  onChange: (value: unknown) => void;
}) {
  const common = {
    label: setting.label,
    description: setting.help === '' ? undefined : setting.help,
    error,
    required: setting.required ?? false,
  };
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const fallback = setting.default == null ? undefined : String(setting.default as string | number | boolean);
  switch (setting.type) {
    case 'secret':
      return <SecretField setting={setting} value={value} error={error} ends={ends} onChange={onChange} />;
    case 'boolean':
      return (
        <Switch
          label={setting.label}
          description={common.description}
          error={error}
          checked={typeof value === 'boolean' ? value : setting.default === true}
          onChange={(event) => { onChange(event.currentTarget.checked); }}
        />
      );
    case 'choice':
      return (
        <Select
          {...common}
          styles={{ wrapper: { maxWidth: 260 } }}
          data={setting.choices ?? []}
          value={text === '' ? (fallback ?? null) : text}
          placeholder="Not set"
          allowDeselect={fallback === undefined && !setting.required}
          onChange={(chosen) => { onChange(chosen ?? undefined); }}
        />
      );
    case 'headers':
      return <HeadersField setting={setting} value={value} error={error} onChange={onChange} />;
    case 'template':
      return (
        <Textarea
          {...common}
          autosize
          minRows={5}
          maxRows={18}
          classNames={{ input: classes.code ?? '' }}
          spellCheck={false}
          value={text}
          onChange={(event) => { onChange(event.currentTarget.value); }}
        />
      );
    default:
      return (
        <TextInput
          {...common}
          placeholder={fallback ?? setting.example ?? undefined}
          {...(setting.type === 'url' ? { inputMode: 'url' as const } : {})}
          {...(setting.type === 'number' ? { inputMode: 'decimal' as const, styles: { wrapper: { maxWidth: 260 } } } : {})}
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={(event) => {
            const written = event.currentTarget.value;
            onChange(setting.type === 'number' ? numberOf(written) : written);
          }}
        />
      );
  }
}

/** A number where the text is one to the last digit; otherwise the text, for the API to refuse. */
function numberOf(text: string): string | number {
  const value = Number(text);
  return text.trim() !== '' && String(value) === text ? value : text;
}

/** A secret is written and never read: it is kept, or replaced by another. */
function SecretField({ setting, value, error, ends, onChange }: Parameters<typeof SettingField>[0]) {
  // What was there when the form was opened, to go back to.
  const [kept] = useState(() => (isMasked(value) ? value : undefined));
  const label = { label: setting.label, description: setting.help === '' ? undefined : setting.help };
  if (isMasked(value)) {
    return (
      <Input.Wrapper {...label} error={error} required={setting.required ?? false}>
        <div className={classes.secret}>
          <KeyRound size={15} aria-hidden="true" />
          <span className={classes.secretText}>
            <SecretSet ends={ends} />
          </span>
          <Button size="xs" variant="default" onClick={() => { onChange(''); }}>
            Replace<span className="bt-hidden"> {setting.label}</span>
          </Button>
          {!setting.required && (
            <Button size="xs" variant="subtle" onClick={() => { onChange(undefined); }}>
              Remove<span className="bt-hidden"> {setting.label}</span>
            </Button>
          )}
        </div>
      </Input.Wrapper>
    );
  }
  return (
    <div className={classes.secretNew}>
      <PasswordInput
        {...label}
        error={error}
        required={setting.required ?? false}
        autoComplete="off"
        data-1p-ignore
        value={typeof value === 'string' ? value : ''}
        {...(kept === undefined ? {} : { placeholder: value === undefined ? 'Will be removed' : 'The new one' })}
        onChange={(event) => { onChange(event.currentTarget.value); }}
      />
      {kept !== undefined && (
        <Button size="xs" variant="subtle" onClick={() => { onChange(kept); }}>
          Keep the saved one
        </Button>
      )}
    </div>
  );
}

function objectOf(rows: readonly (readonly [string, string])[]): Record<string, string> | undefined {
  const named = rows.filter(([name]) => name.trim() !== '');
  return named.length === 0 ? undefined : Object.fromEntries(named.map(([name, text]) => [name.trim(), text]));
}

/** Headers are an object in the API and rows here, so that a name can be written letter by letter. */
function HeadersField({ setting, value, error, onChange }: Parameters<typeof SettingField>[0]) {
  const [rows, setRows] = useState(() => Object.entries((value ?? {}) as Record<string, string>));
  const id = useId();
  // The form was put back to what is saved.
  if (!same(objectOf(rows), value ?? undefined)) setRows(Object.entries((value ?? {}) as Record<string, string>));
  const set = (next: [string, string][]): void => {
    setRows(next);
    onChange(objectOf(next));
  };
  return (
    <Input.Wrapper label={setting.label} description={setting.help} error={error} labelElement="div" id={id}>
      <div className={classes.headers} role="group" aria-label={setting.label}>
        {rows.map(([name, text], at) => (
          <div key={at} className={classes.header}>
            <TextInput
              aria-label={`Header ${String(at + 1)}: name`}
              placeholder="X-Lead-Id"
              spellCheck={false}
              value={name}
              onChange={(event) => { set(rows.with(at, [event.currentTarget.value, text])); }}
            />
            <TextInput
              aria-label={`Header ${String(at + 1)}: value`}
              placeholder="{{ lead_id }}"
              spellCheck={false}
              value={text}
              onChange={(event) => { set(rows.with(at, [name, event.currentTarget.value])); }}
            />
            <ActionIcon aria-label={`Remove header ${String(at + 1)}`} onClick={() => { set(rows.toSpliced(at, 1)); }}>
              <X size={15} />
            </ActionIcon>
          </div>
        ))}
        <Button size="xs" variant="default" leftSection={<Plus size={13} />} onClick={() => { set([...rows, ['', '']]); }}>
          Add header
        </Button>
      </div>
    </Input.Wrapper>
  );
}

