//! Changes of accounts inside the transaction. What is expected to go wrong is found out before
//! anything is written, so that a refused change has changed nothing.

mod members;

use super::{
    AccountCommand, Ending, FactorChange, FactorUse, NewPassword, NewSession, NewUser, Refusal,
    Rotation, SESSIONS_MAX, SETUP_LINKS_MAX, SetUp, SignIn, TokenHash,
};
use crate::audit::{AuditEntry, record};
use crate::command::{Effects, Reply};
use crate::db::{Tx, Value, id};
use crate::docs::run::run_docs;
use crate::error::StoreError;
use baton_domain::id::UserId;
use baton_domain::secret::Secret;
use baton_domain::time::Millis;

/// The inner result is for the caller, the outer one undoes the transaction.
type Done = Result<Result<(), Refusal>, StoreError>;

fn bytes(hash: &TokenHash) -> Value {
    Value::Bytes(hash.to_vec())
}

pub(crate) async fn run_account(
    tx: &Tx<'_>,
    command: &AccountCommand,
) -> Result<(Reply, Effects), StoreError> {
    let mut effects = Effects::default();
    let outcome = match command {
        AccountCommand::OfferSetup { link, now } => offer_setup(tx, link, *now).await,
        AccountCommand::SetUp(set_up) => run_set_up(tx, set_up, &mut effects).await,
        AccountCommand::SignIn(sign_in) => run_sign_in(tx, sign_in).await,
        AccountCommand::Seen { token, now } => seen(tx, token, *now).await,
        AccountCommand::End { user, which, entries } => end(tx, *user, which, entries).await,
        AccountCommand::Password(change) => password(tx, change).await,
        AccountCommand::Factor { user, change, now, entries } => {
            factor(tx, *user, change, *now, entries).await
        }
        AccountCommand::Rename { user, name, now, entries } => {
            let sql = "UPDATE users SET name = ?2, updated_at = ?3 WHERE id = ?1";
            let touched =
                tx.execute(sql, &[id(*user), name.as_str().into(), (*now).into()]).await?;
            recorded(tx, touched, Refusal::Gone, entries).await
        }
        AccountCommand::Invite(invitation) => members::invite(tx, invitation).await,
        AccountCommand::Withdraw { workspace, id, entry } => {
            members::withdraw(tx, *workspace, *id, entry).await
        }
        AccountCommand::Accept(accept) => members::accept(tx, accept).await,
        AccountCommand::Role(change) => members::change_role(tx, change).await,
        AccountCommand::AddWorkspace { writes, workspace, owner, now } => {
            effects.merge(run_docs(tx, writes).await?.1);
            members::add(tx, *owner, *workspace, baton_domain::account::Role::Owner, *now).await?;
            Ok(Ok(()))
        }
    };
    Ok((Reply::Account(outcome?), effects))
}

/// Writes the lines of a change that touched rows; one that touched none is refused.
async fn recorded(tx: &Tx<'_>, touched: u64, refusal: Refusal, entries: &[AuditEntry]) -> Done {
    if touched == 0 {
        return Ok(Err(refusal));
    }
    for entry in entries {
        record(tx, entry).await?;
    }
    Ok(Ok(()))
}

async fn has_users(tx: &Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.query_opt("SELECT 1 FROM users LIMIT 1", &[]).await?.is_some())
}

async fn offer_setup(tx: &Tx<'_>, link: &TokenHash, now: Millis) -> Done {
    if has_users(tx).await? {
        return Ok(Err(Refusal::Gone));
    }
    let kept = SETUP_LINKS_MAX - 1;
    let sql = format!(
        "DELETE FROM setup WHERE token NOT IN \
         (SELECT token FROM setup ORDER BY created_at DESC LIMIT {kept})"
    );
    tx.execute(&sql, &[]).await?;
    let sql = "INSERT INTO setup (token, created_at) VALUES (?1, ?2)";
    tx.execute(sql, &[bytes(link), now.into()]).await?;
    Ok(Ok(()))
}

async fn run_set_up(tx: &Tx<'_>, set_up: &SetUp, effects: &mut Effects) -> Done {
    let SetUp { link, user, writes, session, now, entries } = set_up;
    // Whoever takes the link away is the one: of two at once the other finds none.
    let sql = "DELETE FROM setup WHERE token = ?1";
    if tx.execute(sql, &[bytes(link)]).await? == 0 || has_users(tx).await? {
        return Ok(Err(Refusal::Gone));
    }
    tx.execute("DELETE FROM setup", &[]).await?;
    if !add_user(tx, user, *now).await? {
        return Ok(Err(Refusal::Taken));
    }
    tx.execute(
        "INSERT INTO members (usr, ws, role, created_at) \
         SELECT ?1, id, 'owner', ?2 FROM docs WHERE kind = 'workspace' AND deleted = 0",
        &[id(user.id), (*now).into()],
    )
    .await?;
    open_session(tx, user.id, session, *now).await?;
    if !writes.is_empty() {
        effects.merge(run_docs(tx, writes).await?.1);
    }
    recorded(tx, 1, Refusal::Gone, entries).await
}

/// Makes a user; false when the address is taken. Somebody of the same id who belongs nowhere any
/// more begins anew: nothing of what they were counts.
async fn add_user(tx: &Tx<'_>, user: &NewUser, now: Millis) -> Result<bool, StoreError> {
    let params = [
        id(user.id),
        user.email.as_str().into(),
        user.name.as_str().into(),
        user.password.reveal().into(),
        now.into(),
    ];
    let anew = "UPDATE users SET name = ?3, password = ?4, factor = NULL, factor_asked = NULL, \
                factor_step = NULL, seen_at = ?5, updated_at = ?5 WHERE id = ?1 AND email = ?2 \
                AND NOT EXISTS (SELECT 1 FROM members m WHERE m.usr = users.id)";
    if tx.execute(anew, &params).await? == 1 {
        tx.execute("DELETE FROM sessions WHERE usr = ?1", &params[..1]).await?;
        tx.execute("DELETE FROM recovery_codes WHERE usr = ?1", &params[..1]).await?;
        return Ok(true);
    }
    let sql = "INSERT INTO users (id, email, name, password, seen_at, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, &params).await? == 1)
}

async fn open_session(
    tx: &Tx<'_>,
    user: UserId,
    session: &NewSession,
    now: Millis,
) -> Result<(), StoreError> {
    if let Some(replaced) = &session.replaces {
        tx.execute("DELETE FROM sessions WHERE token = ?1", &[bytes(replaced)]).await?;
    }
    let kept = SESSIONS_MAX - 1;
    let sql = format!(
        "DELETE FROM sessions WHERE usr = ?1 AND id NOT IN \
         (SELECT id FROM sessions WHERE usr = ?1 ORDER BY seen_at DESC, id DESC LIMIT {kept})"
    );
    tx.execute(&sql, &[id(user)]).await?;
    let sql = "INSERT INTO sessions (token, id, usr, created_at, seen_at, expires_at, ip, \
               user_agent) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)";
    let params = [
        bytes(&session.token),
        id(session.id),
        id(user),
        now.into(),
        session.expires_at.into(),
        session.ip.clone().into(),
        session.user_agent.clone().into(),
    ];
    tx.execute(sql, &params).await.map(|_| ())
}

async fn run_sign_in(tx: &Tx<'_>, sign_in: &SignIn) -> Done {
    let SignIn { user, password, factor, session, now, entries } = sign_in;
    if !prove(tx, *user, password, *factor, *now).await? {
        return Ok(Err(Refusal::Stale));
    }
    open_session(tx, *user, session, *now).await?;
    recorded(tx, 1, Refusal::Gone, entries).await
}

/// Whether what was compared outside of the transaction still holds inside of it: the password is
/// the same, and the code of the second factor was not used by somebody else meanwhile. It is used
/// up here.
async fn prove(
    tx: &Tx<'_>,
    user: UserId,
    password: &Secret,
    factor: FactorUse,
    now: Millis,
) -> Result<bool, StoreError> {
    let mut params = vec![id(user), password.reveal().into(), now.into()];
    let sql = match factor {
        FactorUse::None => {
            "UPDATE users SET seen_at = ?3 WHERE id = ?1 AND password = ?2 AND factor IS NULL"
        }
        FactorUse::Recovery(_) => {
            "UPDATE users SET seen_at = ?3 WHERE id = ?1 AND password = ?2 AND factor IS NOT NULL"
        }
        FactorUse::Step(step) => {
            params.push(step.into());
            "UPDATE users SET seen_at = ?3, factor_step = ?4 WHERE id = ?1 AND password = ?2 \
             AND factor IS NOT NULL AND (factor_step IS NULL OR factor_step < ?4)"
        }
    };
    if tx.execute(sql, &params).await? == 0 {
        return Ok(false);
    }
    let FactorUse::Recovery(code) = factor else { return Ok(true) };
    let sql = "DELETE FROM recovery_codes WHERE usr = ?1 AND code = ?2";
    Ok(tx.execute(sql, &[id(user), bytes(&code)]).await? == 1)
}

async fn seen(tx: &Tx<'_>, token: &TokenHash, now: Millis) -> Done {
    let sql = "UPDATE sessions SET seen_at = ?2 WHERE token = ?1 AND seen_at < ?2";
    tx.execute(sql, &[bytes(token), now.into()]).await?;
    let sql = "UPDATE users SET seen_at = ?2 \
               WHERE id = (SELECT usr FROM sessions WHERE token = ?1)";
    tx.execute(sql, &[bytes(token), now.into()]).await?;
    Ok(Ok(()))
}

async fn end(tx: &Tx<'_>, user: UserId, which: &Ending, entries: &[AuditEntry]) -> Done {
    let touched = match which {
        Ending::One(session) => {
            let sql = "DELETE FROM sessions WHERE usr = ?1 AND id = ?2";
            tx.execute(sql, &[id(user), id(*session)]).await?
        }
        Ending::Others(kept) => end_others(tx, user, kept).await?,
    };
    recorded(tx, touched, Refusal::Gone, entries).await
}

async fn end_others(tx: &Tx<'_>, user: UserId, kept: &TokenHash) -> Result<u64, StoreError> {
    let sql = "DELETE FROM sessions WHERE usr = ?1 AND token <> ?2";
    tx.execute(sql, &[id(user), bytes(kept)]).await
}

/// Gives a session its new token and ends the person's others. One that has ended meanwhile stays
/// so.
async fn rotate(tx: &Tx<'_>, user: UserId, rotation: Rotation) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET token = ?2 WHERE token = ?1 AND usr = ?3";
    tx.execute(sql, &[bytes(&rotation.from), bytes(&rotation.to), id(user)]).await?;
    end_others(tx, user, &rotation.to).await.map(|_| ())
}

async fn password(tx: &Tx<'_>, change: &NewPassword) -> Done {
    let NewPassword { user, was, new, rotation, now, entries } = change;
    let sql = "UPDATE users SET password = ?3, updated_at = ?4 WHERE id = ?1 AND password = ?2";
    let params = [id(*user), was.reveal().into(), new.reveal().into(), (*now).into()];
    let touched = tx.execute(sql, &params).await?;
    if touched > 0 {
        rotate(tx, *user, *rotation).await?;
    }
    recorded(tx, touched, Refusal::Stale, entries).await
}

async fn factor(
    tx: &Tx<'_>,
    user: UserId,
    change: &FactorChange,
    now: Millis,
    entries: &[AuditEntry],
) -> Done {
    let touched = match change {
        FactorChange::Asked { secret } => {
            let sql = "UPDATE users SET factor_asked = ?2, updated_at = ?3 \
                       WHERE id = ?1 AND factor IS NULL";
            tx.execute(sql, &[id(user), Value::Bytes(secret.clone()), now.into()]).await?
        }
        FactorChange::Confirmed { secret, step, .. } => {
            let sql = "UPDATE users SET factor = factor_asked, factor_asked = NULL, \
                       factor_step = ?3, updated_at = ?4 \
                       WHERE id = ?1 AND factor IS NULL AND factor_asked = ?2";
            let params = [id(user), Value::Bytes(secret.clone()), (*step).into(), now.into()];
            tx.execute(sql, &params).await?
        }
        FactorChange::Removed { password, .. } => {
            let sql = "UPDATE users SET factor = NULL, factor_asked = NULL, factor_step = NULL, \
                       updated_at = ?3 WHERE id = ?1 AND password = ?2 AND factor IS NOT NULL";
            tx.execute(sql, &[id(user), password.reveal().into(), now.into()]).await?
        }
    };
    if touched > 0 {
        after_factor(tx, user, change).await?;
    }
    recorded(tx, touched, Refusal::Stale, entries).await
}

async fn after_factor(tx: &Tx<'_>, user: UserId, change: &FactorChange) -> Result<(), StoreError> {
    let (rotation, codes) = match change {
        FactorChange::Asked { .. } => return Ok(()),
        FactorChange::Confirmed { rotation, codes, .. } => (rotation, codes.as_slice()),
        FactorChange::Removed { rotation, .. } => (rotation, &[][..]),
    };
    tx.execute("DELETE FROM recovery_codes WHERE usr = ?1", &[id(user)]).await?;
    for code in codes {
        let sql = "INSERT INTO recovery_codes (usr, code) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        tx.execute(sql, &[id(user), bytes(code)]).await?;
    }
    rotate(tx, user, *rotation).await
}
