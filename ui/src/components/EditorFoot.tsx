import { useEffect, useRef } from 'react';
import { mergePatch } from '@/api/merge-patch';
import type { Editor } from '@/api/use-editor';
import { ConflictDialog } from './ConflictDialog';
import { ProblemPanel } from './ProblemPanel';
import { SaveBar } from './SaveBar';

/** The end of an editor: what went wrong when saving, the save bar, and the choice after a 412. */
export function EditorFoot<Doc, Draft>({
  editor,
  what,
  labels,
  toInput,
  saveLabel,
}: {
  editor: Editor<Doc, Draft>;
  /** Such as `the campaign "Solar UK"`. */
  what: string;
  labels: Readonly<Record<string, string>>;
  /** A saved document as the form has it, to be compared. */
  toInput: (doc: Doc) => Readonly<Record<string, unknown>>;
  saveLabel?: string;
}) {
  const { save, error } = editor;
  const conflict = save.conflict;
  const theirs = conflict ? toInput(conflict.theirs.data) : {};
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!error) return;
    // To what has to be mended first; it may be on another tab, or be no field at all.
    const wrong = document.querySelector<HTMLElement>('main [aria-invalid="true"]:not(:disabled)');
    (wrong ?? panel.current)?.focus();
  }, [error]);
  return (
    <>
      {error && (
        <div ref={panel} tabIndex={-1} style={{ marginTop: 16 }}>
          <ProblemPanel error={error} title="It was not saved" />
        </div>
      )}
      <SaveBar
        dirty={editor.dirty}
        saving={save.mutation.isPending}
        onSave={editor.submit}
        onDiscard={editor.discard}
        problem={error ? 'It was not saved; see above.' : undefined}
        {...(saveLabel === undefined ? {} : { saveLabel })}
      />
      <ConflictDialog
        opened={conflict !== undefined}
        what={what}
        mine={editor.input}
        theirs={theirs}
        labels={labels}
        busy={save.mutation.isPending}
        onKeepMine={() => {
          // What somebody else changed elsewhere in it stays; the form is saved as it stands.
          if (conflict) save.mutation.mutate({ input: mergePatch(theirs, editor.input), etag: conflict.etag });
        }}
        onTakeTheirs={() => {
          const taken = save.takeTheirs();
          if (taken) editor.adopt(taken.doc);
        }}
        onCancel={save.dismiss}
      />
    </>
  );
}
