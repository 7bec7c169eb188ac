use super::{Invitation, Member, Membership, Session, SignedIn, TokenHash, User};
use crate::db::{Row, Value, id};
use crate::error::StoreError;
use crate::leads::PAGE_MAX;
use crate::store::{Store, WorkspaceStore};
use baton_domain::account::{Role, session_is_live};
use baton_domain::id::{InvitationId, UserId};
use baton_domain::secret::Secret;
use baton_domain::time::Millis;

/// Most workspaces of one person that are read.
const MEMBERSHIPS_MAX: u32 = 200;

const USER: &str = "u.id, u.email, u.name, u.password, u.factor, u.factor_asked, u.factor_step";
const USER_COLUMNS: usize = 7;
const SESSION: &str = "s.id, s.token, s.created_at, s.seen_at, s.expires_at, s.ip, s.user_agent";
const INVITATION: &str = "id, ws, email, role, created_at, expires_at";

fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.id(0)?,
        email: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        password: Secret::new(row.text(3)?),
        factor: row.opt_bytes(4)?,
        factor_asked: row.opt_bytes(5)?,
        factor_step: row.opt_int(6)?,
    })
}

fn token(row: &Row, column: usize) -> Result<TokenHash, StoreError> {
    row.bytes(column)?
        .try_into()
        .map_err(|_| StoreError::Damaged { what: "token", detail: "it is not 32 bytes".to_owned() })
}

fn session(row: &Row, from: usize) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.id(from)?,
        token: token(row, from + 1)?,
        created_at: row.millis(from + 2)?,
        seen_at: row.millis(from + 3)?,
        expires_at: row.millis(from + 4)?,
        ip: row.opt_text(from + 5)?,
        user_agent: row.opt_text(from + 6)?,
    })
}

/// The role in a column. A word nobody knows, from a later release, allows the least.
fn role(row: &Row, column: usize) -> Result<Role, StoreError> {
    Ok(Role::parse(row.text(column)?).unwrap_or(Role::Viewer))
}

fn invitation(row: &Row) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.id(0)?,
        workspace: row.id(1)?,
        email: row.text(2)?.to_owned(),
        role: role(row, 3)?,
        created_at: row.millis(4)?,
        expires_at: row.millis(5)?,
    })
}

impl Store {
    /// Whether anybody can sign in yet.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(!self.query("SELECT 1 FROM users LIMIT 1", &[]).await?.is_empty())
    }

    /// Whether a link to make the first user is one.
    pub async fn is_setup_link(&self, hash: &TokenHash) -> Result<bool, StoreError> {
        let params = [Value::Bytes(hash.to_vec())];
        Ok(!self.query("SELECT 1 FROM setup WHERE token = ?1", &params).await?.is_empty())
    }

    /// The person whose session that is, if it is live at `now`.
    pub async fn signed_in(
        &self,
        hash: &TokenHash,
        now: Millis,
    ) -> Result<Option<SignedIn>, StoreError> {
        let sql = format!(
            "SELECT {USER}, {SESSION} FROM sessions s JOIN users u ON u.id = s.usr \
             WHERE s.token = ?1"
        );
        let rows = self.query(&sql, &[Value::Bytes(hash.to_vec())]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (user, session) = (user(row)?, session(row, USER_COLUMNS)?);
        if !session_is_live(session.seen_at, session.expires_at, now) {
            return Ok(None);
        }
        let memberships = self.memberships(user.id).await?;
        Ok(Some(SignedIn { session, user, memberships }))
    }

    /// Where a person belongs, longest first.
    pub async fn memberships(&self, of: UserId) -> Result<Vec<Membership>, StoreError> {
        let sql = format!(
            "SELECT ws, role FROM members WHERE usr = ?1 ORDER BY created_at, ws \
             LIMIT {MEMBERSHIPS_MAX}"
        );
        let rows = self.query(&sql, &[id(of)]).await?;
        rows.iter()
            .map(|row| Ok(Membership { workspace: row.id(0)?, role: role(row, 1)? }))
            .collect()
    }

    /// The person of that address, in lower case.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let sql = format!("SELECT {USER} FROM users u WHERE u.email = ?1");
        let rows = self.query(&sql, &[email.into()]).await?;
        rows.first().map(user).transpose()
    }

    /// A person's sessions that are live at `now`, the newest first.
    pub async fn sessions(&self, of: UserId, now: Millis) -> Result<Vec<Session>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM sessions s WHERE s.usr = ?1 ORDER BY s.id DESC");
        let rows = self.query(&sql, &[id(of)]).await?;
        let sessions: Result<Vec<_>, _> = rows.iter().map(|row| session(row, 0)).collect();
        let mut sessions = sessions?;
        sessions.retain(|s| session_is_live(s.seen_at, s.expires_at, now));
        Ok(sessions)
    }

    /// How many of a person's recovery codes were not used yet.
    pub async fn recovery_codes_left(&self, of: UserId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM recovery_codes WHERE usr = ?1";
        let rows = self.query(sql, &[id(of)]).await?;
        let count = rows.first().map_or(Ok(0), |row| row.int(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The invitation of that token, if it can be accepted at `now`.
    pub async fn invitation(
        &self,
        hash: &TokenHash,
        now: Millis,
    ) -> Result<Option<Invitation>, StoreError> {
        let sql =
            format!("SELECT {INVITATION} FROM invitations WHERE token = ?1 AND expires_at > ?2");
        let rows = self.query(&sql, &[Value::Bytes(hash.to_vec()), now.into()]).await?;
        rows.first().map(invitation).transpose()
    }
}

impl WorkspaceStore {
    /// The people of the workspace after that one, in the order they were made; at most
    /// [`PAGE_MAX`] and one more.
    pub async fn members(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let mut sql = String::from(
            "SELECT m.usr, u.email, u.name, m.role, u.factor IS NOT NULL, m.created_at, u.seen_at \
             FROM members m JOIN users u ON u.id = m.usr WHERE m.ws = ?1",
        );
        let mut params = vec![id(self.workspace)];
        if let Some(after) = after {
            sql.push_str(" AND m.usr > ?2");
            params.push(id(after));
        }
        sql.push_str(&format!(" ORDER BY m.usr LIMIT {}", limit.min(PAGE_MAX + 1)));
        self.query(&sql, &params).await?.iter().map(member).collect()
    }

    /// One of them.
    pub async fn member(&self, wanted: UserId) -> Result<Option<Member>, StoreError> {
        let sql = "SELECT m.usr, u.email, u.name, m.role, u.factor IS NOT NULL, m.created_at, \
                   u.seen_at FROM members m JOIN users u ON u.id = m.usr \
                   WHERE m.ws = ?1 AND m.usr = ?2";
        let rows = self.query(sql, &[id(self.workspace), id(wanted)]).await?;
        rows.first().map(member).transpose()
    }

    /// Invitations into the workspace that can be accepted at `now`, after that one; at most
    /// [`PAGE_MAX`] and one more.
    pub async fn invitations(
        &self,
        after: Option<InvitationId>,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Invitation>, StoreError> {
        let mut sql =
            format!("SELECT {INVITATION} FROM invitations WHERE ws = ?1 AND expires_at > ?2");
        let mut params = vec![id(self.workspace), now.into()];
        if let Some(after) = after {
            sql.push_str(" AND id > ?3");
            params.push(id(after));
        }
        sql.push_str(&format!(" ORDER BY id LIMIT {}", limit.min(PAGE_MAX + 1)));
        self.query(&sql, &params).await?.iter().map(invitation).collect()
    }
}

fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        user: row.id(0)?,
        email: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        role: role(row, 3)?,
        second_factor: row.flag(4)?,
        created_at: row.millis(5)?,
        seen_at: row.opt_millis(6)?,
    })
}
