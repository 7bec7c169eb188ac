import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, it, vi } from 'vitest';
import { Problem } from './problem';
import { useSave } from './use-save';

interface Doc {
  name: string;
}

function setUp(stored: { doc: Doc; etag: string }) {
  const onSaved = vi.fn();
  const save = vi.fn(async (input: Doc, etag: string): Promise<Doc> => {
    if (etag !== stored.etag) throw new Problem({ status: 412, code: 'precondition_failed', detail: 'changed' });
    stored.doc = input;
    return input;
  });
  const load = async () => ({ data: stored.doc, etag: stored.etag });
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return { ...renderHook(() => useSave<Doc, Doc>({ save, load, onSaved }), { wrapper }), save, onSaved };
}

it('saves at the version that was read', async () => {
  const { result, onSaved } = setUp({ doc: { name: 'a' }, etag: '"1"' });
  act(() => { result.current.mutation.mutate({ input: { name: 'b' }, etag: '"1"' }); });
  await waitFor(() => { expect(onSaved).toHaveBeenCalledWith({ name: 'b' }); });
  expect(result.current.conflict).toBeUndefined();
});

it('holds both versions when somebody was quicker, and saves mine over theirs when told to', async () => {
  const { result, save, onSaved } = setUp({ doc: { name: 'theirs' }, etag: '"2"' });
  act(() => { result.current.mutation.mutate({ input: { name: 'mine' }, etag: '"1"' }); });
  await waitFor(() => { expect(result.current.conflict).toBeDefined(); });
  expect(result.current.conflict).toEqual({ mine: { name: 'mine' }, theirs: { name: 'theirs' }, etag: '"2"' });
  expect(onSaved).not.toHaveBeenCalled();
  act(() => { result.current.overwrite(); });
  await waitFor(() => { expect(onSaved).toHaveBeenCalled(); });
  expect(save).toHaveBeenLastCalledWith({ name: 'mine' }, '"2"');
  expect(result.current.conflict).toBeUndefined();
});

it('gives theirs to the form when mine is dropped', async () => {
  const { result } = setUp({ doc: { name: 'theirs' }, etag: '"2"' });
  act(() => { result.current.mutation.mutate({ input: { name: 'mine' }, etag: '"1"' }); });
  await waitFor(() => { expect(result.current.conflict).toBeDefined(); });
  let taken: unknown;
  act(() => { taken = result.current.takeTheirs(); });
  expect(taken).toEqual({ doc: { name: 'theirs' }, etag: '"2"' });
  expect(result.current.conflict).toBeUndefined();
});
