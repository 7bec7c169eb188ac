import type { Destination, Match, ResponseRule, Verdict } from '@/api/destinations';
import { retryClasses, verdicts, wordOf } from '@/words';
import type { Form } from './form';

const CONNECTORS: Readonly<Record<string, string>> = {
  webhook: 'Webhook',
  leadbyte: 'LeadByte',
  leadconduit: 'LeadConduit',
  leadprosper: 'LeadProsper',
  phonexa: 'Phonexa',
  zapier: 'Zapier',
};

/** A connector as its vendor writes it; those of the operator's own go by their names. */
export function connectorName(name: string): string {
  return CONNECTORS[name] ?? name;
}

/** What follows a verdict with this connector and this form, in words. */
export function followsText(verdict: Verdict, form: Pick<Form, 'connector' | 'draft'>): string | undefined {
  if (verdict === 'unmatched') {
    return form.draft.on_unmatched === 'retry' ? 'Tried again by the schedule.' : 'The delivery fails.';
  }
  const follows = form.connector.verdicts[verdict];
  return follows === undefined ? undefined : (retryClasses[follows] ?? follows);
}

export type DestinationState = 'on' | 'off' | 'backup';

export function stateOf(row: Pick<Destination, 'disabled' | 'failover_only'>): DestinationState {
  if (row.disabled != null) return 'off';
  return row.failover_only ? 'backup' : 'on';
}

/** Where it sends to, as far as its settings say: the host and path of the first address. */
export function addressOf(row: Pick<Destination, 'settings'>): string {
  for (const name of ['url', 'base_url']) {
    const value = row.settings[name];
    if (typeof value === 'string' && value !== '') return value.replace(/^https?:\/\//, '').replace(/\?.*$/, '');
  }
  return '';
}

export interface MatchWord {
  match: Match;
  label: string;
  valueLabel: string;
  placeholder: string;
  pathLabel?: string;
  pathPlaceholder?: string;
  means: string;
}

/** The ways a rule looks at an answer. */
export const MATCHES: readonly MatchWord[] = [
  { match: 'json_path', label: 'JSON path', pathLabel: 'Path', pathPlaceholder: '$.status', valueLabel: 'leads to', placeholder: 'accepted', means: '* stands for anything, | parts alternatives. Upper and lower case are the same.' },
  { match: 'status', label: 'HTTP status', valueLabel: 'is', placeholder: '2xx', means: '200, 2xx, or 200-204.' },
  { match: 'word', label: 'Whole word', valueLabel: 'is in the body', placeholder: 'accepted', means: 'Upper and lower case are the same.' },
  { match: 'keyword', label: 'Text anywhere', valueLabel: 'is in the body', placeholder: 'accepted', means: '“valid” is also in “invalid”; a whole word is safer.' },
  { match: 'exact', label: 'Whole body', valueLabel: 'is', placeholder: 'OK*', means: '* stands for anything, line breaks too.' },
  { match: 'xpath', label: 'XPath', pathLabel: 'Path', pathPlaceholder: '/result/code', valueLabel: 'leads to', placeholder: '1', means: '* stands for anything, | parts alternatives. Prefixes are not compared.' },
  { match: 'regex', label: 'Pattern', valueLabel: 'is found', placeholder: 'lead[_ ]id=\\d+', means: 'A regular expression, over the whole body.' },
];

export function matchWord(match: Match): MatchWord {
  return MATCHES.find((one) => one.match === match) ?? { match, label: match, valueLabel: 'is', placeholder: '', means: '' };
}

/** A rule in words: `$.status leads to “accepted”`. */
export function ruleText(rule: Pick<ResponseRule, 'match' | 'path' | 'value'>): string {
  switch (rule.match) {
    case 'status':
      return `status ${rule.value}`;
    case 'keyword':
      return `“${rule.value}” anywhere in the body`;
    case 'word':
      return `the word “${rule.value}” in the body`;
    case 'exact':
      return `the body is “${rule.value}”`;
    case 'regex':
      return `/${rule.value}/ is found`;
    default:
      return `${rule.path ?? ''} is “${rule.value}”`;
  }
}

/** What a rule is called when it is moved or heard. */
export function ruleName(rule: ResponseRule, at: number): string {
  return `rule ${String(at + 1)}, ${ruleText(rule)}: ${wordOf(verdicts, rule.verdict).label}`;
}
