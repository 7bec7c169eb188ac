import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { CopyButton } from './CopyButton';
import { bytes, pieces, prettyJson, SHOWN_CHARS_MAX } from './json-text';
import classes from './JsonPane.module.css';

/**
 * A body that was sent or answered. Always text: whatever stands in it stays what it is. Long ones
 * are cut at what a page can show, and it says so.
 */
export function JsonPane({
  text,
  label,
  truncatedFrom,
  emptyText = 'Empty: there is no body.',
}: {
  text: string | null | undefined;
  /** Names the pane: "Answer body". */
  label: string;
  /** Bytes of the whole, when the server kept only the first part of it. */
  truncatedFrom?: number | null | undefined;
  emptyText?: string;
}) {
  const [mode, setMode] = useState<'pretty' | 'raw'>('pretty');
  const [whole, setWhole] = useState(false);
  const pretty = useMemo(() => (text == null || text === '' ? undefined : prettyJson(text)), [text]);
  if (text == null || text === '') return <p className={classes.empty}>{emptyText}</p>;
  const chosen = mode === 'pretty' && pretty !== undefined ? pretty : text;
  const cut = !whole && chosen.length > SHOWN_CHARS_MAX;
  const kept = bytes(new Blob([text]).size);
  return (
    <div className={classes.root}>
      <div className={classes.head}>
        <span className={classes.label}>{label}</span>
        {pretty !== undefined && (
          <SegmentedControl
            size="xs"
            aria-label={`${label}: how it is shown`}
            value={mode}
            onChange={(value) => {
              setMode(value === 'raw' ? 'raw' : 'pretty');
            }}
            data={[
              { value: 'pretty', label: 'Pretty' },
              { value: 'raw', label: 'Raw' },
            ]}
          />
        )}
        <CopyButton text={chosen} what={label.toLowerCase()} />
      </div>
      <pre className={classes.text} tabIndex={0} aria-label={label}>
        {pieces(cut ? chosen.slice(0, SHOWN_CHARS_MAX) : chosen).map((piece, at) => (
          <span key={at} className={classes.piece}>
            {piece}
          </span>
        ))}
      </pre>
      {truncatedFrom != null && (
        <p className={classes.note}>
          The first {kept} of {bytes(truncatedFrom)} were kept.
        </p>
      )}
      {cut && (
        <p className={classes.note}>
          The first {bytes(SHOWN_CHARS_MAX)} are shown.{' '}
          <button
            type="button"
            className={classes.link}
            onClick={() => {
              setWhole(true);
            }}
          >
            Show all {bytes(chosen.length)}
          </button>
        </p>
      )}
    </div>
  );
}
