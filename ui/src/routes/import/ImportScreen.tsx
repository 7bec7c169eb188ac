import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { campaignNames } from '@/api/names';
import { CopyButton } from '@/components/CopyButton';
import { Facts, Page, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { AbsoluteTime } from '@/components/RelativeTime';
import { ScreenLink } from '@/components/ScreenLink';
import { bytes } from '@/components/json-text';
import { plain } from '@/words';
import { type Import, importList, isAtWork, oneImport } from './api';
import { ImportActions, WaitsForFile } from './ImportActions';
import { ImportPill } from './ImportPill';
import { Progress, Tally } from './Progress';
import { Refused } from './Refused';
import { importRoute } from './route';
import { isSending, useUpload } from './upload';

/** One import: how far it is, what it found, and what to do next. */
export default function ImportScreen() {
  const { id } = importRoute.useParams();
  const queryClient = useQueryClient();
  const query = useQuery({ ...oneImport(id), placeholderData: undefined });
  const state = query.data?.state;
  useEffect(() => {
    void queryClient.invalidateQueries({ queryKey: importList.queryKey });
  }, [queryClient, state]);
  const back = <Link to="/import" search={{}}>← Import</Link>;
  if (!query.data) {
    return (
      <Page title="Import" back={back}>
        {query.error && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      </Page>
    );
  }
  return <Loaded key={id} one={query.data} />;
}

function Loaded({ one }: { one: Import }) {
  const upload = useUpload(one.id);
  const { data: campaigns } = useQuery(campaignNames);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (isSending()) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => {
      window.removeEventListener('beforeunload', ask);
    };
  }, []);
  const campaign = campaigns?.find((other) => other.id === one.campaign_id)?.name ?? one.campaign_id;
  const left = Object.entries(one.columns);
  return (
    <Page
      title={one.name ?? 'Import'}
      badge={<ImportPill one={one} />}
      back={<Link to="/import" search={{}}>← Import</Link>}
      actions={<ImportActions one={one} />}
    >
      {one.fault && (
        <div role="alert" style={{ marginBottom: 16 }}>
          <strong>{plain(one.fault.code)}.</strong> <bdi className="bt-outside">{one.fault.message}</bdi>
        </div>
      )}
      {one.state === 'waiting' && <WaitsForFile one={one} upload={upload} />}
      {(isAtWork(one) || one.bytes > 0) && <Progress one={one} />}
      <Tally one={one} />
      {one.reported > 0 && !isAtWork(one) && <Refused one={one} />}
      <Section title="Facts">
        <Facts
          rows={[
            ['Campaign', <ScreenLink key="campaign" to={`/campaigns/${one.campaign_id}`}><bdi>{campaign}</bdi></ScreenLink>],
            ['Leads are', one.deliver ? 'stored, sent to destinations, and webhooks are told' : 'stored, and sent nowhere'],
            ['File', `${one.format === 'csv' ? 'CSV' : 'JSON Lines'}${one.bytes > 0 ? `, ${bytes(one.bytes)}` : ''}`],
            ...(left.length === 0
              ? []
              : [['Columns', <bdi key="columns">{left.map(([from, to]) => (to === null ? `${from} is left out` : `${from} → ${to}`)).join(', ')}</bdi>] as const]),
            ['Id', <><code>{one.id}</code> <CopyButton text={one.id} what="id" /></>],
            ['Begun', <AbsoluteTime key="begun" at={one.created_at} />],
            ['Got on', <AbsoluteTime key="got-on" at={one.updated_at} />],
          ]}
        />
      </Section>
    </Page>
  );
}
