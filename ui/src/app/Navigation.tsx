import { useQuery, queryOptions } from '@tanstack/react-query';
import { Link, useNavigate, useRouter } from '@tanstack/react-router';
import { call } from '@/api/client';
import { useLive } from '@/api/use-live';
import { useCan, useMe } from '@/api/use-me';
import { useKeys } from './keyboard';
import { type NavItem, navItems } from './navigation';
import classes from './Navigation.module.css';

const GROUPS: readonly (readonly [NavItem['group'], string | undefined])[] = [
  ['work', undefined],
  ['set-up', 'Set-up'],
  ['admin', 'Administration'],
];

/** The items there are screens for, and that this person may see. */
export function useNavItems(): NavItem[] {
  const { routesByPath } = useRouter();
  const { scopes } = useMe();
  return navItems.filter(
    (item) => item.to in routesByPath && (item.scope === undefined || scopes.includes(item.scope)),
  );
}

/** `g l` and its kind. */
export function useGoKeys(): void {
  const navigate = useNavigate();
  const items = useNavItems();
  useKeys(
    items.map((item) => ({
      keys: `g ${item.key}`,
      label: item.label,
      group: 'Go to',
      run: () => void navigate({ to: item.to }),
    })),
  );
}

/** The links to all screens. */
export function Navigation({ onNavigate }: { onNavigate: (() => void) | undefined }) {
  const items = useNavItems();
  return (
    <nav className={classes.nav} aria-label="Main">
      {GROUPS.map(([group, title]) => {
        const own = items.filter((item) => item.group === group);
        if (own.length === 0) return null;
        return (
          <div key={group} className={classes.group}>
            {title !== undefined && <p className={classes.title}>{title}</p>}
            {own.map((item) => (
              <Link
                key={item.to}
                to={item.to}
                // Another screen's filters mean nothing there; the workspace is kept by the root.
                search={{}}
                // Every path begins with that of the home page.
                activeOptions={{ exact: item.to === '/', includeSearch: false }}
                className={classes.link}
                activeProps={{ className: classes.active }}
                onClick={() => onNavigate?.()}
              >
                <item.icon size={16} strokeWidth={1.8} aria-hidden="true" />
                <span className={classes.label}>{item.label}</span>
                {item.to === '/deliveries' && <FailingCount />}
              </Link>
            ))}
          </div>
        );
      })}
    </nav>
  );
}

/** How many deliveries wait for a person; more than this is said as "999+". */
const COUNT_MAX = 999;
/** How often it is asked for without an event: other things change it too. */
const COUNT_EVERY_MS = 30_000;

/** It is a count over all deliveries: with many leads a second it must not be asked at each. */
const COUNT_AT_MOST_MS = 5_000;

export const failing = queryOptions({
  queryKey: ['deliveries', 'failures', 'total'],
  queryFn: async ({ signal }) =>
    (await call<{ total: number }>('GET', '/api/v1/deliveries/failures', { signal })).total,
});

function FailingCount() {
  const can = useCan('leads:read');
  const { data } = useQuery({ ...failing, enabled: can, refetchInterval: COUNT_EVERY_MS, retry: false });
  useLive(failing.queryKey, ['delivery.failed', 'delivery.succeeded', 'destination.disabled'], { everyMs: COUNT_AT_MOST_MS });
  if (data === undefined || data === 0) return null;
  const text = data > COUNT_MAX ? `${String(COUNT_MAX)}+` : String(data);
  return (
    <span className={classes.count}>
      {text}
      <span className="bt-hidden"> failing</span>
    </span>
  );
}
