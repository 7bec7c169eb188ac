import { Button, Menu } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { queryText } from '@/api/inbox';
import type { Problem } from '@/api/problem';
import { hasDevKey, send } from '@/api/transport';
import { useMe } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { exportQuery, type LeadSearch } from './filters';

type Format = 'csv' | 'exact' | 'jsonl';

const FORMATS: readonly { format: Format; label: string; means: string }[] = [
  { format: 'csv', label: 'CSV for spreadsheets', means: 'Cells that look like formulas are made harmless.' },
  { format: 'exact', label: 'CSV, exact', means: 'For programs: every value as it is.' },
  { format: 'jsonl', label: 'JSON Lines', means: 'One lead a line, with everything known of it.' },
];

/** Takes what is listed out as a file: all pages of it, by the filters of now. */
export function ExportMenu({ search }: { search: LeadSearch }) {
  const several = (useMe().workspaces?.length ?? 0) > 1;
  const [asked, setAsked] = useState<Format>();
  const load = useMutation<undefined, Problem, Format>({
    mutationFn: (format) => downloadByFetch(exportUrl(search, format), fileName(format)),
    onSuccess: () => { setAsked(undefined); },
  });
  const take = (format: Format): void => {
    // A link is streamed to the disk, but cannot say which of several workspaces it is about.
    if (several || hasDevKey) {
      setAsked(format);
      load.mutate(format);
    } else follow(exportUrl(search, format), fileName(format));
  };
  return (
    <>
      <Menu width={270}>
        <Menu.Target>
          <Button variant="default" size="xs" leftSection={<Download size={14} />} loading={load.isPending}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>All leads of this list</Menu.Label>
          {FORMATS.map(({ format, label, means }) => (
            <Menu.Item key={format} onClick={() => { take(format); }}>
              {label}
              <br />
              <span className="bt-dim">{means}</span>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {asked !== undefined && load.error && (
        <ConfirmDialog
          opened
          title="The export did not work"
          confirmLabel="Try again"
          error={load.error}
          busy={load.isPending}
          onCancel={() => { setAsked(undefined); }}
          onConfirm={() => { load.mutate(asked); }}
        >
          No file was made.
        </ConfirmDialog>
      )}
    </>
  );
}

/** Where the file of that list is. */
export function exportUrl(search: LeadSearch, format: Format): string {
  const shape = format === 'jsonl' ? { format } : { format: 'csv', safe: format === 'csv' ? 'true' : 'false' };
  return `/api/v1/leads/export${queryText({ ...exportQuery(search), ...shape })}`;
}

const fileName = (format: Format): string => (format === 'jsonl' ? 'leads.jsonl' : 'leads.csv');

function follow(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

async function downloadByFetch(url: string, name: string): Promise<undefined> {
  const response = await send(new URL(url, location.origin));
  const held = URL.createObjectURL(await response.blob());
  follow(held, name);
  URL.revokeObjectURL(held);
  return undefined;
}
