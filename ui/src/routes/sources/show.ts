import type { Source, SourceKind } from '@/api/sources';

export const KINDS: Readonly<Record<SourceKind, { label: string; means: string }>> = {
  endpoint: { label: 'Endpoint', means: 'A partner’s server, or your own, posts leads.' },
  form: { label: 'Form', means: 'A form of yours posts from the browser.' },
  listener: { label: 'Listener', means: 'A script listens to somebody else’s form. Wrong fields are put aside, never refused.' },
  funnel: { label: 'Funnel', means: 'A page of Baton’s.' },
  qr: { label: 'QR code', means: 'A printed code.' },
  api: { label: 'API', means: 'Posts with an API key.' },
  import: { label: 'Import', means: 'Files of leads.' },
};

export function stateOf(row: Pick<Source, 'disabled'>): 'on' | 'off' {
  return row.disabled === true ? 'off' : 'on';
}
