import { fireEvent } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { keepEarlyKeys } from './early-keys';

test('what is typed before the field is there is kept, and does nothing else', () => {
  const page = vi.fn();
  document.addEventListener('keydown', page);
  const take = keepEarlyKeys();
  for (const key of ['s', 'o', 'x', 'Backspace', 'l', 'r']) fireEvent.keyDown(document.body, { key });
  expect(page).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: 'Escape' });
  fireEvent.keyDown(document.body, { key: 's', ctrlKey: true });
  expect(page).toHaveBeenCalledTimes(2);
  expect(take()).toBe('solr');
  fireEvent.keyDown(document.body, { key: 'j' });
  expect(page).toHaveBeenCalledTimes(3);
  expect(take()).toBe('');
  document.removeEventListener('keydown', page);
});
