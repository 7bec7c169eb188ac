import type { components } from '@/api/schema';

type Timing = components['schemas']['Phases'];

export interface Phase {
  key: 'dns' | 'connect' | 'tls' | 'wait' | 'read';
  label: string;
  /** Microseconds. */
  us: number;
  /** Of the whole, 0 to 1. */
  share: number;
}

const LABELS: Readonly<Record<Phase['key'], string>> = {
  dns: 'DNS',
  connect: 'Connect',
  tls: 'TLS',
  wait: 'First byte',
  read: 'Rest of the answer',
};

/**
 * Where the time of an exchange went, one after the other. What no phase accounts for at the end is
 * the reading of the rest; phases that did not happen are left out. The shares never make more than
 * a whole, whatever the clocks said.
 */
export function phasesOf(timing: Timing): Phase[] {
  const known: (readonly [Phase['key'], number])[] = [
    ['dns', positive(timing.dns_us)],
    ['connect', positive(timing.connect_us)],
    ['tls', positive(timing.tls_us)],
    ['wait', positive(timing.first_byte_us)],
  ];
  const sum = known.reduce((all, [, us]) => all + us, 0);
  const rest = Math.max(0, positive(timing.total_us) - sum);
  const whole = sum + rest;
  if (whole === 0) return [];
  // Without a first byte there is no answer, so the rest was waiting for it.
  const last = timing.first_byte_us == null ? 'wait' : 'read';
  const all = last === 'wait' ? known.map(([key, us]) => [key, key === 'wait' ? rest : us] as const) : [...known, ['read', rest] as const];
  return all.filter(([, us]) => us > 0).map(([key, us]) => ({ key, label: LABELS[key], us, share: us / whole }));
}

const positive = (us: number | null | undefined): number => (us != null && us > 0 ? us : 0);

/** "879 µs", "12.3 ms", "1.24 s". */
export function micros(us: number): string {
  if (us < 1_000) return `${String(Math.round(us))} µs`;
  if (us < 10_000) return `${(us / 1_000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${String(Math.round(us / 1_000))} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}
