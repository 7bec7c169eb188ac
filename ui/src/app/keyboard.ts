import { useEffect, useRef } from 'react';
import { makeStore, useStore } from '@/api/store';

/** A key, or two after one another (`g l`), and what it does. */
export interface KeyBinding {
  /** As `KeyboardEvent.key` names it, such as `/`, `j`, `Enter`, `Escape`, `g l`. */
  keys: string;
  /** For the help. */
  label: string;
  group: 'Go to' | 'Everywhere' | 'Lists' | 'This page';
  run: () => void;
  /** Not in the help: a second key for the same. */
  quiet?: boolean;
}

const OFF_KEY = 'baton.keys';
/** How long the second key of a pair may take. */
const PAIR_MS = 1_200;

const isOff = (): boolean => {
  try {
    return localStorage.getItem(OFF_KEY) === 'off';
  } catch {
    return false;
  }
};

const enabled = makeStore(!isOff());
/** What is bound now; later ones win, so a screen can take a key over. */
const layers = makeStore<readonly (readonly KeyBinding[])[]>([]);

/** Whether single keys do something. People who speak to their computer switch them off. */
export function useKeysEnabled(): [boolean, (on: boolean) => void] {
  const on = useStore(enabled);
  return [
    on,
    (next) => {
      enabled.set(next);
      try {
        if (next) localStorage.removeItem(OFF_KEY);
        else localStorage.setItem(OFF_KEY, 'off');
      } catch {
        // Storage may be switched off; the choice then lasts as long as the page.
      }
    },
  ];
}

/** All bindings, for the help. */
export function useBindings(): KeyBinding[] {
  const seen = new Map<string, KeyBinding>();
  for (const binding of useStore(layers).flat()) {
    if (!binding.quiet) seen.set(binding.keys, binding);
  }
  return [...seen.values()];
}

/** Binds keys while the component is there. They do nothing while somebody types or a dialog is open. */
export function useKeys(bindings: readonly KeyBinding[], active = true): void {
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  const shape = bindings.map((b) => `${b.keys}\u0000${b.label}\u0000${b.group}`).join('\u0001');
  useEffect(() => {
    if (!active) return undefined;
    const layer = latest.current.map((binding, at) => ({
      ...binding,
      run: () => latest.current[at]?.run(),
    }));
    layers.set([...layers.get(), layer]);
    return () => {
      layers.set(layers.get().filter((other) => other !== layer));
    };
  }, [shape, active]);
}

let first: { key: string; at: number } | undefined;

/** Hears all keys of the page; called once. */
export function listenToKeys(): () => void {
  // An Escape that closes a dialog is spent by it, though the dialog is gone when it is heard below.
  let belongsToDialog = false;
  const look = (): void => {
    belongsToDialog = hasOpenDialog();
  };
  const heard = (event: KeyboardEvent): void => {
    if (!enabled.get() || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || belongsToDialog || hasOpenDialog()) return;
    const pair = first && event.timeStamp - first.at < PAIR_MS ? `${first.key} ${event.key}` : undefined;
    first = undefined;
    const binding = (pair === undefined ? undefined : find(pair)) ?? find(event.key);
    if (binding) {
      // A link or button under the focus is opened by Enter itself.
      if (event.key === 'Enter' && isPressable(event.target)) return;
      event.preventDefault();
      binding.run();
    } else if (startsPair(event.key)) {
      first = { key: event.key, at: event.timeStamp };
    }
  };
  window.addEventListener('keydown', look, { capture: true });
  document.addEventListener('keydown', heard);
  return () => {
    window.removeEventListener('keydown', look, { capture: true });
    document.removeEventListener('keydown', heard);
  };
}

function find(keys: string): KeyBinding | undefined {
  for (const layer of [...layers.get()].reverse()) {
    const binding = layer.find((candidate) => candidate.keys === keys);
    if (binding) return binding;
  }
  return undefined;
}

function startsPair(key: string): boolean {
  return layers.get().some((layer) => layer.some((b) => b.keys.startsWith(`${key} `)));
}

function hasOpenDialog(): boolean {
  return document.querySelector('[role="dialog"], [role="menu"], [role="listbox"]') !== null;
}

function isPressable(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a[href], button, summary, [role="button"]') !== null;
}

/** Whether keys of this element are text, or move within it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  const input = target.closest('input, textarea, select, [contenteditable], [role="textbox"], [role="combobox"]');
  if (input instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(input.type);
  return input !== null && input.getAttribute('contenteditable') !== 'false';
}
