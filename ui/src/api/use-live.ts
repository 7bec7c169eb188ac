import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { stream, type StreamEvent } from './stream';

/** Unless said otherwise, at most so often are queries loaded again, however many events come. */
const AT_MOST_EVERY_MS = 1_500;

/** Calls `heard` for each event of these kinds; all kinds when none is named. */
export function useStreamEvents(kinds: readonly string[], heard: (event: StreamEvent) => void): void {
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  });
  const wanted = kinds.join(',');
  useEffect(() => {
    const set = wanted === '' ? undefined : new Set(wanted.split(','));
    return stream.listen((event) => {
      if (!set || set.has(event.kind)) latest.current(event);
    });
  }, [wanted]);
}

/**
 * Loads the queries under `queryKey` again when events of these kinds happen: soon after the first
 * one, and not more often than `everyMs`. A query without such events polls by `refetchInterval`.
 */
export function useLive(
  queryKey: QueryKey,
  kinds: readonly string[] = [],
  { everyMs = AT_MOST_EVERY_MS, enabled = true }: { everyMs?: number; /** Whether events are heeded now. */ enabled?: boolean } = {},
): void {
  const client = useQueryClient();
  const key = useRef(queryKey);
  useEffect(() => {
    key.current = queryKey;
  });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => {
    clearTimeout(timer.current);
  }, []);
  useStreamEvents(kinds, () => {
    if (enabled) timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: key.current });
    }, everyMs);
  });
}
