import type { ReactNode } from 'react';
import type { Lead } from '@/api/inbox';
import { Facts } from '@/components/Page';
import { AbsoluteTime } from '@/components/RelativeTime';
import { plain } from '@/words';
import { Outside } from './Outside';
import { valueText } from './values';
import classes from './Lead.module.css';

type Row = readonly [name: string, value: ReactNode];

/** What belongs under "Consent"; everything else that came along is where it came from. */
const CONSENT: Readonly<Record<string, string>> = {
  consent_text: 'Text agreed to',
  optin_at: 'Agreed at',
  trustedform_cert_url: 'TrustedForm certificate',
  jornaya_leadid: 'Jornaya LeadiD',
};
const WORDS: Readonly<Record<string, string>> = {
  ip: 'IP address',
  page_url: 'Page',
  landing_page: 'Landing page',
  user_agent: 'Browser',
  referrer: 'Came from',
};

/** Under which conditions the lead was given, and by which way it came. */
export function ContextTab({ lead }: { lead: Lead }) {
  const { tracking, ...context } = lead.context;
  const consent = rowsOf(context, (name) => name in CONSENT);
  const source = rowsOf(context, (name) => !(name in CONSENT));
  const tags = typeof tracking === 'object' && tracking !== null ? rowsOf(tracking as Record<string, unknown>, () => true) : [];
  return (
    <div className={classes.parts}>
      <Part title="Consent" rows={consent} none="Nothing about consent came with it." />
      <Part
        title="Where it came from"
        none=""
        rows={[
          ['Campaign', <bdi key="campaign">{lead.campaign}</bdi>],
          ['Source', <bdi key="source">{lead.source}</bdi>],
          ['Received', <AbsoluteTime key="received" at={lead.created_at} />],
          ['Last change', <AbsoluteTime key="updated" at={lead.updated_at} />],
          ...(lead.seq == null ? [] : [['Sender’s number', String(lead.seq)] as const]),
          ['Version of its data', String(lead.data_version)],
          ...source,
        ]}
      />
      <Part title="Tracking" rows={tags} none="No tracking parameters came with it." plainNames />
    </div>
  );
}

function rowsOf(values: Readonly<Record<string, unknown>>, fits: (name: string) => boolean): Row[] {
  return Object.entries(values)
    .filter(([name, value]) => fits(name) && valueText(value) !== '')
    .map(([name, value]) => [name, <Outside key={name} text={valueText(value)} />] as const);
}

function Part({ title, rows, none, plainNames }: { title: string; rows: readonly Row[]; none: string; plainNames?: boolean }) {
  const named = rows.map(([name, value]) => [plainNames ? name : (CONSENT[name] ?? WORDS[name] ?? plain(name)), value] as const);
  return (
    <section aria-label={title}>
      <h3 className={classes.partTitle}>{title}</h3>
      {rows.length === 0 ? <p className={classes.none}>{none}</p> : <Facts rows={named} />}
    </section>
  );
}
