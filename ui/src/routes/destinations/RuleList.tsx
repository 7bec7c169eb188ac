import { ActionIcon } from '@mantine/core';
import { Check, ChevronDown, CircleDot, Minus, Trash2, TriangleAlert } from 'lucide-react';
import type { Evaluation, ResponseRule } from '@/api/destinations';
import { SortableList } from '@/components/SortableList';
import { StatusPill } from '@/components/StatusPill';
import { offerUndo } from '@/components/UndoBar';
import classes from './Destinations.module.css';
import type { RuleRow } from './document';
import { RuleFields } from './RuleFields';
import { ruleName, ruleText } from './show';

interface RuleParts {
  /** How the answer in the tester is seen; none when nothing is tried. */
  evaluation: Evaluation | undefined;
  warnings: readonly { rule: number | undefined; text: string }[];
  errors: Readonly<Record<string, string>>;
  /** The rule whose fields are shown. */
  open: string | undefined;
  onOpen: (key: string | undefined) => void;
}

/** The rules in their order; each says how it sees the answer in the tester, and why. */
export function RuleList({
  rows,
  fixed,
  onChange,
  ...parts
}: RuleParts & {
  rows: readonly RuleRow[];
  /** The connector's: to be read only. */
  fixed: boolean;
  onChange: (rows: readonly RuleRow[]) => void;
}) {
  return (
    <SortableList
      label="Response rules"
      items={rows}
      itemKey={(row) => row.key}
      itemName={(row) => ruleName(row.rule, rows.indexOf(row))}
      disabled={fixed}
      onReorder={onChange}
    >
      {(row, at) => (
        <Rule
          row={row}
          at={at}
          fixed={fixed}
          {...parts}
          onChange={(rule) => { onChange(rows.map((one) => (one.key === row.key ? { ...one, rule } : one))); }}
          onRemove={() => {
            onChange(rows.filter((one) => one.key !== row.key));
            offerUndo({ text: `Rule ${String(at + 1)} was removed`, undo: () => { onChange(rows); } });
          }}
        />
      )}
    </SortableList>
  );
}

function Rule({
  row,
  at,
  fixed,
  evaluation,
  warnings,
  errors,
  open,
  onOpen,
  onChange,
  onRemove,
}: RuleParts & {
  row: RuleRow;
  at: number;
  fixed: boolean;
  onChange: (rule: ResponseRule) => void;
  onRemove: () => void;
}) {
  const { rule, key } = row;
  const isOpen = open === key && !fixed;
  const path = `responses[${String(at)}]`;
  const wrong = Object.entries(errors).filter(([field]) => field === path || field.startsWith(`${path}.`));
  const takes = Object.keys(rule.extract ?? {});
  return (
    <div className={classes.rule}>
      <div className={classes.ruleTop}>
        <span className={classes.ruleNumber}>{at + 1}</span>
        <div className={classes.ruleWords}>
          <span className="bt-outside">{ruleText(rule)}</span>
          {(rule.reason != null || takes.length > 0) && (
            <span className={`bt-outside ${classes.ruleSub ?? ''}`}>
              {rule.reason != null && `reason “${rule.reason}” `}
              {takes.length > 0 && `takes ${takes.join(', ')}`}
            </span>
          )}
        </div>
        <StatusPill kind="verdict" value={rule.verdict} />
        {!fixed && (
          <span className={classes.ruleButtons}>
            <ActionIcon
              size={26}
              aria-expanded={isOpen}
              aria-label={`${isOpen ? 'Close' : 'Change'} rule ${String(at + 1)}`}
              onClick={() => { onOpen(isOpen ? undefined : key); }}
            >
              <ChevronDown size={15} className={classes.chevron} data-open={isOpen || undefined} />
            </ActionIcon>
            <ActionIcon size={26} aria-label={`Remove rule ${String(at + 1)}`} onClick={onRemove}>
              <Trash2 size={14} />
            </ActionIcon>
          </span>
        )}
      </div>
      <Seen evaluation={evaluation} at={at} />
      {warnings.filter((one) => one.rule === at).map((one) => (
        <p key={one.text} className={classes.ruleWarning}>
          <TriangleAlert size={13} aria-hidden="true" /> <span className="bt-outside">{one.text}</span>
        </p>
      ))}
      {!isOpen && wrong.map(([field, message]) => (
        <p key={field} className={classes.cellError}>{message}</p>
      ))}
      {isOpen && <RuleFields rule={rule} at={at} errors={errors} onChange={onChange} />}
    </div>
  );
}

/** Hit or miss, and why. */
function Seen({ evaluation, at }: { evaluation: Evaluation | undefined; at: number }) {
  const seen = evaluation?.rules[at];
  if (!seen) return null;
  const decides = evaluation?.rule === at;
  const Icon = decides ? CircleDot : seen.hit ? Check : Minus;
  return (
    <p className={classes.seen} data-seen={decides ? 'decides' : seen.hit ? 'hit' : 'miss'}>
      <Icon size={13} aria-hidden="true" />
      <b>{decides ? 'Decides' : seen.hit ? 'Would match' : 'No match'}</b>
      <span className="bt-outside">{seen.why}</span>
    </p>
  );
}
