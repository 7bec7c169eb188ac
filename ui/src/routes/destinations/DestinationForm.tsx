import { Tabs, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Section } from '@/components/Page';
import { SplitPanel } from '@/components/SplitPanel';
import { useTabInView } from '@/components/use-tab-in-view';
import { AnswersTab } from './AnswersTab';
import classes from './Destinations.module.css';
import type { Form } from './form';
import { MappingTab } from './MappingTab';
import { RoutingTab } from './RoutingTab';
import { SettingField } from './SettingField';
import { endOfSecret } from '@/components/SecretSet';
import { isShown } from './document';
import { connectorName } from './show';
import { TestPanel } from './TestPanel';
import { NOTHING_TRIED } from './tried';

export interface FormSearch {
  tab?: string | undefined;
  panel?: string | undefined;
}

const TABS = [
  { value: 'connection', label: 'Connection', errors: ['settings', 'name', 'connector', 'campaign_id'] },
  { value: 'mapping', label: 'Mapping', errors: ['mapping', 'unmapped'] },
  { value: 'answers', label: 'Answers', errors: ['responses', 'on_unmatched'] },
  { value: 'routing', label: 'Retries and routing', errors: ['retry', 'limits', 'timeout', 'failover_id', 'linked', 'partials'] },
] as const;

/** The form of a destination, saved or new, with the test call beside it. */
export function DestinationForm({
  form,
  search,
  onSearch,
  head,
  foot,
}: {
  form: Form;
  search: FormSearch;
  onSearch: (patch: FormSearch) => void;
  /** Before the name, while it is being made. */
  head?: ReactNode;
  /** After the form of the connection. */
  foot?: ReactNode;
}) {
  const [lead, setLead] = useState<string>();
  const [tried, setTried] = useState(NOTHING_TRIED);
  const tab = TABS.find((one) => one.value === search.tab)?.value ?? 'connection';
  const tabs = useTabInView(tab);
  const bad = (fields: readonly string[]): boolean =>
    Object.keys(form.errors).some((key) => fields.some((field) => key === field || key.startsWith(`${field}.`) || key.startsWith(`${field}[`)));
  const panel = search.panel === 'test' ? <TestPanel form={form} lead={lead} onLead={setLead} /> : undefined;
  return (
    <SplitPanel
      title="Test connection"
      panel={panel}
      onClose={() => { onSearch({ panel: undefined }); }}
      list={
        <Tabs
          value={tab}
          keepMounted={false}
          onChange={(value) => { onSearch({ tab: value === 'connection' ? undefined : (value ?? undefined) }); }}
        >
          <Tabs.List ref={tabs} className={classes.tabs}>
            {TABS.map((one) => (
              <Tabs.Tab key={one.value} value={one.value}>
                {one.label}
                {bad(one.errors) && (
                  <span className={classes.badTab}>
                    <span className="bt-hidden"> has errors</span>
                  </span>
                )}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <fieldset className={classes.fields} disabled={!form.canWrite}>
            <div className={classes.room}>
              <Tabs.Panel value="connection">
                <Connection form={form} head={head} />
                {foot}
              </Tabs.Panel>
              <Tabs.Panel value="mapping">
                <MappingTab form={form} lead={lead} onLead={setLead} />
              </Tabs.Panel>
              <Tabs.Panel value="answers">
                <AnswersTab form={form} tried={tried} onTried={setTried} />
              </Tabs.Panel>
              <Tabs.Panel value="routing">
                <RoutingTab form={form} />
              </Tabs.Panel>
            </div>
          </fieldset>
        </Tabs>
      }
    />
  );
}

function Connection({ form, head }: { form: Form; head: ReactNode }) {
  const { draft, change, connector, errors } = form;
  const shown = connector.settings.filter((setting) => isShown(setting, connector, draft.settings));
  return (
    <>
      <Section title="Name" intro="How you and your colleagues call it. Receivers never see it.">
        <div className={classes.stack}>
          {head}
          <TextInput
            label="Name"
            required
            withAsterisk={false}
            maxLength={200}
            placeholder="Acme CRM"
            value={draft.name}
            error={errors.name}
            onChange={(event) => { change({ name: event.currentTarget.value }); }}
          />
        </div>
      </Section>
      <Section title="Connection" intro={<>What <b>{connectorName(connector.name)}</b> needs to reach the receiver.</>}>
        <div className={classes.stack}>
          {shown.map((setting) => (
            <SettingField
              key={setting.name}
              setting={setting}
              value={draft.settings[setting.name]}
              error={errors[`settings.${setting.name}`]}
              ends={endOfSecret(form.secrets, setting.name)}
              onChange={(value) => { change({ settings: { ...draft.settings, [setting.name]: value } }); }}
            />
          ))}
          {shown.length === 0 && <p className="bt-dim">It needs nothing.</p>}
        </div>
      </Section>
    </>
  );
}
