import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { DeliveryDots } from './DeliveryDots';

const delivery = (id: number, state: string) => ({ id: String(id), destination_id: 'dst_1', destination: `D${String(id)}`, state });

test('each dot has its state as text, oldest first', () => {
  const { container } = render(<DeliveryDots deliveries={[delivery(2, 'failed'), delivery(1, 'accepted')]} />);
  expect(container.textContent).toBe('D1: Accepted. D2: Failed. ');
});

test('many are counted', () => {
  render(<DeliveryDots deliveries={Array.from({ length: 11 }, (_, at) => delivery(at, 'pending'))} />);
  expect(screen.getByText('+3')).toBeDefined();
});

test('none is a dash', () => {
  const { container } = render(<DeliveryDots deliveries={[]} />);
  expect(container.textContent).toBe('—');
});
