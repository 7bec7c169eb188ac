import { Menu, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react';
import { type Me, signOut } from '@/api/accounts';
import { forgetWorkspace } from '@/api/session';
import classes from './AccountMenu.module.css';

const THEMES = [
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
  { value: 'auto', label: 'As the system', icon: Monitor },
] as const;

/** The person's own menu: account, colours, keys, sign out. */
export function AccountMenu({ person, onKeys }: { person: Me; onKeys: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    onSettled: async () => {
      forgetWorkspace();
      await navigate({ to: '/sign-in', search: { ws: undefined } });
      queryClient.clear();
    },
  });
  return (
    <Menu width={250}>
      <Menu.Target>
        <button type="button" className={classes.avatar}>
          <span aria-hidden="true">{initials(person.name)}</span>
          <span className="bt-hidden">Account of {person.name}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <span className="bt-cut">{person.name}</span>
          {person.email !== undefined && <span className={`bt-cut ${classes.mail}`}>{person.email}</span>}
        </div>
        <Menu.Divider />
        {person.kind === 'user' && (
          <Menu.Item component={Link} to="/account" leftSection={<UserRound size={15} />}>
            Your account
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Keyboard size={15} />} onClick={onKeys}>
          Keyboard
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Colours</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => { setColorScheme(value as (typeof THEMES)[number]['value']); }}
        >
          {THEMES.map(({ value, label, icon: Icon }) => (
            <Menu.RadioItem key={value} value={value} rightSection={<Icon size={15} aria-hidden="true" />}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        {person.kind === 'user' && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<LogOut size={15} />} onClick={() => { leave.mutate(); }}>
              Sign out
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase() || '·';
}
