import { ActionIcon, Menu, Popover, Textarea, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import classes from './Destinations.module.css';
import { argumentFrom, argumentOf, argumentText, kindOf, newWord, wordName, type WordKind, WORDS } from './transforms';

const GROUPS = ['Text', 'Names', 'Phones and places', 'Dates, numbers and choices'] as const;

/** The words that change a value, in order; each can be opened when it has an argument. */
export function TransformCell({
  words,
  name,
  disabled,
  error,
  onChange,
}: {
  words: readonly unknown[];
  /** Of the row: "Row 3". */
  name: string;
  disabled: boolean;
  error: string | undefined;
  onChange: (words: unknown[]) => void;
}) {
  const [opened, setOpened] = useState<number>();
  return (
    <div className={classes.words}>
      {words.map((word, at) => (
        <Word
          key={`${String(at)}-${wordName(word)}`}
          word={word}
          name={name}
          disabled={disabled}
          opened={opened === at}
          onOpened={(open) => { setOpened(open ? at : undefined); }}
          onChange={(next) => { onChange(words.toSpliced(at, 1, next)); }}
          onRemove={() => {
            setOpened(undefined);
            onChange(words.toSpliced(at, 1));
          }}
        />
      ))}
      {!disabled && (
        <Menu position="bottom-start" width={210}>
          <Menu.Target>
            <ActionIcon size={24} aria-label={`${name}: add a change`}>
              <Plus size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown className={classes.fieldMenu}>
            {GROUPS.flatMap((group) => [
              <Menu.Label key={group}>{group}</Menu.Label>,
              ...WORDS.filter((kind) => kind.group === group).map((kind) => (
                <Menu.Item
                  key={kind.name}
                  onClick={() => {
                    onChange([...words, newWord(kind)]);
                    if (kind.argument !== undefined) setOpened(words.length);
                  }}
                >
                  {kind.label}
                </Menu.Item>
              )),
            ])}
          </Menu.Dropdown>
        </Menu>
      )}
      {error !== undefined && <p className={classes.cellError}>{error}</p>}
    </div>
  );
}

function Word({
  word,
  name,
  disabled,
  opened,
  onOpened,
  onChange,
  onRemove,
}: {
  word: unknown;
  name: string;
  disabled: boolean;
  opened: boolean;
  onOpened: (opened: boolean) => void;
  onChange: (word: unknown) => void;
  onRemove: () => void;
}) {
  const kind = kindOf(word);
  const label = kind?.label ?? wordName(word);
  const text = kind?.argument === undefined ? '' : argumentText(kind, argumentOf(word)).replace(/\n/g, ', ');
  const face = (
    <>
      {label}
      {text !== '' && <span className={`bt-cut ${classes.wordText ?? ''}`}>{text}</span>}
    </>
  );
  return (
    <span className={classes.wordChip}>
      {kind?.argument === undefined || disabled ? (
        <span className={classes.wordFace}>{face}</span>
      ) : (
        <Popover opened={opened} onChange={onOpened} position="bottom-start" trapFocus returnFocus width={260}>
          <Popover.Target>
            <button type="button" className={classes.wordFace} onClick={() => { onOpened(!opened); }}>
              {face}
            </button>
          </Popover.Target>
          <Popover.Dropdown aria-label={`${name}: ${label}`}>
            <Argument kind={kind} word={word} onChange={onChange} />
          </Popover.Dropdown>
        </Popover>
      )}
      {!disabled && (
        <button type="button" className={classes.wordRemove} aria-label={`${name}: remove ${label}`} onClick={onRemove}>
          <X size={12} aria-hidden="true" />
        </button>
      )}
    </span>
  );
}

/** The argument as text. It keeps what is being written, also where that is not yet an argument. */
function Argument({ kind, word, onChange }: { kind: WordKind; word: unknown; onChange: (word: unknown) => void }) {
  const [text, setText] = useState(() => argumentText(kind, argumentOf(word)));
  const set = (next: string): void => {
    setText(next);
    onChange({ [kind.name]: argumentFrom(kind, next) });
  };
  if (kind.argument === 'pairs') {
    return (
      <Textarea
        size="xs"
        label={kind.label}
        description="A line each: ours = theirs. * stands for anything else."
        placeholder={'own = OWNER\nrent = TENANT\n* = OTHER'}
        autosize
        minRows={3}
        maxRows={10}
        spellCheck={false}
        value={text}
        onChange={(event) => { set(event.currentTarget.value); }}
      />
    );
  }
  return (
    <TextInput
      size="xs"
      label={kind.label}
      description={DESCRIPTIONS[kind.name]}
      placeholder={kind.hint}
      spellCheck={false}
      value={text}
      onChange={(event) => { set(event.currentTarget.value); }}
    />
  );
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  truncate: 'How many characters stay.',
  replace: 'What is replaced | by what.',
  concat: 'Names of fields in braces, other text as it stands.',
  default: 'What is sent when there is no value.',
  date: 'Of YYYY MM DD HH mm ss.',
  number: 'How many digits stay after the point.',
  boolean: 'What yes is | what no is.',
};
