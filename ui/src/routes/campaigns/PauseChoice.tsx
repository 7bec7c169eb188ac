import { Radio, Stack } from '@mantine/core';
import type { PausedAction } from '@/api/campaigns';

/** What happens to leads that come while a campaign is paused. */
export function PauseChoice({ value, onChange }: { value: PausedAction; onChange: (value: PausedAction) => void }) {
  return (
    <Radio.Group
      label="Leads that come meanwhile"
      value={value}
      onChange={(next) => { onChange(next === 'hold' ? 'hold' : 'reject'); }}
    >
      <Stack gap="xs" mt={6}>
        <Radio value="reject" label="are refused" description="The sender is told: 409, campaign_paused." />
        <Radio value="hold" label="are kept" description="They are taken as held, and go out when the campaign resumes." />
      </Stack>
    </Radio.Group>
  );
}
