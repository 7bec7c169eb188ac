import { ActionIcon, Button, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import { addNote, type Lead, type Note, notesQuery, removeNote } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { offerUndo } from '@/components/UndoBar';
import classes from './Lead.module.css';

const NOTE_CHARS_MAX = 4_000;

/** What people wrote about the lead; receivers never get it. */
export function NotesTab({ lead }: { lead: Lead }) {
  const { id } = lead;
  const queryClient = useQueryClient();
  const canWrite = useCan('leads:update') && lead.state !== 'erased';
  const options = notesQuery(id);
  const query = useQuery({ ...options, placeholderData: undefined });
  const remove = (note: Note): void => {
    const put = (change: (notes: Note[]) => Note[]): void => {
      queryClient.setQueryData(options.queryKey, (notes) => (notes ? change(notes) : notes));
    };
    put((notes) => notes.filter((other) => other.id !== note.id));
    offerUndo({
      text: 'The note is removed.',
      // What was not removed after all shows again.
      commit: () => void removeNote(id, note.id).catch(() => undefined).then(() => queryClient.invalidateQueries(options)),
      undo: () => { put((notes) => [...notes, note].sort((a, b) => b.created_at.localeCompare(a.created_at))); },
    });
  };
  return (
    <>
      {canWrite && <NoteForm id={id} />}
      {query.error && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.length === 0 && <p className={classes.none}>Nobody wrote anything yet.</p>}
      <ul className={classes.notes} aria-label="Notes">
        {query.data?.map((note) => (
          <li key={note.id} className={classes.note}>
            <p className={classes.noteText}>{note.text}</p>
            <p className={classes.noteBy}>
              <bdi>{note.author}</bdi> · <RelativeTime past at={note.created_at} />
            </p>
            {canWrite && (
              <ActionIcon className={classes.noteRemove ?? ''} aria-label={`Remove the note by ${note.author}`} onClick={() => { remove(note); }}>
                <Trash2 size={14} />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function NoteForm({ id }: { id: string }) {
  const [text, setText] = useState('');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const add = useMutation<Note, Problem>({
    mutationFn: () => addNote(id, text.trim(), idempotency([id, text.trim(), queryClient.getQueryData(notesQuery(id).queryKey)?.length])),
    onSuccess: async () => {
      setText('');
      await queryClient.invalidateQueries(notesQuery(id));
    },
  });
  return (
    <form
      className={classes.noteForm}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '' && !add.isPending) add.mutate();
      }}
    >
      <Textarea
        aria-label="A note about this lead"
        placeholder="Write a note; receivers never get it"
        autosize
        minRows={2}
        maxRows={10}
        maxLength={NOTE_CHARS_MAX}
        value={text}
        onChange={(event) => { setText(event.currentTarget.value); }}
      />
      {add.error && <ProblemPanel error={add.error} />}
      <Button type="submit" size="xs" disabled={text.trim() === ''} loading={add.isPending}>
        Add the note
      </Button>
    </form>
  );
}
