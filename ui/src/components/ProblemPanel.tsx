import { Button } from '@mantine/core';
import { CircleAlert, Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { asProblem, type Problem, sentence } from '@/api/problem';
import { plain } from '@/words';
import { CopyButton } from './CopyButton';
import classes from './ProblemPanel.module.css';

/** What went wrong, where it went wrong: in words, with the request's id and a way on. */
export function ProblemPanel({
  error,
  onRetry,
  title,
  children,
}: {
  error: unknown;
  onRetry?: () => void;
  title?: string;
  children?: ReactNode;
}) {
  const problem = asProblem(error);
  const denied = problem.status === 403 && problem.code === 'forbidden';
  const scope = typeof problem.body.scope === 'string' ? problem.body.scope : undefined;
  const Icon = denied ? Lock : CircleAlert;
  return (
    <div className={classes.root} role="alert" data-denied={denied || undefined}>
      <Icon size={17} className={classes.icon} aria-hidden="true" />
      <div className={classes.body}>
        <p className={classes.title}>{title ?? headline(problem, denied)}</p>
        <p className={classes.detail}>{sentence(problem.detail)}</p>
        {scope !== undefined && <p className={classes.detail}>It needs the permission “{scope}”.</p>}
        {problem.errors.length > 0 && (
          <ul className={classes.errors}>
            {problem.errors.map((error, at) => (
              <li key={`${error.field}${String(at)}`}>
                <strong>{plain(error.field)}</strong>: {sentence(error.message)}
              </li>
            ))}
          </ul>
        )}
        {children}
        {problem.requestId !== undefined && (
          <p className={classes.request}>
            Request <code>{problem.requestId}</code>
            <CopyButton text={problem.requestId} what="request id" />
          </p>
        )}
      </div>
      {onRetry && !denied && (
        <Button variant="default" size="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function headline({ status, isGone }: Problem, denied: boolean): string {
  if (denied) return 'Your role does not allow this';
  if (isGone) return 'Baton does not answer';
  if (status === 404) return 'There is no such thing here';
  if (status === 409) return 'It does not fit what is there';
  if (status === 422) return 'Something is not as it must be';
  if (status === 429) return 'Too many at once';
  if (status >= 500) return 'Baton could not do this';
  return 'This did not work';
}
