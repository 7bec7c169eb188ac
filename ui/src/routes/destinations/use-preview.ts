import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { previewDestination, type RequestView } from '@/api/destinations';
import type { JsonObject } from '@/api/merge-patch';

const SETTLE_MS = 350;

/** The request the form would make, asked anew when the form has rested for a moment. */
export function usePreview(trial: JsonObject, lead: string | undefined): UseQueryResult<RequestView> {
  const [body] = useDebouncedValue(JSON.stringify({ ...trial, ...(lead === undefined ? {} : { lead_id: lead }) }), SETTLE_MS);
  return useQuery({
    queryKey: ['preview', body],
    queryFn: ({ signal }) => previewDestination(JSON.parse(body) as JsonObject, signal),
    retry: false,
    staleTime: 60_000,
    gcTime: 60_000,
  });
}

/**
 * What each field of a lead holds, before any change of it: the flat payload of a receiver that is
 * asked for all of them by number. Nothing is sent.
 */
export function useSamples(
  campaignId: string,
  lead: string | undefined,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const asked = [...new Set(names)].sort();
  const { data } = useQuery({
    queryKey: ['samples', campaignId, lead ?? '', asked],
    queryFn: async ({ signal }) => {
      const request = await previewDestination(
        {
          campaign_id: campaignId,
          connector: 'webhook',
          name: 'samples',
          settings: { url: 'https://samples.example' },
          mapping: asked.map((from, at) => ({ to: `v${String(at)}`, from })),
          ...(lead === undefined ? {} : { lead_id: lead }),
        },
        signal,
      );
      const values = JSON.parse(request.body) as Record<string, unknown>;
      return Object.fromEntries(
        asked.flatMap((name, at) => {
          const value = values[`v${String(at)}`];
          if (value === undefined) return [];
          return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
        }),
      );
    },
    retry: false,
    staleTime: 60_000,
    enabled: asked.length > 0,
  });
  return data ?? {};
}
