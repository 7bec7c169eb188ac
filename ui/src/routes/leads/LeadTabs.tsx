import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Lead } from '@/api/inbox';
import { JsonPane } from '@/components/JsonPane';
import { useTabInView } from '@/components/use-tab-in-view';
import { ContextTab } from './ContextTab';
import { DeliveriesTab } from './DeliveriesTab';
import { FieldsTab } from './FieldsTab';
import { NotesTab } from './NotesTab';
import { TimelineTab } from './TimelineTab';
import classes from './Lead.module.css';

interface Tab {
  key: string;
  label: string;
  show: (lead: Lead, text: string) => ReactNode;
}

const TABS: readonly Tab[] = [
  { key: 'fields', label: 'Fields', show: (lead) => <FieldsTab lead={lead} /> },
  { key: 'timeline', label: 'Timeline', show: (lead) => <TimelineTab id={lead.id} /> },
  { key: 'deliveries', label: 'Deliveries', show: (lead) => <DeliveriesTab id={lead.id} /> },
  { key: 'context', label: 'Consent and source', show: (lead) => <ContextTab lead={lead} /> },
  { key: 'notes', label: 'Notes', show: (lead) => <NotesTab lead={lead} /> },
  { key: 'raw', label: 'Raw', show: (_, text) => <JsonPane text={text} label="The lead as the API gives it" /> },
];
const FIRST = 'fields';

/** Everything about a lead; the open tab is in the URL, and only that one is there. */
export function LeadTabs({
  lead,
  text,
  tab,
  onTab,
}: {
  lead: Lead;
  /** The lead's document as it came. */
  text: string;
  tab: string | undefined;
  onTab: (tab: string | undefined) => void;
}) {
  const open = TABS.find(({ key }) => key === tab)?.key ?? FIRST;
  const list = useTabInView(open);
  return (
    <Tabs
      value={open}
      keepMounted={false}
      onChange={(next) => { onTab(next === null || next === FIRST ? undefined : next); }}
      classNames={{ list: classes.tabList ?? '', tab: classes.tab ?? '', panel: classes.tabPanel ?? '' }}
    >
      <Tabs.List ref={list} aria-label="About the lead">
        {TABS.map(({ key, label }) => (
          <Tabs.Tab key={key} value={key}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {TABS.map(({ key, show }) => (
        <Tabs.Panel key={key} value={key}>
          {key === open && show(lead, text)}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
