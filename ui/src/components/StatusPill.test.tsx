import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { StatusPill } from './StatusPill';

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
