import { Button, Menu, Tooltip } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Check, ChevronDown } from 'lucide-react';
import { useState } from 'react';
import { me, type Role } from '@/api/accounts';
import type { Problem } from '@/api/problem';
import { useMe } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { toast } from '@/components/toast';
import { roles } from '@/words';
import { changeRole, type Invited, type Member, memberList, removeMember, revokeInvitation, rolesToGive } from './api';
import classes from './Users.module.css';

const roleLabel = (role: Role): string => roles[role]?.label ?? role;

function useRenew(): () => Promise<void> {
  const queryClient = useQueryClient();
  return async () => {
    await queryClient.invalidateQueries({ queryKey: memberList.queryKey });
    await queryClient.invalidateQueries({ queryKey: me.queryKey });
  };
}

/** The role of a member, and the others it can become. */
export function RoleMenu({ member, fixed }: { member: Member; fixed: string | undefined }) {
  const person = useMe();
  const renew = useRenew();
  const [wanted, setWanted] = useState<Role>();
  const change = useMutation<Member, Problem, Role>({
    mutationFn: (role) => changeRole(member.id, role),
    onSuccess: async (_, role) => {
      setWanted(undefined);
      toast(`${member.name} is now ${roleLabel(role).toLowerCase()}`);
      await renew();
    },
  });
  if (fixed !== undefined) {
    return (
      <Tooltip label={fixed} multiline w={240}>
        <span className={classes.fixed} tabIndex={0}>
          {roleLabel(member.role)}
          <span className="bt-hidden">. {fixed}</span>
        </span>
      </Tooltip>
    );
  }
  const isOwn = member.id === person.id;
  return (
    <>
      <Menu position="bottom-start" width={300}>
        <Menu.Target>
          <Button size="compact-sm" variant="default" rightSection={<ChevronDown size={13} />} aria-label={`Role of ${member.name}: ${roleLabel(member.role)}`}>
            {roleLabel(member.role)}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {rolesToGive(person.role).map((role) => (
            <Menu.Item key={role} leftSection={<Check size={14} style={{ visibility: role === member.role ? 'visible' : 'hidden' }} />} onClick={() => { if (role !== member.role) setWanted(role); }}>
              <strong>{roleLabel(role)}</strong>
              <span className={classes.means}>{roles[role]?.means}</span>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog
        opened={wanted !== undefined}
        title={`Make ${member.name} ${wanted === undefined ? '' : roleLabel(wanted).toLowerCase()}?`}
        confirmLabel="Change the role"
        danger={isOwn}
        busy={change.isPending}
        error={change.error}
        onCancel={() => { setWanted(undefined); change.reset(); }}
        onConfirm={() => { if (wanted !== undefined) change.mutate(wanted); }}
      >
        {wanted !== undefined && <p style={{ margin: 0 }}>{roleLabel(wanted)}: {roles[wanted]?.means}</p>}
        {isOwn && <p><strong>This is you.</strong> You may not be able to take it back yourself.</p>}
      </ConfirmDialog>
    </>
  );
}

export function MemberActions({ member, fixed }: { member: Member; fixed: string | undefined }) {
  const person = useMe();
  const renew = useRenew();
  const [asks, setAsks] = useState(false);
  const isOwn = member.id === person.id;
  const remove = useMutation<void, Problem>({
    mutationFn: () => removeMember(member.id),
    onSuccess: async () => {
      setAsks(false);
      toast(`${member.name} is out of the workspace`);
      if (isOwn) location.assign('/admin/');
      await renew();
    },
  });
  if (fixed !== undefined) return null;
  return (
    <>
      <Button size="compact-sm" variant="subtle" aria-label={isOwn ? 'Leave the workspace' : `Remove ${member.name}`} onClick={() => { setAsks(true); }}>
        {isOwn ? 'Leave' : 'Remove'}
      </Button>
      <ConfirmDialog
        opened={asks}
        danger
        title={isOwn ? 'Leave this workspace?' : `Remove ${member.name}?`}
        confirmLabel={isOwn ? 'Leave' : 'Remove'}
        busy={remove.isPending}
        error={remove.error}
        onCancel={() => { setAsks(false); remove.reset(); }}
        onConfirm={() => { remove.mutate(); }}
      >
        <bdi className="bt-outside">{member.email}</bdi> cannot see anything here from now on. The account stays, for other
        workspaces and for the audit log; keys they made go on working.
      </ConfirmDialog>
    </>
  );
}

export function InvitationActions({ one }: { one: Invited }) {
  const renew = useRenew();
  const [asks, setAsks] = useState(false);
  const revoke = useMutation<void, Problem>({
    mutationFn: () => revokeInvitation(one.id),
    onSuccess: async () => {
      setAsks(false);
      await renew();
    },
  });
  return (
    <>
      <Button size="compact-sm" variant="subtle" aria-label={`Take back the invitation of ${one.email}`} onClick={() => { setAsks(true); }}>
        Take back
      </Button>
      <ConfirmDialog opened={asks} danger title="Take the invitation back?" confirmLabel="Take it back" busy={revoke.isPending} error={revoke.error} onCancel={() => { setAsks(false); }} onConfirm={() => { revoke.mutate(); }}>
        The link for <bdi className="bt-outside">{one.email}</bdi> stops working. You can invite them again.
      </ConfirmDialog>
    </>
  );
}
