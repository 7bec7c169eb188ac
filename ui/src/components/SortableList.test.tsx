import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';
import { show } from '@/testing/render';
import { moved } from './MoveButtons';
import { SortableList } from './SortableList';


function Letters() {
  const [items, setItems] = useState(['a', 'b', 'c']);
  return (
    <SortableList label="Letters" items={items} itemKey={(item) => item} itemName={(item) => item} onReorder={setItems}>
      {(item) => <b>{item}</b>}
    </SortableList>
  );
}

it('is reordered by its buttons, says so, and stops at the ends', async () => {
  const { container } = await show(<Letters />);
  await screen.findByRole('button', { name: 'Drag a' });
  const order = (): string => [...container.querySelectorAll('b')].map((item) => item.textContent).join('');
  await userEvent.click(screen.getByRole('button', { name: 'Move a down' }));
  expect(order()).toBe('bac');
  expect(screen.getAllByRole('status').map((one) => one.textContent).join('')).toContain('a is now number 2 of 3');
  await userEvent.click(screen.getByRole('button', { name: 'Move c up' }));
  expect(order()).toBe('bca');
  // The row keeps the focus where it can go on, and at an end the button that goes back has it.
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Move c up');
  await userEvent.click(screen.getByRole('button', { name: 'Move c up' }));
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Move c down');
  await userEvent.click(screen.getByRole('button', { name: 'Move c down' }));
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Move b up' }).disabled).toBe(true);
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Move a down' }).disabled).toBe(true);
});

it('moves an item and no other', () => {
  expect(moved(['a', 'b', 'c', 'd'], 0, 2)).toEqual(['b', 'c', 'a', 'd']);
  expect(moved(['a', 'b'], 5, 0)).toEqual(['a', 'b']);
});
