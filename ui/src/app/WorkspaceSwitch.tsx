import { Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, ChevronsUpDown } from 'lucide-react';
import { chooseWorkspace } from '@/api/session';
import { useMe } from '@/api/use-me';
import { roles } from '@/words';
import { Brand } from './Brand';
import classes from './WorkspaceSwitch.module.css';

/** Whose data this is, and the way to the others when there are some. */
export function WorkspaceSwitch() {
  const person = useMe();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const all = person.workspaces ?? [];
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
  if (all.length < 2) return <div className={classes.root}>{name}</div>;
  const go = (id: string): void => {
    if (id === person.workspace_id) return;
    chooseWorkspace(id);
    // Nothing of one workspace may be seen in another.
    queryClient.clear();
    void navigate({ to: '/', search: { ws: id } });
  };
  return (
    <Menu width={240} position="bottom-start">
      <Menu.Target>
        <button type="button" className={classes.root} data-button aria-label={`Workspace ${person.workspace}, switch`}>
          {name}
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
      </Menu.Dropdown>
    </Menu>
  );
}
