import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { timelineQuery } from '@/api/inbox';
import { useTargets } from '@/components/delivery/targets';
import { ProblemPanel } from '@/components/ProblemPanel';
import { absolute, clockTime, useZone } from '@/components/time';
import { happenings } from './timeline';
import classes from './Lead.module.css';

/** What happened to the lead, oldest first. */
export function TimelineTab({ id }: { id: string }) {
  const query = useQuery({ ...timelineQuery(id), placeholderData: undefined });
  const targets = useTargets(query.data?.some((entry) => 'delivery' in entry && entry.delivery.webhook_id != null));
  const timeZone = useZone();
  if (!query.data) {
    if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
    return <div className={classes.loading} role="status" aria-label="Loading the timeline" />;
  }
  const lines = happenings(query.data, targets.nameOf);
  const days = lines.map((line) => absolute(Date.parse(line.at), timeZone).split(',')[0] ?? '');
  return (
    <ol className={classes.timeline} aria-label="Timeline">
      {lines.map((line, at) => {
        const ms = Date.parse(line.at);
        return (
          <li key={line.key} className={classes.happening} data-tone={line.tone}>
            {days[at] !== days[at - 1] && <p className={classes.day}>{days[at]}</p>}
            <div className={classes.happeningRow}>
              <time dateTime={line.at} title={absolute(ms, timeZone)}>
                {clockTime(ms, timeZone)}
              </time>
              <span className={classes.happeningDot} aria-hidden="true" />
              <div className={classes.happeningWords}>
                <p>
                  {line.about !== undefined && (
                    <>
                      {line.delivery === undefined ? (
                        <bdi>{line.about}</bdi>
                      ) : (
                        <Link to="/deliveries/$id" params={{ id: line.delivery }} search={{}} className="bt-outside">
                          {line.about}
                        </Link>
                      )}
                      {' · '}
                    </>
                  )}
                  {line.text}
                </p>
                {line.detail !== undefined && <p className={`bt-dim bt-outside ${classes.happeningDetail ?? ''}`}>{line.detail}</p>}
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
