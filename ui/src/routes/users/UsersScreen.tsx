import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { UserPlus, Users } from 'lucide-react';
import { useMe } from '@/api/use-me';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Page } from '@/components/Page';
import { RelativeTime } from '@/components/RelativeTime';
import { Mark } from '@/components/StatusPill';
import { roles } from '@/words';
import { type Invited, invitationList, type Member, memberList, whyFixed } from './api';
import { InviteDialog } from './InviteDialog';
import { InvitationActions, MemberActions, RoleMenu } from './MemberActions';
import { usersRoute } from './route';
import classes from './Users.module.css';

/** Users: who works in this workspace, and what they may do. */
export default function UsersScreen() {
  const search = usersRoute.useSearch();
  const navigate = useNavigate({ from: usersRoute.fullPath });
  const person = useMe();
  const query = useInfiniteQuery(memberList);
  const invited = useInfiniteQuery(invitationList);
  const members = query.data?.pages.flatMap((page) => page.rows);
  const invitations = invited.data?.pages.flatMap((page) => page.rows);
  const add = (
    <Button leftSection={<UserPlus size={15} />} onClick={() => void navigate({ search: { invite: 'new' } })}>
      Invite somebody
    </Button>
  );
  return (
    <Page
      wide
      title="Users"
      intro="People with an account, and what each may do in this workspace. A change counts at once."
      actions={add}
    >
      <DataTable
        label="Users"
        columns={memberColumns(members ?? [], person.id, person.role)}
        rows={members}
        rowKey={(member) => member.id}
        state={query}
        empty={<EmptyState icon={Users} title="Nobody yet" action={add}>People sign in with their own account; keys are for programs.</EmptyState>}
        more={{ has: query.hasNextPage, loading: query.isFetchingNextPage, load: () => void query.fetchNextPage() }}
      />
      {invitations && invitations.length > 0 && (
        <section className={classes.invitations} aria-label="Invitations">
          <h2 className={classes.title}>Invited, not here yet</h2>
          <DataTable
            label="Invitations"
            columns={INVITATION_COLUMNS}
            rows={invitations}
            rowKey={(one) => one.id}
            state={invited}
            empty={null}
            more={{ has: invited.hasNextPage, loading: invited.isFetchingNextPage, load: () => void invited.fetchNextPage() }}
          />
        </section>
      )}
      <section className={classes.roles} aria-label="What roles may do">
        <h2 className={classes.title}>What roles may do</h2>
        <dl>
          {Object.values(roles).map((role) => (
            <div key={role.label}>
              <dt>{role.label}</dt>
              <dd>{role.means}</dd>
            </div>
          ))}
        </dl>
        <p className="bt-dim">
          A workspace always has an owner: the last one cannot step down or be removed before somebody else is made one.
        </p>
      </section>
      {search.invite !== undefined && <InviteDialog onClose={() => void navigate({ search: {} })} />}
    </Page>
  );
}

function memberColumns(members: readonly Member[], ownId: string, own: Member['role'] | undefined): readonly Column<Member>[] {
  const fixed = (member: Member): string | undefined => whyFixed(member, members, own);
  return [
    {
      id: 'name',
      header: 'Name',
      card: 'title',
      cell: (member) => (
        <span className={classes.person}>
          <span className="bt-cut">
            <strong>{member.name}</strong> {member.id === ownId && <Mark>You</Mark>}
          </span>
          <span className="bt-cut bt-dim">{member.email}</span>
        </span>
      ),
    },
    { id: 'role', header: 'Role', width: '150px', card: 'side', cell: (member) => <RoleMenu member={member} fixed={fixed(member)} /> },
    {
      id: 'factor',
      header: 'Second factor',
      width: '130px',
      card: 'line',
      cell: (member) => (member.second_factor ? 'Second factor on' : <span className="bt-dim">Only a password</span>),
    },
    { id: 'seen', header: 'Last seen', width: '110px', card: 'line', cell: (member) => <RelativeTime at={member.seen_at} none="never" /> },
    { id: 'since', header: 'Since', width: '100px', cell: (member) => <RelativeTime at={member.created_at} /> },
    { id: 'actions', header: '', width: '110px', align: 'right', card: 'line', cell: (member) => <MemberActions member={member} fixed={fixed(member)} /> },
  ];
}

const INVITATION_COLUMNS: readonly Column<Invited>[] = [
  { id: 'email', header: 'E-mail', card: 'title', cell: (one) => <span className="bt-cut">{one.email}</span> },
  { id: 'role', header: 'Role', width: '150px', card: 'side', cell: (one) => roles[one.role]?.label ?? one.role },
  { id: 'expires', header: 'Ends', width: '130px', card: 'line', cell: (one) => <RelativeTime at={one.expires_at} /> },
  { id: 'actions', header: '', width: '110px', align: 'right', card: 'line', cell: (one) => <InvitationActions one={one} /> },
];
