import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem, Problem } from './problem';

/** A document that somebody else changed while it was being edited here. */
export interface Conflict<Doc, Input> {
  /** What this person wants to save. */
  mine: Input;
  /** What is saved now. */
  theirs: Doc;
  /** The version of `theirs`. */
  etag: string;
}

export interface Save<Doc, Input> {
  mutation: UseMutationResult<Doc, Problem, { input: Input; etag: string }>;
  /** Set when the save met a newer version; shown by `ConflictDialog`. */
  conflict: Conflict<Doc, Input> | undefined;
  /** Saves mine over the newer version. */
  overwrite: () => void;
  /** Drops mine; gives what is saved now, to put into the form. */
  takeTheirs: () => { doc: Doc; etag: string } | undefined;
  /** Back to the form, with nothing decided. */
  dismiss: () => void;
}

/**
 * Saves a document at the version it was read at (`If-Match`). When somebody was quicker (412) it
 * reads the document again and holds both versions for the person to choose.
 */
export function useSave<Doc, Input>(options: {
  save: (input: Input, etag: string) => Promise<Doc>;
  load: () => Promise<{ data: Doc; etag: string }>;
  onSaved: (doc: Doc) => void;
}): Save<Doc, Input> {
  const [conflict, setConflict] = useState<Conflict<Doc, Input>>();
  const mutation = useMutation<Doc, Problem, { input: Input; etag: string }>({
    mutationFn: ({ input, etag }) => options.save(input, etag),
    onSuccess: (doc) => {
      setConflict(undefined);
      options.onSaved(doc);
    },
    onError: async (thrown, { input }) => {
      if (asProblem(thrown).status !== 412) return;
      const { data, etag } = await options.load();
      setConflict({ mine: input, theirs: data, etag });
      mutation.reset();
    },
  });
  return {
    mutation,
    conflict,
    overwrite: () => {
      if (conflict) mutation.mutate({ input: conflict.mine, etag: conflict.etag });
    },
    takeTheirs: () => {
      setConflict(undefined);
      return conflict ? { doc: conflict.theirs, etag: conflict.etag } : undefined;
    },
    dismiss: () => {
      setConflict(undefined);
    },
  };
}
