import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { show } from '@/testing/render';
import { JsonPane } from './JsonPane';

it('shows a body as text that can be reached and scrolled by the keyboard', async () => {
  await show(<JsonPane text={'{"a":"<img src=x onerror=alert(1)>"}'} label="Answer body" />);
  const pane = screen.getByLabelText('Answer body', { selector: 'pre' });
  expect(pane.textContent).toBe('{\n  "a": "<img src=x onerror=alert(1)>"\n}');
  expect(pane.querySelector('img')).toBeNull();
  expect(pane.tabIndex).toBe(0);
});

it('shows it raw when asked', async () => {
  await show(<JsonPane text={'{"a":1}'} label="Answer body" />);
  await userEvent.click(screen.getByRole('radio', { name: 'Raw' }));
  expect(screen.getByLabelText('Answer body', { selector: 'pre' }).textContent).toBe('{"a":1}');
});

it('says in words what was not kept and what is not shown', async () => {
  await show(<JsonPane text={'x'.repeat(70_000)} truncatedFrom={215_040} label="Answer body" />);
  expect(screen.getByText('The first 68 KB of 210 KB were kept.')).toBeTruthy();
  const pane = screen.getByLabelText('Answer body', { selector: 'pre' });
  expect(pane.textContent?.length).toBe(65_536);
  await userEvent.click(screen.getByRole('button', { name: 'Show all 68 KB' }));
  expect(pane.textContent?.length).toBe(70_000);
});

it('says that there is no body', async () => {
  await show(<JsonPane text="" label="Answer body" />);
  expect(screen.getByText(/there is no body/)).toBeTruthy();
});
