//! People: users of the server, what they are in each workspace, their sessions, invitations into
//! workspaces, and the links that make the first user.
//!
//! Tokens are named by their SHA-256, passwords are in PHC form, second factors sealed: nothing
//! read here opens anything by itself. None of the types shows itself in `Debug`, since they hold
//! addresses and names.

mod change;
mod read;
pub(crate) mod run;

pub(crate) use change::AccountCommand;
pub use change::{
    Accept, Ending, FactorChange, FactorUse, Joining, NewInvitation, NewPassword, NewSession,
    NewUser, Refusal, RoleChange, Rotation, SetUp, SignIn,
};

use baton_domain::account::Role;
use baton_domain::id::{InvitationId, SessionId, UserId, WorkspaceId};
use baton_domain::secret::Secret;
use baton_domain::time::Millis;

/// SHA-256 of a token: of a session, an invitation, a set-up link, or a recovery code.
pub type TokenHash = [u8; 32];

/// Most sessions of a person; the one that was unused longest ends for a new one.
pub const SESSIONS_MAX: u32 = 50;
/// Most people in a workspace, invited ones included.
pub const MEMBERS_MAX: u32 = 500;
/// Most links that make the first user; the oldest ends for a new one.
pub const SETUP_LINKS_MAX: u32 = 8;

/// A person.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their password, hashed, in PHC form.
    pub password: Secret,
    /// The secret of their second factor, sealed.
    pub factor: Option<Vec<u8>>,
    /// One that is not confirmed yet, sealed.
    pub factor_asked: Option<Vec<u8>>,
    /// The last time step of which a code was taken.
    pub factor_step: Option<i64>,
}

/// What a person is in a workspace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Their role there.
    pub role: Role,
}

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, which stays the same when its token changes.
    pub id: SessionId,
    /// Its token.
    pub token: TokenHash,
    /// When they signed in.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub seen_at: Millis,
    /// When it ends whatever happens.
    pub expires_at: Millis,
    /// The address they signed in from.
    pub ip: Option<String>,
    /// The browser, in its own words.
    pub user_agent: Option<String>,
}

/// A person by one of their sessions.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
    /// Where they belong, longest first.
    pub memberships: Vec<Membership>,
}

/// A person as the others in a workspace see them.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub user: UserId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Whether they have a second factor.
    pub second_factor: bool,
    /// Since when they belong to it.
    pub created_at: Millis,
    /// When they were last seen, to the minute.
    pub seen_at: Option<Millis>,
}

/// An invitation that was not accepted yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who is invited, in lower case.
    pub email: String,
    /// As what.
    pub role: Role,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
}
