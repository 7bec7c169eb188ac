import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { recentLeads } from '@/api/destinations';
import { useCan } from '@/api/use-me';
import { leadLine } from '@/app/lead-line';
import { relative, useNow, useZone } from '@/components/time';

const MADE_UP = '';

/** Chooses what a preview or a test is made with: a lead that came lately, or one that is made up. */
export function LeadChooser({
  campaignId,
  lead,
  onLead,
}: {
  campaignId: string;
  lead: string | undefined;
  onLead: (lead: string | undefined) => void;
}) {
  const can = useCan('leads:read');
  const now = useNow();
  const timeZone = useZone();
  const { data: leads } = useQuery({ ...recentLeads(campaignId), enabled: can });
  const rows = (leads ?? []).map((row) => {
    const { title, sub } = leadLine(row.fields);
    const name = [title, sub].filter(Boolean).join(' · ') || row.id;
    return { value: row.id, label: `${name} (${relative(Date.parse(row.created_at), now, timeZone)})` };
  });
  return (
    <Select
      label="With the lead"
      data={[{ value: MADE_UP, label: 'Made up from the campaign’s fields' }, ...rows]}
      value={lead !== undefined && rows.some((row) => row.value === lead) ? lead : MADE_UP}
      allowDeselect={false}
      searchable={rows.length > 8}
      onChange={(value) => { onLead(value === MADE_UP || value === null ? undefined : value); }}
    />
  );
}
