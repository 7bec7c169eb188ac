import { absolute, relative, useNow, useZone } from './time';

/** A time as people say it, with the whole of it in the workspace's zone when pointed at. */
export function RelativeTime({
  at,
  none = '—',
  past,
}: {
  at: string | null | undefined;
  none?: string;
  /** It has been: never "in 5 s", though the shown time is renewed only now and then. */
  past?: boolean;
}) {
  const shown = useNow();
  const timeZone = useZone();
  const ms = at == null ? NaN : Date.parse(at);
  const now = past ? Math.max(shown, ms) : shown;
  if (at == null || Number.isNaN(ms)) return <span className="bt-dim">{none}</span>;
  return (
    <time className="bt-num" dateTime={at} title={absolute(ms, timeZone)}>
      {relative(ms, now, timeZone)}
    </time>
  );
}

/** The same time in full, for places where it is the point. */
export function AbsoluteTime({ at, none = '—' }: { at: string | null | undefined; none?: string }) {
  const timeZone = useZone();
  const ms = at == null ? NaN : Date.parse(at);
  if (at == null || Number.isNaN(ms)) return <span className="bt-dim">{none}</span>;
  return (
    <time className="bt-num" dateTime={at}>
      {absolute(ms, timeZone)}
    </time>
  );
}
