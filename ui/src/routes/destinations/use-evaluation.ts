import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { evaluateNewRules, type Evaluation, evaluateRules, type ResponseRule } from '@/api/destinations';
import { triedAnswer, type Tried } from './tried';

const SETTLE_MS = 300;

/** How these rules see the answer in the tester. It asks anew when both have rested for a moment. */
export function useEvaluation(
  /** The saved destination; none while it is being made, then its connector says how answers are read. */
  id: string | undefined,
  connector: string,
  rules: readonly ResponseRule[],
  tried: Tried,
): UseQueryResult<Evaluation> {
  const [rested] = useDebouncedValue(JSON.stringify({ rules, tried }), SETTLE_MS);
  const { rules: own, tried: answer } = JSON.parse(rested) as { rules: ResponseRule[]; tried: Tried };
  const asked = triedAnswer(answer);
  return useQuery({
    queryKey: ['evaluate', id ?? connector, rested],
    queryFn: ({ signal }) => {
      if (asked === undefined) throw new Error('there is nothing to try');
      if (id !== undefined) return evaluateRules(id, own, asked, signal);
      if (!('answer' in asked)) throw new Error('what is not made yet has no recorded answers');
      return evaluateNewRules(connector, own, asked, signal);
    },
    enabled: asked !== undefined && own.length > 0,
    retry: false,
    gcTime: 60_000,
  });
}

/** A warning of an evaluation: `rule 2: …` is about the second rule. */
export function warningsByRule(warnings: readonly string[]): { rule: number | undefined; text: string }[] {
  return warnings.map((warning) => {
    const parts = /^rule (\d+): (.*)$/s.exec(warning);
    return parts ? { rule: Number(parts[1]) - 1, text: parts[2] ?? '' } : { rule: undefined, text: warning };
  });
}
