import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type JsonObject, mergePatch, same } from './merge-patch';
import type { Problem } from './problem';
import { type Save, useSave } from './use-save';

/** A document as it was read, with its version for `If-Match`. */
export interface Loaded<Doc> {
  data: Doc;
  etag: string;
}

export interface Editor<Doc, Draft> {
  /** The saved document the draft began as. */
  base: Loaded<Doc>;
  draft: Draft;
  change: (patch: Partial<Draft>) => void;
  /** The draft as the API takes it. */
  input: JsonObject;
  /** What differs from the saved document, as a merge patch. */
  patch: JsonObject;
  dirty: boolean;
  submit: () => void;
  discard: () => void;
  /** Takes over a document that was changed by another call, such as a pause. */
  adopt: (loaded: Loaded<Doc>) => void;
  save: Save<Loaded<Doc>, JsonObject>;
  error: Problem | null;
  /** What is wrong, by field. */
  fields: Readonly<Record<string, string>>;
}

/**
 * A document in a form: a draft beside what is saved. What others save is taken over while nothing
 * was changed here; otherwise saving meets it (412) and both versions are shown.
 */
export function useEditor<Doc extends { version: number }, Draft extends object>(options: {
  queryKey: QueryKey;
  loaded: Loaded<Doc>;
  toDraft: (doc: Doc) => Draft;
  toInput: (draft: Draft) => JsonObject;
  read: () => Promise<Loaded<Doc>>;
  send: (patch: JsonObject, etag: string) => Promise<Loaded<Doc>>;
  onSaved?: (loaded: Loaded<Doc>) => void;
}): Editor<Doc, Draft> {
  const { loaded, toDraft, toInput } = options;
  const client = useQueryClient();
  const [base, setBase] = useState(loaded);
  const [draft, setDraft] = useState(() => toDraft(loaded.data));
  const input = toInput(draft);
  const saved = toInput(toDraft(base.data));
  const dirty = !same(input, saved);
  const adopt = (next: Loaded<Doc>): void => {
    setBase(next);
    setDraft(toDraft(next.data));
    client.setQueryData(options.queryKey, next);
  };
  const save = useSave<Loaded<Doc>, JsonObject>({
    save: (patch, etag) => options.send(patch, etag),
    load: async () => {
      const data = await options.read();
      return { data, etag: data.etag };
    },
    onSaved: (next) => {
      adopt(next);
      options.onSaved?.(next);
    },
  });
  if (!dirty && loaded.data.version > base.data.version) {
    setBase(loaded);
    setDraft(toDraft(loaded.data));
  } else if (!dirty && loaded !== base && loaded.data.version === base.data.version) {
    // What is said about the document, such as its warnings, changes without its version.
    setBase(loaded);
  }
  return {
    base,
    draft,
    change: (patch) => {
      setDraft((old) => ({ ...old, ...patch }));
    },
    input,
    patch: mergePatch(saved, input),
    dirty,
    submit: () => {
      save.mutation.mutate({ input: mergePatch(saved, input), etag: base.etag });
    },
    discard: () => {
      setDraft(toDraft(base.data));
      save.mutation.reset();
    },
    adopt,
    save,
    error: save.mutation.error,
    fields: save.mutation.error?.byField() ?? {},
  };
}
