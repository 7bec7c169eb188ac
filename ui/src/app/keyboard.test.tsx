import { fireEvent, render } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type KeyBinding, listenToKeys, useKeys, useKeysEnabled } from './keyboard';

let stop: () => void;
beforeEach(() => { stop = listenToKeys(); });
afterEach(() => { stop(); });

const bind = (keys: string, run: () => void): KeyBinding => ({ keys, label: keys, group: 'Lists', run });

function Bound({ bindings, children }: { bindings: KeyBinding[]; children?: React.ReactNode }) {
  useKeys(bindings);
  return <>{children}</>;
}

const press = (key: string, target: Element = document.body, more: object = {}): void => {
  fireEvent.keyDown(target, { key, ...more });
};

it('runs a key, and two keys after one another', () => {
  const j = vi.fn();
  const gl = vi.fn();
  const l = vi.fn();
  render(<Bound bindings={[bind('j', j), bind('g l', gl), bind('l', l)]} />);
  press('j');
  press('g');
  press('l');
  expect([j, gl, l].map((spy) => spy.mock.calls.length)).toEqual([1, 1, 0]);
  press('l');
  expect(l).toHaveBeenCalledOnce();
});

it('does nothing while somebody types, holds Ctrl, or a dialog is open', () => {
  const run = vi.fn();
  const { container } = render(
    <Bound bindings={[bind('x', run)]}>
      <input aria-label="text" />
      <textarea />
      <div contentEditable suppressContentEditableWarning />
      <input type="checkbox" aria-label="box" />
    </Bound>,
  );
  for (const selector of ['input[aria-label="text"]', 'textarea', '[contenteditable]']) {
    press('x', container.querySelector(selector) ?? document.body);
  }
  press('x', document.body, { ctrlKey: true });
  expect(run).not.toHaveBeenCalled();
  press('x', container.querySelector('input[type="checkbox"]') ?? document.body);
  expect(run).toHaveBeenCalledOnce();
  const dialog = document.createElement('div');
  dialog.setAttribute('role', 'dialog');
  document.body.append(dialog);
  press('x');
  expect(run).toHaveBeenCalledOnce();
});

it('leaves Enter to a link or button under the focus', () => {
  const run = vi.fn();
  const { getByRole } = render(
    <Bound bindings={[bind('Enter', run)]}>
      <button type="button">Press</button>
    </Bound>,
  );
  press('Enter', getByRole('button'));
  expect(run).not.toHaveBeenCalled();
  press('Enter');
  expect(run).toHaveBeenCalledOnce();
});

it('lets the innermost take a key over, and gives it back', () => {
  const outer = vi.fn();
  const inner = vi.fn();
  const outside = render(<Bound bindings={[bind('r', outer)]} />);
  const inside = render(<Bound bindings={[bind('r', inner)]} />);
  press('r');
  inside.unmount();
  press('r');
  outside.unmount();
  press('r');
  expect([inner.mock.calls.length, outer.mock.calls.length]).toEqual([1, 1]);
});

it('can be switched off, and remembers it', () => {
  const run = vi.fn();
  function Switch() {
    const [on, set] = useKeysEnabled();
    useKeys([bind('j', run)]);
    return (
      <button type="button" onClick={() => { set(!on); }}>
        switch
      </button>
    );
  }
  const { getByRole } = render(<Switch />);
  fireEvent.click(getByRole('button'));
  press('j');
  expect(run).not.toHaveBeenCalled();
  expect(localStorage.getItem('baton.keys')).toBe('off');
  fireEvent.click(getByRole('button'));
  press('j');
  expect(run).toHaveBeenCalledOnce();
});

it('leaves an Escape to the dialog that it closes', () => {
  const run = vi.fn();
  render(<Bound bindings={[bind('Escape', run)]} />);
  const dialog = document.createElement('div');
  dialog.setAttribute('role', 'dialog');
  document.body.append(dialog);
  window.addEventListener('keydown', () => { dialog.remove(); }, { capture: true, once: true });
  press('Escape');
  expect(run).not.toHaveBeenCalled();
  press('Escape');
  expect(run).toHaveBeenCalledOnce();
});
