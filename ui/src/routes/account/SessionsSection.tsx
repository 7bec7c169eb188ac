import { Button, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Monitor, Smartphone } from 'lucide-react';
import { endOtherSessions, endSession, type Session, sessions } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { Pill } from '@/components/StatusPill';
import { toast } from '@/components/toast';
import classes from './Account.module.css';
import { deviceOf } from './device';

/** Where the person is signed in, and the way to end it. */
export function SessionsSection() {
  const query = useQuery(sessions);
  const queryClient = useQueryClient();
  const renew = (): Promise<void> => queryClient.invalidateQueries({ queryKey: sessions.queryKey });
  const end = useMutation<void, Problem, string>({ mutationFn: endSession, onSuccess: renew });
  const endAll = useMutation<void, Problem>({
    mutationFn: endOtherSessions,
    onSuccess: async () => {
      toast('All other sessions have ended');
      await renew();
    },
  });
  const error = query.error ?? end.error ?? endAll.error;
  const others = query.data?.some((session) => !session.current) ?? false;
  return (
    <Section title="Sessions" intro="Where you are signed in. End what you do not know, then change your password.">
      <Stack gap="md">
        {error && <ProblemPanel error={error} onRetry={() => void query.refetch()} />}
        <ul className={classes.sessions} aria-label="Sessions" aria-busy={query.isPending}>
          {query.data?.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              busy={end.isPending && end.variables === session.id}
              onEnd={() => { end.mutate(session.id); }}
            />
          ))}
        </ul>
        {others && (
          <div>
            <Button variant="default" loading={endAll.isPending} onClick={() => { endAll.mutate(); }}>
              End all others
            </Button>
          </div>
        )}
      </Stack>
    </Section>
  );
}

function SessionRow({ session, busy, onEnd }: { session: Session; busy: boolean; onEnd: () => void }) {
  const { name, phone } = deviceOf(session.user_agent ?? null);
  const Icon = phone ? Smartphone : Monitor;
  return (
    <li className={classes.session}>
      <Icon size={18} strokeWidth={1.7} aria-hidden="true" />
      <div className={classes.sessionBody}>
        <div title={session.user_agent ?? undefined}>
          {name} {session.current && <Pill tone="success" label="This one" />}
        </div>
        <div className={classes.sessionSub}>
          {session.ip ?? 'unknown address'} · seen <RelativeTime at={session.seen_at} /> · since{' '}
          <RelativeTime at={session.created_at} />
        </div>
      </div>
      {!session.current && (
        <Button size="xs" variant="default" loading={busy} onClick={onEnd} aria-label={`End the session of ${name}`}>
          End
        </Button>
      )}
    </li>
  );
}
