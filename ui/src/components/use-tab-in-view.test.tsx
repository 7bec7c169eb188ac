import { render } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { useTabInView } from './use-tab-in-view';

function Tabs({ chosen }: { chosen: string }) {
  const list = useTabInView(chosen);
  return (
    <div ref={list} role="tablist">
      {['connection', 'mapping', 'routing'].map((name) => (
        <button key={name} type="button" role="tab" aria-selected={name === chosen}>
          {name}
        </button>
      ))}
    </div>
  );
}

test('the chosen tab is scrolled to, also when an address names it', () => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(200);
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(100);
  vi.spyOn(HTMLElement.prototype, 'offsetLeft', 'get').mockImplementation(function left(this: HTMLElement) {
    return this.textContent === 'routing' ? 300 : 100;
  });
  const { getByRole, rerender } = render(<Tabs chosen="routing" />);
  expect(getByRole('tablist').scrollLeft).toBe(250);
  rerender(<Tabs chosen="mapping" />);
  expect(getByRole('tablist').scrollLeft).toBe(50);
  vi.restoreAllMocks();
});
