import { Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCan, useMe } from '@/api/use-me';
import { useKeysEnabled } from '@/app/keyboard';
import { Page, Section } from '@/components/Page';
import { ProblemPanel } from '@/components/ProblemPanel';
import { oneWorkspace } from './api';
import { SystemSection } from './SystemSection';
import { WorkspaceForm } from './WorkspaceForm';
import { WorkspacesSection } from './WorkspacesSection';

/** Settings of the workspace, and how the server is. */
export default function SettingsScreen() {
  const person = useMe();
  const canWrite = useCan('config:write');
  const id = person.workspace_id;
  const query = useQuery({ ...oneWorkspace(id), placeholderData: undefined });
  return (
    <Page title="Settings" intro={canWrite ? undefined : 'Your role looks at these and changes nothing.'}>
      {query.error && !query.data && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <WorkspaceForm key={id} workspace={query.data.data} etag={query.data.etag} canWrite={canWrite} />}
      <KeyboardSection />
      <WorkspacesSection />
      <SystemSection />
    </Page>
  );
}

function KeyboardSection() {
  const [on, setOn] = useKeysEnabled();
  return (
    <Section title="Keyboard" intro="For this browser only. Press ? anywhere to see the keys.">
      <Switch
        label="Single keys"
        description="j and k move in lists, / searches, g l goes to the leads. Switch them off if you speak to your computer."
        checked={on}
        onChange={(event) => { setOn(event.currentTarget.checked); }}
      />
    </Section>
  );
}
