import { Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Lead, tagsQuery } from '@/api/inbox';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { useChangeLeads } from './use-change-leads';
import classes from './BulkTagsDialog.module.css';

/** Tags that are offered to be pressed; the rest can be written. */
const OFFERED_MAX = 12;

/** Gives tags to several leads, and takes tags away from them. */
export function BulkTagsDialog({ leads, count, onClose }: { leads: readonly Lead[]; count: string; onClose: () => void }) {
  const change = useChangeLeads(leads, onClose);
  const { data: known = [] } = useQuery({ ...tagsQuery, retry: false });
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [remove, setRemove] = useState<readonly string[]>([]);
  const theirs = [...new Set(leads.flatMap((lead) => lead.tags ?? []))];
  const add = [...new Set([...chosen, ...writtenTags(text)])].filter((tag) => !remove.includes(tag));
  return (
    <ConfirmDialog
      opened
      title={`Tags of ${count}`}
      confirmLabel="Change"
      busy={change.isPending}
      error={change.error}
      onCancel={onClose}
      onConfirm={() => {
        if (add.length + remove.length === 0) onClose();
        else change.mutate({ add_tags: add, remove_tags: remove });
      }}
    >
      <Stack gap="md">
        <div>
          <TextInput
            label="Add"
            placeholder="Several with commas between"
            data-autofocus
            value={text}
            onChange={(event) => { setText(event.currentTarget.value); }}
          />
          <Choice label="Tags in use" tags={known.slice(0, OFFERED_MAX)} chosen={chosen} onChange={setChosen} />
        </div>
        {theirs.length > 0 && (
          <div>
            <p className={classes.label}>Take away</p>
            <Choice label="Their tags" tags={theirs} chosen={remove} onChange={setRemove} />
          </div>
        )}
      </Stack>
    </ConfirmDialog>
  );
}

/** The tags in a text with commas between them. */
export function writtenTags(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

function Choice({
  label,
  tags,
  chosen,
  onChange,
}: {
  label: string;
  tags: readonly string[];
  chosen: readonly string[];
  onChange: (next: readonly string[]) => void;
}) {
  if (tags.length === 0) return null;
  return (
    <div className={classes.choice} role="group" aria-label={label}>
      {tags.map((tag) => {
        const on = chosen.includes(tag);
        return (
          <button
            key={tag}
            type="button"
            className={classes.chip}
            aria-pressed={on}
            onClick={() => { onChange(on ? chosen.filter((other) => other !== tag) : [...chosen, tag]); }}
          >
            <bdi className="bt-cut">{tag}</bdi>
          </button>
        );
      })}
    </div>
  );
}
