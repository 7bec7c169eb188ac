//! Invitations, also from the server's own command line.

use super::session::{new_token, token_hash};
use baton_domain::account::{INVITATION_MS, Role, account_email};
use baton_domain::audit::By;
use baton_domain::id::{InvitationId, WorkspaceId};
use baton_domain::secret::Secret;
use baton_store::accounts::NewInvitation;
use baton_store::audit::AuditEntry;
use baton_store::{Store, StoreError};

/// Path of the page that takes an invitation, before its `#` and the token.
pub const INVITATION_PATH: &str = "/admin/invitation";

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The address is none.
    #[error("this is no e-mail address")]
    Email,
    /// There is no such workspace.
    #[error("there is no such workspace; `GET /api/v1/workspaces` lists them")]
    Workspace,
    /// They are in the workspace, or it is full.
    #[error("somebody of this address is in the workspace already, or it has no room")]
    Refused,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Invites somebody, as who has the server's data may, and gives the path and token of the link,
/// to put behind the address of the server. Without a workspace it is the oldest.
///
/// # Errors
/// [`InviteError`].
pub async fn invite_from_here(
    store: &Store,
    email: &str,
    role: Role,
    workspace: Option<WorkspaceId>,
) -> Result<Secret, InviteError> {
    let email = account_email(email).ok_or(InviteError::Email)?;
    let snapshot = store.snapshot();
    let workspace = match workspace {
        Some(id) => snapshot.workspaces.contains_key(&id).then_some(id),
        None => snapshot.workspaces.keys().min().copied(),
    };
    let workspace = workspace.ok_or(InviteError::Workspace)?;
    let (id, now, token) = (store.new_id::<InvitationId>(), store.now(), new_token(store));
    let after = serde_json::json!({"email": email, "role": role.as_str()});
    let invitation = NewInvitation {
        id,
        token: token_hash(token.reveal()),
        workspace,
        email: email.clone(),
        role,
        now,
        expires_at: now.plus_ms(INVITATION_MS),
        idempotency: None,
        entry: AuditEntry {
            workspace,
            at: now,
            by: By::system("baton invite"),
            action: "invitation.create".to_owned(),
            subject_kind: "invitation".to_owned(),
            subject: Some(id.to_string()),
            subject_name: Some(email),
            before: None,
            after: Some(after),
        },
    };
    store.invite(invitation).await?.map_err(|_| InviteError::Refused)?;
    Ok(Secret::new(format!("{INVITATION_PATH}#{}", token.reveal())))
}
