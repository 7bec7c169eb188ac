import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useId, useState } from 'react';
import { changeLead, type Lead, leadQuery, tagsQuery } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { ProblemPanel } from '@/components/ProblemPanel';
import classes from './Lead.module.css';

/** Longest tag, in characters, and most of a lead. */
const TAG_CHARS_MAX = 50;
const TAGS_MAX = 20;

/** The tags of a lead; each change is saved at once. */
export function TagsEditor({ lead, disabled }: { lead: Lead; disabled: boolean }) {
  const [adding, setAdding] = useState(false);
  const [text, setText] = useState('');
  const listId = useId();
  const queryClient = useQueryClient();
  const { data: known = [] } = useQuery({ ...tagsQuery, retry: false, enabled: adding });
  const save = useMutation<Lead, Problem, readonly string[]>({
    mutationFn: (tags) => changeLead(lead.id, { tags }),
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: leadQuery(lead.id).queryKey }),
        queryClient.invalidateQueries({ queryKey: ['leads', 'list'] }),
        queryClient.invalidateQueries({ queryKey: tagsQuery.queryKey }),
      ]);
    },
  });
  const tags = save.isPending ? save.variables : (lead.tags ?? []);
  const add = (): void => {
    const tag = text.trim();
    setText('');
    if (tag === '') setAdding(false);
    else if (!tags.includes(tag)) save.mutate([...tags, tag]);
  };
  return (
    <>
      <ul className={classes.tags} aria-label="Tags">
        {tags.map((tag) => (
          <li key={tag} className={classes.tag}>
            <bdi className="bt-cut">{tag}</bdi>
            {!disabled && (
              <button type="button" aria-label={`Take the tag ${tag} away`} onClick={() => { save.mutate(tags.filter((other) => other !== tag)); }}>
                <X size={12} aria-hidden="true" />
              </button>
            )}
          </li>
        ))}
        {!disabled && tags.length < TAGS_MAX && (
          <li>
            {adding ? (
              <form
                onSubmit={(event) => {
                  event.preventDefault();
                  add();
                }}
              >
                <input
                  className={classes.tagInput}
                  aria-label="Another tag"
                  placeholder="Tag, then Enter"
                  // The person asked for it by pressing the button in its place.
                  autoFocus
                  list={listId}
                  maxLength={TAG_CHARS_MAX}
                  value={text}
                  onChange={(event) => { setText(event.currentTarget.value); }}
                  onBlur={() => { if (text.trim() === '') setAdding(false); }}
                  onKeyDown={(event) => {
                    if (event.key !== 'Escape') return;
                    setText('');
                    setAdding(false);
                  }}
                />
                <datalist id={listId}>
                  {known.filter((tag) => !tags.includes(tag)).map((tag) => (
                    <option key={tag} value={tag} />
                  ))}
                </datalist>
              </form>
            ) : (
              <button type="button" className={classes.tagAdd} onClick={() => { setAdding(true); }}>
                <Plus size={12} aria-hidden="true" /> Tag
              </button>
            )}
          </li>
        )}
      </ul>
      {save.error && <ProblemPanel error={save.error} />}
    </>
  );
}
