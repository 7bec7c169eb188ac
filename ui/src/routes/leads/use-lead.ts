import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { leadQuery } from '@/api/inbox';
import { useStreamEvents } from '@/api/use-live';
import { told } from './new-leads';

/** What one thing leads to comes as several events within moments. */
const AGAIN_MS = 400;

/** A lead, its deliveries and its timeline, loaded again when the stream tells of it. */
export function useLead(id: string) {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => {
    clearTimeout(timer.current);
  }, []);
  useStreamEvents([], (event) => {
    if (!event.data.includes(id) || told(event)?.id !== id) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      for (const queryKey of [
        ['leads', 'one', id],
        ['leads', 'timeline', id],
        ['deliveries', 'of-lead', id],
        ['deliveries', 'one'],
      ]) {
        void client.invalidateQueries({ queryKey });
      }
    }, AGAIN_MS);
  });
  // Another lead's rows are no stand-in for this one's.
  return useQuery({ ...leadQuery(id), placeholderData: undefined });
}
