import { Button } from '@mantine/core';
import { CopyButton } from '@/components/CopyButton';
import { Facts } from '@/components/Page';
import { AbsoluteTime } from '@/components/RelativeTime';
import { ScreenLink } from '@/components/ScreenLink';
import { plain } from '@/words';
import { Actor } from './Actor';
import { actionWords, type AuditLine, differences, pageOf } from './api';
import classes from './Audit.module.css';

/** One change: what was before, and what is since. */
export function AuditPanel({ line, onFilter }: { line: AuditLine; onFilter: (patch: { actor?: string; subject?: string }) => void }) {
  const page = pageOf(line);
  const name = line.subject_name ?? line.subject_id ?? plain(line.subject_kind);
  const { id: actorId } = line.actor;
  const { subject_id: subjectId } = line;
  return (
    <>
      <h2 className={`${classes.title ?? ''} bt-outside`}>
        {plain(actionWords(line.action))} <bdi>{name}</bdi>
      </h2>
      <p className={classes.when}>
        <AbsoluteTime at={line.at} />
      </p>
      <Changes line={line} />
      <Facts
        rows={[
          ['Who', <Actor key="who" actor={line.actor} />],
          ['What', <code key="what">{line.action}</code>],
          [
            plain(line.subject_kind),
            <>
              {page === undefined ? <bdi>{name}</bdi> : <ScreenLink to={page}><bdi>{name}</bdi></ScreenLink>}
              {subjectId !== null && <> <code>{subjectId}</code> <CopyButton text={subjectId} what="id" /></>}
            </>,
          ],
          ['From', line.ip === null ? '—' : <code key="ip">{line.ip}</code>],
          ['Request', line.request_id === null ? '—' : <><code>{line.request_id}</code> <CopyButton text={line.request_id} what="request id" /></>],
        ]}
      />
      <div className={classes.more}>
        {subjectId !== null && (
          <Button size="xs" variant="default" onClick={() => { onFilter({ subject: subjectId }); }}>
            All changes of this {plain(line.subject_kind).toLowerCase()}
          </Button>
        )}
        {actorId !== null && (
          <Button size="xs" variant="default" onClick={() => { onFilter({ actor: actorId }); }}>
            All by {line.actor.name}
          </Button>
        )}
      </div>
    </>
  );
}

function Changes({ line }: { line: AuditLine }) {
  const all = differences(line.before, line.after);
  if (all.length === 0) return null;
  const made = line.before === null;
  const gone = line.after === null;
  return (
    <div className={classes.changes} tabIndex={0} role="region" aria-label="What changed">
      <table>
        <thead>
          <tr>
            <th scope="col">Member</th>
            {!made && <th scope="col">{gone ? 'Was' : 'Before'}</th>}
            {!gone && <th scope="col">{made ? 'Made as' : 'After'}</th>}
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.path}>
              <th scope="row">{one.path === '' ? '—' : one.path}</th>
              {!made && <td><Value value={one.before} kind="before" /></td>}
              {!gone && <td><Value value={one.after} kind="after" /></td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ value, kind }: { value: unknown; kind: 'before' | 'after' }) {
  if (value === undefined || value === null) return <span className="bt-dim">—</span>;
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1);
  return <span className={classes.value} data-kind={kind}>{text === '' ? 'empty' : text}</span>;
}
