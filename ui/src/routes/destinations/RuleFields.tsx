import { ActionIcon, Button, NativeSelect, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import type { Extract, ResponseRule, Verdict } from '@/api/destinations';
import { same } from '@/api/merge-patch';
import { verdicts } from '@/words';
import classes from './Destinations.module.css';
import { MATCHES, matchWord } from './show';

/** What a rule can say; `blocked` and `unknown` are Baton's own. */
const VERDICTS: readonly Verdict[] = [
  'accepted',
  'queued',
  'rejected',
  'duplicate',
  'invalid',
  'cap_reached',
  'rate_limited',
  'transient',
  'auth_or_config',
  'unmatched',
];

/** The fields of one rule. */
export function RuleFields({
  rule,
  at,
  errors,
  onChange,
}: {
  rule: ResponseRule;
  at: number;
  errors: Readonly<Record<string, string>>;
  onChange: (rule: ResponseRule) => void;
}) {
  const word = matchWord(rule.match);
  const error = (field: string): string | undefined => errors[`responses[${String(at)}].${field}`];
  return (
    <div className={classes.ruleFields}>
      <div className={classes.ruleGrid}>
        <NativeSelect
          size="xs"
          label="When"
          value={rule.match}
          data={MATCHES.map((one) => ({ value: one.match, label: one.label }))}
          onChange={(event) => {
            const match = MATCHES.find((one) => one.match === event.currentTarget.value)?.match ?? rule.match;
            onChange({ ...rule, match });
          }}
        />
        {word.pathLabel !== undefined && (
          <TextInput
            size="xs"
            label={word.pathLabel}
            placeholder={word.pathPlaceholder}
            spellCheck={false}
            value={rule.path ?? ''}
            error={error('path')}
            onChange={(event) => { onChange({ ...rule, path: event.currentTarget.value }); }}
          />
        )}
        <TextInput
          size="xs"
          label={word.valueLabel}
          placeholder={word.placeholder}
          spellCheck={false}
          value={rule.value}
          error={error('value')}
          onChange={(event) => { onChange({ ...rule, value: event.currentTarget.value }); }}
        />
        <NativeSelect
          size="xs"
          label="It means"
          value={rule.verdict}
          data={VERDICTS.map((value) => ({ value, label: verdicts[value]?.label ?? value }))}
          error={error('verdict')}
          onChange={(event) => {
            onChange({ ...rule, verdict: VERDICTS.find((one) => one === event.currentTarget.value) ?? rule.verdict });
          }}
        />
        <TextInput
          size="xs"
          label="Reason to record"
          placeholder="From the answer, when empty"
          value={rule.reason ?? ''}
          error={error('reason')}
          onChange={(event) => { onChange({ ...rule, reason: event.currentTarget.value }); }}
        />
      </div>
      <p className={classes.hint}>
        {word.means} {verdicts[rule.verdict]?.means}
      </p>
      <Extracts rule={rule} errors={errors} path={`responses[${String(at)}].extract`} onChange={onChange} />
    </div>
  );
}

interface Row {
  name: string;
  how: 'json_path' | 'xpath' | 'regex';
  where: string;
}

const NAMES = ['price', 'vendor_id', 'redirect_url', 'reason', 'queue_id', 'ping_id', 'field:'];

function rowsOf(extract: ResponseRule['extract']): Row[] {
  return Object.entries(extract ?? {}).map(([name, from]) => {
    const how = 'json_path' in from ? 'json_path' : 'xpath' in from ? 'xpath' : 'regex';
    return { name, how, where: Object.values(from as Record<string, string>)[0] ?? '' };
  });
}

function extractOf(rows: readonly Row[]): Record<string, Extract> {
  return Object.fromEntries(
    rows.filter((row) => row.name.trim() !== '').map((row) => [row.name.trim(), { [row.how]: row.where } as unknown as Extract]),
  );
}

/** What is taken out of an answer, as rows, so that a name can be written letter by letter. */
function Extracts({
  rule,
  errors,
  path,
  onChange,
}: {
  rule: ResponseRule;
  errors: Readonly<Record<string, string>>;
  path: string;
  onChange: (rule: ResponseRule) => void;
}) {
  const [rows, setRows] = useState(() => rowsOf(rule.extract));
  // The rule was changed elsewhere, by undo for instance.
  if (!same(extractOf(rows), rule.extract ?? {})) setRows(rowsOf(rule.extract));
  const set = (next: Row[]): void => {
    setRows(next);
    onChange({ ...rule, extract: extractOf(next) });
  };
  const wrong = Object.entries(errors).find(([field]) => field.startsWith(path))?.[1];
  return (
    <div className={classes.extracts}>
      {rows.map((row, at) => {
        const name = `Value ${String(at + 1)}`;
        return (
          <div key={at} className={classes.extract}>
            <TextInput
              size="xs"
              aria-label={`${name}: what it is`}
              placeholder="price"
              list="extract-names"
              spellCheck={false}
              value={row.name}
              onChange={(event) => { set(rows.with(at, { ...row, name: event.currentTarget.value })); }}
            />
            <NativeSelect
              size="xs"
              aria-label={`${name}: how it is found`}
              value={row.how}
              data={[
                { value: 'json_path', label: 'JSON path' },
                { value: 'xpath', label: 'XPath' },
                { value: 'regex', label: 'Pattern' },
              ]}
              onChange={(event) => { set(rows.with(at, { ...row, how: event.currentTarget.value as Row['how'] })); }}
            />
            <TextInput
              size="xs"
              aria-label={`${name}: where`}
              placeholder={row.how === 'json_path' ? '$.price' : row.how === 'xpath' ? '/result/price' : 'price=(\\d+)'}
              spellCheck={false}
              value={row.where}
              onChange={(event) => { set(rows.with(at, { ...row, where: event.currentTarget.value })); }}
            />
            <ActionIcon size={28} aria-label={`Remove value ${String(at + 1)}`} onClick={() => { set(rows.toSpliced(at, 1)); }}>
              <X size={14} />
            </ActionIcon>
          </div>
        );
      })}
      {wrong !== undefined && <p className={classes.cellError}>{wrong}</p>}
      <datalist id="extract-names">
        {NAMES.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Button
        variant="subtle"
        size="compact-xs"
        leftSection={<Plus size={13} />}
        onClick={() => {
          // A row without a name is not in the rule yet.
          const name = NAMES.find((one) => !rows.some((row) => row.name === one)) ?? 'field:';
          set([...rows, { name, how: rule.match === 'xpath' ? 'xpath' : 'json_path', where: '' }]);
        }}
      >
        Take a value from the answer
      </Button>
    </div>
  );
}
