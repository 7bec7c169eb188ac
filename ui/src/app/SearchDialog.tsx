import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useRouter } from '@tanstack/react-router';
import { CornerDownLeft, type LucideIcon, Search, UserRound } from 'lucide-react';
import { useDeferredValue, useId, useState } from 'react';
import { api, ok } from '@/api/client';
import { campaignNames, destinationNames, sourceNames } from '@/api/names';
import { useCan } from '@/api/use-me';
import { StatusPill } from '@/components/StatusPill';
import { leadLine } from './lead-line';
import { findNamed, type Named } from './named';
import { useNavItems } from './Navigation';
import classes from './SearchDialog.module.css';

/** Fewest characters the server searches leads by. */
const CHARS_MIN = 3;
const LEADS_SHOWN = 6;

/** Where a thing of that kind of id is shown. */
const PLACES: readonly (readonly [prefix: string, path: string])[] = [
  ['lead_', '/leads'],
  ['dlv_', '/deliveries'],
  ['cmp_', '/campaigns'],
  ['src_', '/sources'],
  ['dst_', '/destinations'],
  ['imp_', '/import'],
];

interface Choice {
  key: string;
  label: string;
  hint?: string | undefined;
  icon: LucideIcon;
  state?: string;
  go: () => void;
}

/** Search over everything: leads by what is in them, the set-up and screens by their names, anything by its id. */
export default function SearchDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const listId = useId();
  const choices = useChoices(text.trim(), onClose);
  const current = Math.min(at, choices.length - 1);
  const optionId = (index: number): string => `${listId}-${String(index)}`;
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setAt((current + by + choices.length) % Math.max(1, choices.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choices[current]?.go();
    }
  };
  return (
    <Modal.Root opened onClose={onClose} padding={0} size={620} yOffset="12vh" centered={false}>
      <Modal.Overlay />
      <Modal.Content aria-label="Search">
      <div className={classes.field}>
        <Search size={17} aria-hidden="true" />
        <input
          className={classes.input}
          role="combobox"
          aria-label="Search"
          aria-expanded={choices.length > 0}
          aria-controls={listId}
          aria-activedescendant={choices.length > 0 ? optionId(current) : undefined}
          aria-autocomplete="list"
          placeholder="Name, e-mail, phone, id, or a screen"
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <div className={classes.list} role="listbox" id={listId} aria-label="Results">
        {choices.map((choice, index) => (
          // The keyboard moves in the field above; the list is for the pointer.
          <div
            key={choice.key}
            id={optionId(index)}
            role="option"
            aria-selected={index === current}
            className={classes.option}
            onMouseMove={() => {
              setAt(index);
            }}
            onClick={choice.go}
          >
            <choice.icon size={16} strokeWidth={1.8} aria-hidden="true" />
            <span className={`bt-cut ${classes.label}`}>{choice.label}</span>
            {choice.hint !== undefined && <span className={`bt-cut ${classes.hint}`}>{choice.hint}</span>}
            {choice.state !== undefined && <StatusPill kind="lead" value={choice.state} />}
            {index === current && <CornerDownLeft size={14} aria-hidden="true" />}
          </div>
        ))}
      </div>
      {choices.length === 0 && <p className={classes.none}>Nothing found.</p>}
      </Modal.Content>
    </Modal.Root>
  );
}

function useChoices(text: string, onClose: () => void): Choice[] {
  const navigate = useNavigate();
  const { routesByPath } = useRouter();
  const items = useNavItems();
  const hasLeads = useCan('leads:read') && '/leads' in routesByPath;
  const asked = useDeferredValue(text);
  const byId = PLACES.find(([prefix, path]) => text.startsWith(prefix) && path in routesByPath);
  const searches = hasLeads && !byId && asked.length >= CHARS_MIN;
  const { data: leads } = useQuery({
    queryKey: ['leads', 'quick', asked],
    queryFn: async ({ signal }) => {
      const query = { q: asked, limit: LEADS_SHOWN };
      return (await ok(api.GET('/api/v1/leads', { params: { query }, signal }))).data;
    },
    enabled: searches,
  });
  const named = useNamed();
  const to = (path: string, search: Record<string, string> = {}) => () => {
    onClose();
    // Paths made here are those of routes that were found above.
    void navigate({ to: path, search } as unknown as Parameters<typeof navigate>[0]);
  };
  const choices: Choice[] = [];
  if (byId) {
    choices.push({ key: 'id', label: `Open ${text}`, icon: CornerDownLeft, go: to(`${byId[1]}/${encodeURIComponent(text)}`) });
  }
  if (searches) {
    for (const lead of leads ?? []) {
      const { title, sub } = leadLine(lead.fields);
      const label = title === '' ? lead.id : title;
      choices.push({ key: lead.id, label, hint: sub, icon: UserRound, state: lead.state, go: to(`/leads/${lead.id}`) });
    }
    choices.push({ key: 'all', label: `All leads with “${text}”`, icon: Search, go: to('/leads', { q: text }) });
  }
  const word = text.toLowerCase();
  for (const { path, rows } of named) {
    const icon = items.find((item) => item.to === path)?.icon;
    if (icon === undefined) continue;
    for (const row of findNamed(text, rows)) {
      choices.push({ key: row.id, label: row.name, hint: row.hint, icon, go: to(`${path}/${row.id}`) });
    }
  }
  for (const item of items) {
    if (text !== '' && !item.label.toLowerCase().includes(word)) continue;
    choices.push({ key: item.to, label: item.label, hint: `g ${item.key}`, icon: item.icon, go: to(item.to) });
  }
  return choices;
}

/** What has a name: campaigns, sources and destinations, with what tells those of one name apart. */
function useNamed(): { path: string; rows: Named[] }[] {
  const enabled = useCan('config:read');
  const { data: campaigns = [] } = useQuery({ ...campaignNames, enabled });
  const { data: sources = [] } = useQuery({ ...sourceNames, enabled });
  const { data: destinations = [] } = useQuery({ ...destinationNames, enabled });
  const campaign = (id: string): string | undefined => campaigns.find((one) => one.id === id)?.name;
  return [
    { path: '/campaigns', rows: campaigns.map(({ id, name, reference }) => ({ id, name, hint: reference ?? undefined })) },
    { path: '/sources', rows: sources.map((one) => ({ id: one.id, name: one.name, hint: campaign(one.campaign_id) })) },
    { path: '/destinations', rows: destinations.map((one) => ({ id: one.id, name: one.name, hint: campaign(one.campaign_id) })) },
  ];
}
