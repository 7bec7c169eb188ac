import { Menu } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { Check, ChevronsUpDown, Plus } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { chooseWorkspace } from '@/api/session';
import { useMe } from '@/api/use-me';
import { roles } from '@/words';
import { Brand } from './Brand';
import classes from './WorkspaceSwitch.module.css';

const NewWorkspaceDialog = lazy(() => import('./NewWorkspaceDialog'));

/** Whose data this is, and the way to the others when there are some. */
export function WorkspaceSwitch() {
  const person = useMe();
  const { basepath } = useRouter();
  const [making, setMaking] = useState(false);
  const all = person.workspaces ?? [];
  const mayMake = person.role === 'owner';
  const name = (
    <>
      <Brand />
      <span className={classes.words}>
        <span className={classes.name}>{person.workspace}</span>
        <span className={classes.role}>
          {person.role === undefined ? 'API key' : roles[person.role]?.label}
        </span>
      </span>
    </>
  );
  if (all.length < 2 && !mayMake) return <div className={classes.root}>{name}</div>;
  const go = (id: string): void => {
    if (id === person.workspace_id) return;
    chooseWorkspace(id);
    // The page is loaded anew: nothing of one workspace may be seen in another.
    location.assign(`${basepath}/?ws=${encodeURIComponent(id)}`);
  };
  return (
    <>
      <Menu width={240} position="bottom-start">
        <Menu.Target>
          <button type="button" className={classes.root} data-button>
            {name}
            <span className="bt-hidden">, switch workspace</span>
            <ChevronsUpDown size={14} aria-hidden="true" />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Workspaces</Menu.Label>
          {all.map((one) => (
            <Menu.Item
              key={one.id}
              onClick={() => {
                go(one.id);
              }}
              rightSection={one.id === person.workspace_id ? <Check size={15} aria-label="current" /> : null}
            >
              <span className="bt-outside">{one.name}</span>
            </Menu.Item>
          ))}
          {mayMake && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<Plus size={15} />} onClick={() => { setMaking(true); }}>
                New workspace
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {making && (
        <Suspense>
          <NewWorkspaceDialog
            onClose={() => { setMaking(false); }}
            onMade={(id) => {
              setMaking(false);
              go(id);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
