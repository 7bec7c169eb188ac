//! Who belongs to a workspace.

use super::{Done, add_user, bytes, open_session, prove, recorded};
use crate::accounts::{Accept, Joining, MEMBERS_MAX, NewInvitation, Refusal, RoleChange};
use crate::audit::AuditEntry;
use crate::db::{Tx, id};
use crate::docs::run::remember_answer;
use crate::error::StoreError;
use baton_domain::account::Role;
use baton_domain::id::{InvitationId, UserId, WorkspaceId};
use baton_domain::time::Millis;

/// Puts somebody into a workspace; who is there already stays what they are.
pub(super) async fn add(
    tx: &Tx<'_>,
    user: UserId,
    workspace: WorkspaceId,
    role: Role,
    now: Millis,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO members (usr, ws, role, created_at) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (usr, ws) DO NOTHING";
    let params = [id(user), id(workspace), role.as_str().into(), now.into()];
    tx.execute(sql, &params).await.map(|_| ())
}

pub(super) async fn invite(tx: &Tx<'_>, new: &NewInvitation) -> Done {
    let there = "SELECT 1 FROM members m JOIN users u ON u.id = m.usr \
                 WHERE m.ws = ?1 AND u.email = ?2";
    let of = [id(new.workspace), new.email.as_str().into()];
    if tx.query_opt(there, &of).await?.is_some() {
        return Ok(Err(Refusal::Taken));
    }
    let sql = "DELETE FROM invitations WHERE ws = ?1 AND (email = ?2 OR expires_at <= ?3)";
    tx.execute(sql, &[id(new.workspace), new.email.as_str().into(), new.now.into()]).await?;
    let count = "SELECT (SELECT count(*) FROM members WHERE ws = ?1) \
                 + (SELECT count(*) FROM invitations WHERE ws = ?1)";
    let count = tx.query_opt(count, &[id(new.workspace)]).await?.map_or(Ok(0), |r| r.int(0))?;
    if count >= i64::from(MEMBERS_MAX) {
        return Ok(Err(Refusal::TooMany));
    }
    if let Some((wanted, status, answer)) = &new.idempotency {
        remember_answer(tx, new.now, wanted, *status, answer).await?;
    }
    let sql = "INSERT INTO invitations (token, id, ws, email, role, created_at, expires_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let params = [
        bytes(&new.token),
        id(new.id),
        id(new.workspace),
        new.email.as_str().into(),
        new.role.as_str().into(),
        new.now.into(),
        new.expires_at.into(),
    ];
    let touched = tx.execute(sql, &params).await?;
    recorded(tx, touched, Refusal::Taken, std::slice::from_ref(&new.entry)).await
}

pub(super) async fn withdraw(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    invitation: InvitationId,
    entry: &AuditEntry,
) -> Done {
    let sql = "DELETE FROM invitations WHERE ws = ?1 AND id = ?2";
    let touched = tx.execute(sql, &[id(workspace), id(invitation)]).await?;
    recorded(tx, touched, Refusal::Gone, std::slice::from_ref(entry)).await
}

pub(super) async fn accept(tx: &Tx<'_>, accept: &Accept) -> Done {
    let Accept { token, by, session, now, entry } = accept;
    let sql = "SELECT ws, role FROM invitations WHERE token = ?1 AND expires_at > ?2";
    let found = tx.query_opt(sql, &[bytes(token), (*now).into()]).await?;
    let Some(found) = found else { return Ok(Err(Refusal::Gone)) };
    let role = Role::parse(found.text(1)?).unwrap_or(Role::Viewer);
    let user = match by {
        Joining::New(user) => {
            if !add_user(tx, user, *now).await? {
                return Ok(Err(Refusal::Taken));
            }
            user.id
        }
        Joining::Known { user, password, factor } => {
            if !prove(tx, *user, password, *factor, *now).await? {
                return Ok(Err(Refusal::Stale));
            }
            *user
        }
    };
    tx.execute("DELETE FROM invitations WHERE token = ?1", &[bytes(token)]).await?;
    add(tx, user, found.id(0)?, role, *now).await?;
    open_session(tx, user, session, *now).await?;
    recorded(tx, 1, Refusal::Gone, std::slice::from_ref(entry)).await
}

pub(super) async fn change_role(tx: &Tx<'_>, change: &RoleChange) -> Done {
    let RoleChange { workspace, user, from, to, now, entry } = change;
    let of = [id(*workspace), id(*user)];
    // Two owners who take each other out at one time wait for each other's rows here.
    let sql = "UPDATE members SET role = role WHERE ws = ?1 AND role = 'owner'";
    let owners = tx.execute(sql, &of[..1]).await?;
    let sql = "SELECT role FROM members WHERE ws = ?1 AND usr = ?2";
    let Some(found) = tx.query_opt(sql, &of).await? else { return Ok(Err(Refusal::Gone)) };
    if found.text(0)? != from.as_str() {
        return Ok(Err(Refusal::Stale));
    }
    if *from == Role::Owner && *to != Some(Role::Owner) && owners <= 1 {
        return Ok(Err(Refusal::LastOwner));
    }
    match to {
        Some(to) => {
            let sql = "UPDATE members SET role = ?3 WHERE ws = ?1 AND usr = ?2";
            tx.execute(sql, &[of[0].clone(), of[1].clone(), to.as_str().into()]).await?;
        }
        None => {
            tx.execute("DELETE FROM members WHERE ws = ?1 AND usr = ?2", &of).await?;
            // Who belongs nowhere has nothing to be signed in for.
            let sql = "DELETE FROM sessions WHERE usr = ?1 \
                       AND NOT EXISTS (SELECT 1 FROM members WHERE usr = ?1)";
            tx.execute(sql, &of[1..]).await?;
        }
    }
    let sql = "UPDATE users SET updated_at = ?2 WHERE id = ?1";
    tx.execute(sql, &[id(*user), (*now).into()]).await?;
    recorded(tx, 1, Refusal::Gone, std::slice::from_ref(entry)).await
}
