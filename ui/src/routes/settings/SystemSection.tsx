import { useQuery } from '@tanstack/react-query';
import { bytes } from '@/components/json-text';
import { Facts, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { Pill } from '@/components/StatusPill';
import { duration } from '@/components/time';
import { system, type System } from './api';

/** Less free room than this is worth a word. */
const LITTLE_BYTES = 2 * 1024 ** 3;

/** The server: its version, database, room and health. */
export function SystemSection() {
  const query = useQuery({ ...system, retry: false });
  return (
    <Section title="System" intro="The server this page comes from.">
      {query.error && !query.data && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <SystemFacts now={query.data} />}
    </Section>
  );
}

function SystemFacts({ now }: { now: System }) {
  const { health } = now;
  const free = now.data_dir_free_bytes;
  return (
    <Facts
      rows={[
        [
          'Health',
          health.ready === false ? (
            <><Pill tone="danger" label="Takes no leads" /> <bdi className="bt-outside">{health.detail}</bdi></>
          ) : health.detail ? (
            <><Pill tone="warning" label="Look at it" /> <bdi className="bt-outside">{health.detail}</bdi></>
          ) : (
            <Pill tone="success" label="Well" />
          ),
        ],
        ['Version', <code key="version">{now.version}</code>],
        ['Up for', duration(now.uptime_s * 1000)],
        ['Database', `${now.database === 'postgres' ? 'PostgreSQL' : 'SQLite'}, ${bytes(now.database_bytes)}`],
        ...(health.wal_bytes === undefined || now.database === 'postgres' ? [] : [['Log of the database', bytes(health.wal_bytes)] as const]),
        ...(free == null ? [] : [['Free room', <span key="free" style={free < LITTLE_BYTES ? { color: 'var(--bt-danger)', fontWeight: 600 } : {}}>{bytes(free)}{free < LITTLE_BYTES && ': make room soon'}</span>] as const]),
        ['Nodes', now.nodes === 1 ? 'This one' : `${String(now.nodes)} share the database`],
      ]}
    />
  );
}
