import type { Campaign } from '@/api/campaigns';
import type { Connector } from '@/api/destinations';
import type { JsonObject } from '@/api/merge-patch';
import type { SecretHint } from '@/components/SecretSet';
import type { Draft } from './document';

/** What the parts of the form work on. */
export interface Form {
  draft: Draft;
  change: (patch: Partial<Draft>) => void;
  /** What the API says is wrong, by field. */
  errors: Readonly<Record<string, string>>;
  connector: Connector;
  campaign: Campaign;
  /** The saved destination; none while it is being made. */
  id: string | undefined;
  /** Whether the person may change it. */
  canWrite: boolean;
  /** The secrets that are saved, by their ends. */
  secrets: readonly SecretHint[];
  /** The form as it stands, for a preview or a test: saved or not. */
  trial: JsonObject;
}
