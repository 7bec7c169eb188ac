import { useQuery } from '@tanstack/react-query';
import { me, type Me } from './accounts';

/** Who is signed in. The shell loads it before any screen, so in a screen it is always there. */
export function useMe(): Me {
  const { data } = useQuery(me);
  if (!data) throw new Error('nobody is signed in here');
  return data;
}

/** Whether the person may do what needs this scope. The server refuses in any case. */
export function useCan(scope: string): boolean {
  return useMe().scopes.includes(scope);
}
