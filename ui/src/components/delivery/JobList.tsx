import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleSlash, RotateCw, TriangleAlert } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { cancelJob, isActive, type Job, jobsQuery } from '@/api/inbox';
import { type Problem, sentence } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ProblemPanel } from '@/components/ProblemPanel';
import { RelativeTime } from '@/components/RelativeTime';
import { useNow } from '@/components/time';
import classes from './JobList.module.css';

/** How long an ended job is still told of. */
const TOLD_MS = 10 * 60_000;

/** The resends under way in this workspace, and those that ended a moment ago. */
export function JobList() {
  const can = useCan('leads:read');
  const queryClient = useQueryClient();
  const now = useNow();
  const { data: jobs = [] } = useQuery({ ...jobsQuery, enabled: can, retry: false });
  const active = jobs.filter(isActive).length;
  const before = useRef(active);
  useEffect(() => {
    // What a job did shows in the lists when it ends.
    if (active < before.current) void queryClient.invalidateQueries({ queryKey: ['deliveries'] });
    before.current = active;
  }, [active, queryClient]);
  const shown = jobs.filter((job) => job.kind === 'bulk_resend' && (isActive(job) || now - Date.parse(job.updated_at) < TOLD_MS));
  if (shown.length === 0) return null;
  return (
    <ul className={classes.list} aria-label="Resends">
      {shown.map((job) => (
        <JobRow key={job.id} job={job} />
      ))}
    </ul>
  );
}

const ICONS = { waiting: RotateCw, running: RotateCw, done: CircleCheck, cancelled: CircleSlash, failed: TriangleAlert };

function JobRow({ job }: { job: Job }) {
  const queryClient = useQueryClient();
  const can = useCan('deliveries:write');
  const cancel = useMutation<Job, Problem>({
    mutationFn: () => cancelJob(job.id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: jobsQuery.queryKey }),
  });
  const Icon = ICONS[job.state];
  const handled = job.done + job.skipped;
  const percent = job.total === 0 ? 0 : Math.min(100, Math.round((handled / job.total) * 100));
  return (
    <li className={classes.job} data-state={job.state}>
      <Icon size={16} aria-hidden="true" />
      <div className={classes.words}>
        <p className={classes.title}>{jobText(job)}</p>
        {isActive(job) && (
          <div
            className={classes.bar}
            role="progressbar"
            aria-label="Resent so far"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
          >
            <span style={{ width: `${String(percent)}%` }} />
          </div>
        )}
        <p className={classes.facts}>
          begun <RelativeTime past at={job.created_at} />
          {job.created_by != null && <> by <bdi>{job.created_by}</bdi></>}
        </p>
        {job.fault != null && <p className={`${classes.facts ?? ''} bt-outside`}>{sentence(job.fault)}</p>}
        {cancel.error && <ProblemPanel error={cancel.error} />}
      </div>
      {isActive(job) && can && (
        <Button size="xs" variant="default" loading={cancel.isPending} onClick={() => { cancel.mutate(); }}>
          Stop
        </Button>
      )}
    </li>
  );
}

/** Where a job stands, in a sentence. */
export function jobText(job: Job): string {
  const count = (value: number): string => value.toLocaleString('en-GB');
  const total = `${count(job.total)}${job.total_is_exact ? '' : '+'}`;
  const skipped = job.skipped > 0 ? `, ${count(job.skipped)} left alone as they were resent or are gone` : '';
  switch (job.state) {
    case 'waiting':
      return `Waiting to resend ${total}`;
    case 'running':
      return `Resending: ${count(job.done)} of ${total}${skipped}`;
    case 'done':
      return `Resent ${count(job.done)}${skipped}`;
    case 'cancelled':
      return `Stopped after ${count(job.done)} of ${total}`;
    case 'failed':
      return `Could not go on after ${count(job.done)} of ${total}`;
  }
}
