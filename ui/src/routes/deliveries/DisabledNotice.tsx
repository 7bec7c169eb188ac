import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type DisabledDestination, switchDestination } from '@/api/inbox';
import { type Problem, sentence } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { DestinationLink } from '@/components/delivery/DestinationLink';
import { Warning } from '@/components/delivery/Warning';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import classes from './DeliveriesScreen.module.css';

/** Says that a destination is switched off, why, and lets it be switched on again. */
export function DisabledNotice({ destination }: { destination: DisabledDestination }) {
  const can = useCan('config:write');
  const enable = useSwitch(destination.destination_id);
  return (
    <div className={classes.notice}>
      <Warning
        action={
          <>
            <DestinationLink id={destination.destination_id}>Look at it</DestinationLink>
            {can && (
              <Button size="xs" variant="default" loading={enable.isPending} onClick={() => { enable.mutate(null); }}>
                Switch on
              </Button>
            )}
          </>
        }
      >
        <strong>{destination.destination} is switched off</strong> (<RelativeTime past at={destination.since} />):{' '}
        {sentence(destination.reason)} What goes to it waits, and goes out once it is on again.
      </Warning>
      {enable.error && <ProblemPanel error={enable.error} />}
    </div>
  );
}

/** Switches a destination on, or off with the reason. */
export function useSwitch(id: string) {
  const queryClient = useQueryClient();
  return useMutation<undefined, Problem, string | null>({
    mutationFn: (disabled) => switchDestination(id, disabled),
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['deliveries'] }),
        queryClient.invalidateQueries({ queryKey: ['destinations'] }),
      ]);
    },
  });
}
