import { Button, Menu, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Bookmark, BookmarkPlus, Check, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useIdempotencyKey } from '@/api/idempotency';
import { addView, removeView, type Screen, type View, viewsQuery } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from './ConfirmDialog';
import classes from './SavedViews.module.css';

type Query = Readonly<Record<string, string>>;

/** The lists that people of the workspace come back to, and keeping this one. */
export function SavedViews({
  screen,
  query,
  onChoose,
}: {
  screen: Screen;
  /** What the list is filtered by now. */
  query: Query;
  onChoose: (query: Query) => void;
}) {
  const [dialog, setDialog] = useState<'save' | View>();
  const { data: all = [] } = useQuery({ ...viewsQuery, retry: false });
  const canSave = useCan('leads:update');
  const views = all.filter((view) => view.screen === screen);
  const current = views.find((view) => sameQuery(view.query, query));
  return (
    <>
      <Menu width={260}>
        <Menu.Target>
          <Button variant="default" size="xs" leftSection={<Bookmark size={14} />}>
            <span className={`${classes.current ?? ''} bt-cut`}>{current?.name ?? 'Views'}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{views.length === 0 ? 'Keep filters you come back to' : 'Saved views'}</Menu.Label>
          {views.map((view) => (
            <Menu.Item
              key={view.id}
              leftSection={<Check size={14} style={{ opacity: view === current ? 1 : 0 }} aria-hidden="true" />}
              onClick={() => { onChoose(view.query); }}
            >
              <span className="bt-outside">{view.name}</span>
            </Menu.Item>
          ))}
          {canSave && (
            <>
              <Menu.Divider />
              <Menu.Item
                leftSection={<BookmarkPlus size={14} aria-hidden="true" />}
                disabled={current !== undefined}
                onClick={() => { setDialog('save'); }}
              >
                Save these filters…
              </Menu.Item>
              {current && (
                <Menu.Item leftSection={<Trash2 size={14} aria-hidden="true" />} onClick={() => { setDialog(current); }}>
                  Remove this view…
                </Menu.Item>
              )}
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {dialog === 'save' && <SaveDialog screen={screen} query={query} onClose={() => { setDialog(undefined); }} />}
      {dialog !== undefined && dialog !== 'save' && <RemoveDialog view={dialog} onClose={() => { setDialog(undefined); }} />}
    </>
  );
}

/** Whether two searches are the same, whatever the order. */
export function sameQuery(one: Query, other: Query): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

function SaveDialog({ screen, query, onClose }: { screen: Screen; query: Query; onClose: () => void }) {
  const [name, setName] = useState('');
  const queryClient = useQueryClient();
  const idempotency = useIdempotencyKey();
  const save = useMutation<View, Problem>({
    mutationFn: () => {
      const view = { name: name.trim(), screen, query: { ...query } };
      return addView(view, idempotency(view));
    },
    onSuccess: async () => {
      onClose();
      await queryClient.invalidateQueries({ queryKey: viewsQuery.queryKey });
    },
  });
  return (
    <ConfirmDialog
      opened
      title="Save these filters"
      confirmLabel="Save"
      busy={save.isPending}
      error={save.error}
      onCancel={onClose}
      onConfirm={() => { if (name.trim() !== '') save.mutate(); }}
    >
      <TextInput
        label="Name"
        description="Everybody of the workspace sees it."
        placeholder="Won this week"
        data-autofocus
        required
        withAsterisk={false}
        maxLength={200}
        value={name}
        onChange={(event) => { setName(event.currentTarget.value); }}
      />
    </ConfirmDialog>
  );
}

function RemoveDialog({ view, onClose }: { view: View; onClose: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation<undefined, Problem>({
    mutationFn: () => removeView(view.id),
    onSuccess: async () => {
      onClose();
      await queryClient.invalidateQueries({ queryKey: viewsQuery.queryKey });
    },
  });
  return (
    <ConfirmDialog
      opened
      danger
      title={`Remove the view “${view.name}”?`}
      confirmLabel="Remove"
      busy={remove.isPending}
      error={remove.error}
      onCancel={onClose}
      onConfirm={() => { remove.mutate(); }}
    >
      It is removed for everybody of the workspace. The leads and deliveries in it stay.
    </ConfirmDialog>
  );
}
