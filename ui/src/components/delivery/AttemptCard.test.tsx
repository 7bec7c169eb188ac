import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Attempt } from '@/api/inbox';
import { AttemptCard } from './AttemptCard';

const attempt: Attempt = {
  n: 2,
  late: false,
  started_at: '2026-11-22T12:00:00Z',
  ended_at: '2026-11-22T12:00:01Z',
  verdict: 'rejected',
  decided_by: 'rule 3 ($.status is `no`)',
  rule: 2,
  reason: '<b>closed</b>',
  request: { method: 'POST', url: 'https://crm.example/', headers: [], body: '{"a":1.10}', body_is_text: true },
  answer: { status: 200, headers: [{ name: 'Content-Length', value: '215040' }], body: '{"status":"no"}', body_is_text: true, cut: true },
  fault: null,
  timing: { first_byte_us: 900, total_us: 1000 },
  extracted: {},
};

function show(over: Partial<Attempt> = {}): void {
  render(
    <MantineProvider>
      <ul>
        <AttemptCard attempt={{ ...attempt, ...over }} />
      </ul>
    </MantineProvider>,
  );
}

test('closed, it says how it went and what decided, outside text as text', () => {
  show();
  expect(screen.getByRole('button', { expanded: false }).textContent).toContain('#2');
  expect(screen.getByText('HTTP 200')).toBeDefined();
  expect(screen.getByText('rule 3 ($.status is `no`)')).toBeDefined();
  expect(screen.getByText('<b>closed</b>')).toBeDefined();
  expect(screen.queryByText('Request body')).toBeNull();
});

test('open, it shows both sides, and says how much of the answer was kept', async () => {
  show();
  await userEvent.click(screen.getByRole('button', { expanded: false }));
  expect(screen.getByLabelText('Request body').textContent).toContain('1.10');
  expect(screen.getByLabelText('Answer body').textContent).toContain('"no"');
  expect(screen.getByText(/of 210 KB were kept/)).toBeDefined();
});

test('without an answer it says why', async () => {
  show({ answer: null, fault: { kind: 'timeout', detail: 'no answer within 30 s' } });
  expect(screen.getByText('Timeout')).toBeDefined();
  await userEvent.click(screen.getByRole('button', { expanded: false }));
  expect(screen.getByText('no answer within 30 s')).toBeDefined();
});
