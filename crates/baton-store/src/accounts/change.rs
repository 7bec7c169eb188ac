use super::TokenHash;
use crate::audit::AuditEntry;
use crate::capture::Idempotency;
use crate::command::{Command, Reply};
use crate::docs::DocWrite;
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::account::Role;
use baton_domain::id::{InvitationId, SessionId, UserId, WorkspaceId};
use baton_domain::secret::Secret;
use baton_domain::time::Millis;

/// Why a change was not made: an expected conflict, not an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// What it was about is not there any more, or was used.
    Gone,
    /// Somebody of that address is there already.
    Taken,
    /// What the caller had read has changed since, or the code was used meanwhile.
    Stale,
    /// The workspace would be without an owner.
    LastOwner,
    /// There are as many as there may be.
    TooMany,
}

/// A person to be made.
#[derive(Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// Their address in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their password, hashed.
    pub password: Secret,
}

/// A session to be opened.
#[derive(Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Its token.
    pub token: TokenHash,
    /// When it ends whatever happens.
    pub expires_at: Millis,
    /// The address they sign in from.
    pub ip: Option<String>,
    /// The browser, in its own words.
    pub user_agent: Option<String>,
    /// The session that was open in that browser: it ends.
    pub replaces: Option<TokenHash>,
}

/// The first user.
#[derive(Clone)]
pub struct SetUp {
    /// The link's token.
    pub link: TokenHash,
    /// The person, who becomes owner of every workspace there is.
    pub user: NewUser,
    /// Documents that change with it: the name of the workspace.
    pub writes: Vec<DocWrite>,
    /// Their session.
    pub session: NewSession,
    /// The present.
    pub now: Millis,
    /// What the audit says.
    pub entries: Vec<AuditEntry>,
}

/// How the second factor was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FactorUse {
    /// They have none.
    None,
    /// By the code of that time step.
    Step(i64),
    /// By the recovery code of that hash.
    Recovery(TokenHash),
}

/// Somebody signs in.
#[derive(Clone)]
pub struct SignIn {
    /// Who.
    pub user: UserId,
    /// The hashed password that was compared: it must still be theirs.
    pub password: Secret,
    /// Their second factor.
    pub factor: FactorUse,
    /// Their session.
    pub session: NewSession,
    /// The present.
    pub now: Millis,
    /// What the audit says.
    pub entries: Vec<AuditEntry>,
}

/// A session that gets a new token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Its token so far.
    pub from: TokenHash,
    /// Its token from now on.
    pub to: TokenHash,
}

/// Which sessions of a person end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The one of that id.
    One(SessionId),
    /// All but the one of that token.
    Others(TokenHash),
}

/// A new password. All other sessions end.
#[derive(Clone)]
pub struct NewPassword {
    /// Whose.
    pub user: UserId,
    /// The hashed password that was compared: it must still be theirs.
    pub was: Secret,
    /// The new one, hashed.
    pub new: Secret,
    /// The caller's session.
    pub rotation: Rotation,
    /// The present.
    pub now: Millis,
    /// What the audit says.
    pub entries: Vec<AuditEntry>,
}

/// What happens to a second factor.
#[derive(Clone)]
pub enum FactorChange {
    /// A secret was made up; it counts when a code of it was typed.
    Asked {
        /// The secret, sealed.
        secret: Vec<u8>,
    },
    /// The right code was typed. All other sessions end.
    Confirmed {
        /// The secret as it was asked for: it must still be the one.
        secret: Vec<u8>,
        /// The time step of the code.
        step: i64,
        /// Hashes of the recovery codes.
        codes: Vec<TokenHash>,
        /// The caller's session.
        rotation: Rotation,
    },
    /// It is taken away. All other sessions end.
    Removed {
        /// The hashed password that was compared: it must still be theirs.
        password: Secret,
        /// The caller's session.
        rotation: Rotation,
    },
}

/// An invitation to be made. An earlier one of that address into that workspace ends.
#[derive(Clone)]
pub struct NewInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Its token.
    pub token: TokenHash,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who is invited, in lower case.
    pub email: String,
    /// As what.
    pub role: Role,
    /// The present.
    pub now: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// `Idempotency-Key` of the caller with the status and the sealed answer it will get.
    pub idempotency: Option<(Idempotency, u16, Vec<u8>)>,
    /// What the audit says.
    pub entry: AuditEntry,
}

/// Who accepts an invitation.
#[derive(Clone)]
pub enum Joining {
    /// Somebody who is not known yet.
    New(NewUser),
    /// Somebody who is.
    Known {
        /// Who.
        user: UserId,
        /// The hashed password that was compared: it must still be theirs.
        password: Secret,
        /// Their second factor.
        factor: FactorUse,
    },
}

/// An invitation that is accepted.
#[derive(Clone)]
pub struct Accept {
    /// Its token.
    pub token: TokenHash,
    /// By whom.
    pub by: Joining,
    /// Their session.
    pub session: NewSession,
    /// The present.
    pub now: Millis,
    /// What the audit says.
    pub entry: AuditEntry,
}

/// Another role for somebody, or none.
#[derive(Clone)]
pub struct RoleChange {
    /// Where.
    pub workspace: WorkspaceId,
    /// Whose.
    pub user: UserId,
    /// The role they must still have.
    pub from: Role,
    /// The role they get; `None`: they are out, and their sessions end if they are nowhere else.
    pub to: Option<Role>,
    /// The present.
    pub now: Millis,
    /// What the audit says.
    pub entry: AuditEntry,
}

pub(crate) enum AccountCommand {
    OfferSetup { link: TokenHash, now: Millis },
    SetUp(SetUp),
    SignIn(SignIn),
    Seen { token: TokenHash, now: Millis },
    End { user: UserId, which: Ending, entries: Vec<AuditEntry> },
    Password(NewPassword),
    Factor { user: UserId, change: FactorChange, now: Millis, entries: Vec<AuditEntry> },
    Rename { user: UserId, name: String, now: Millis, entries: Vec<AuditEntry> },
    Invite(NewInvitation),
    Withdraw { workspace: WorkspaceId, id: InvitationId, entry: AuditEntry },
    Accept(Accept),
    Role(RoleChange),
    AddWorkspace { writes: Vec<DocWrite>, workspace: WorkspaceId, owner: UserId, now: Millis },
}

/// What came of a change of accounts.
type Outcome = Result<(), Refusal>;

impl Store {
    async fn account(&self, command: AccountCommand) -> Result<Outcome, StoreError> {
        match self.write(Command::Account(Box::new(command))).await? {
            Reply::Account(outcome) => Ok(outcome),
            _ => Err(StoreError::Closed),
        }
    }

    /// Makes a link that makes the first user; refused as gone when there is one.
    pub async fn offer_setup(&self, link: TokenHash) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::OfferSetup { link, now: self.now() }).await
    }

    /// Makes the first user, if the link is one and there is none yet.
    pub async fn set_up(&self, set_up: SetUp) -> Result<Outcome, StoreError> {
        let writes = !set_up.writes.is_empty();
        let outcome = self.account(AccountCommand::SetUp(set_up)).await?;
        if writes {
            self.refresh().await?;
        }
        Ok(outcome)
    }

    /// Opens a session for somebody who has shown who they are.
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::SignIn(sign_in)).await
    }

    /// Writes down that a session is used.
    pub async fn session_seen(&self, token: TokenHash, now: Millis) -> Result<(), StoreError> {
        self.account(AccountCommand::Seen { token, now }).await.map(|_| ())
    }

    /// Ends sessions of a person; refused as gone when there was none to end.
    pub async fn end_sessions(
        &self,
        user: UserId,
        which: Ending,
        entries: Vec<AuditEntry>,
    ) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::End { user, which, entries }).await
    }

    /// Gives a person a new password.
    pub async fn change_password(&self, change: NewPassword) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Password(change)).await
    }

    /// Changes a person's second factor.
    pub async fn change_factor(
        &self,
        user: UserId,
        change: FactorChange,
        now: Millis,
        entries: Vec<AuditEntry>,
    ) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Factor { user, change, now, entries }).await
    }

    /// Gives a person another name.
    pub async fn rename_user(
        &self,
        user: UserId,
        name: String,
        now: Millis,
        entries: Vec<AuditEntry>,
    ) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Rename { user, name, now, entries }).await
    }

    /// Invites somebody into a workspace.
    pub async fn invite(&self, invitation: NewInvitation) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Invite(invitation)).await
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(
        &self,
        workspace: WorkspaceId,
        id: InvitationId,
        entry: AuditEntry,
    ) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Withdraw { workspace, id, entry }).await
    }

    /// Lets somebody in by an invitation.
    pub async fn accept_invitation(&self, accept: Accept) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Accept(accept)).await
    }

    /// Changes what somebody is in a workspace.
    pub async fn change_role(&self, change: RoleChange) -> Result<Outcome, StoreError> {
        self.account(AccountCommand::Role(change)).await
    }

    /// Makes a workspace by these writes, with its owner, and takes it into the snapshot.
    ///
    /// # Errors
    /// Those of [`Store::change_docs`], among them [`StoreError::Replayed`].
    pub async fn add_workspace(
        &self,
        writes: Vec<DocWrite>,
        workspace: WorkspaceId,
        owner: UserId,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let command = AccountCommand::AddWorkspace { writes, workspace, owner, now };
        self.account(command).await?.map_err(|_| StoreError::Closed)?;
        self.refresh().await
    }
}
