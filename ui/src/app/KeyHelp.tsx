import { Modal, Switch } from '@mantine/core';
import { Fragment } from 'react';
import { type KeyBinding, useBindings, useKeysEnabled } from './keyboard';
import classes from './KeyHelp.module.css';

const GROUPS: readonly KeyBinding['group'][] = ['Everywhere', 'Lists', 'This page', 'Go to'];

/** The keys that do something here, and the switch for those who want none. */
export default function KeyHelp({ onClose }: { onClose: () => void }) {
  const bindings = useBindings();
  const [on, setOn] = useKeysEnabled();
  return (
    <Modal opened onClose={onClose} title="Keyboard" size="lg">
      <Switch
        mb="md"
        label="Single keys"
        description="Off: only Ctrl+S, Esc in dialogs and Tab do something."
        checked={on}
        onChange={(event) => {
          setOn(event.currentTarget.checked);
        }}
      />
      <div className={classes.groups} data-off={!on || undefined}>
        {GROUPS.map((group) => {
          const own = bindings.filter((binding) => binding.group === group);
          if (own.length === 0) return null;
          return (
            <section key={group} aria-label={group}>
              <h3 className={classes.title}>{group}</h3>
              <dl className={classes.list}>
                {own.map((binding) => (
                  <Fragment key={binding.keys}>
                    <dt>{binding.label}</dt>
                    <dd>
                      {binding.keys.split(' ').map((key) => (
                        <kbd key={key}>{key === 'Escape' ? 'Esc' : key}</kbd>
                      ))}
                    </dd>
                  </Fragment>
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Modal>
  );
}
