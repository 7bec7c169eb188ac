import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { statusColours, StatusPill } from './StatusPill';

it('shows colour and word together', () => {
  const { container } = render(<StatusPill kind="delivery" value="failed" />);
  expect(screen.getByText('Failed')).toBeTruthy();
  expect(container.querySelector('[data-tone="danger"]')?.getAttribute('title')).toContain('Given up');
});

it('tells a no from a fault by its colour', () => {
  const { container } = render(<StatusPill kind="delivery" value="rejected" />);
  expect(container.querySelector('[data-tone="danger"]')).toBeNull();
});

it('shows a state of a newer server by its own word', () => {
  render(<StatusPill kind="lead" value="on_hold_again" />);
  expect(screen.getByText('On hold again')).toBeTruthy();
});

it('shows a status in the colour of the workspace, else in that of its word', () => {
  statusColours.set({ won: '#c2408f' });
  const { container } = render(
    <>
      <StatusPill kind="status" value="won" />
      <StatusPill kind="status" value="lost" />
      <StatusPill kind="status" value="qualified" />
    </>,
  );
  const seen = [...container.querySelectorAll<HTMLElement>('[data-tone]')].map((pill) => [pill.dataset.tone, pill.style.getPropertyValue('--dot')]);
  expect(seen).toEqual([['neutral', '#c2408f'], ['neutral', ''], ['violet', '']]);
  statusColours.set({});
});
