//! `/api/v1/auth/invitations`: what who was invited sees, and how they come in.

use super::proof::{Typed, failed, prove};
use super::{new_user, welcome};
use crate::api::answer;
use crate::api::input::{Body, Faults};
use crate::api::me::workspace_name;
use crate::auth::{Client, new_token, token_hash};
use crate::problem::{Code, Path, Problem};
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use baton_domain::account::Role;
use baton_domain::audit::Actor;
use baton_domain::id::UserId;
use baton_domain::secret::Secret;
use baton_store::accounts::{Accept, Invitation, Joining, Refusal};
use baton_store::audit::AuditEntry;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// An invitation, for who was invited.
#[derive(Serialize, ToSchema)]
pub struct InvitedView {
    /// The e-mail address it was made for.
    pub email: String,
    /// Name of the workspace.
    pub workspace: String,
    /// What they will be there.
    pub role: Role,
    /// Whether the address has an account here already: its password is asked for, else a new one.
    pub known: bool,
}

async fn find(state: &AppState, token: &str) -> Result<Invitation, Problem> {
    let found = state.store.invitation(&token_hash(token), state.store.now()).await?;
    found.ok_or_else(gone)
}

/// Whether an address has an account.
enum Account {
    /// It has none.
    None,
    /// It has one that belongs nowhere any more: it begins anew, with another password.
    Former(UserId),
    /// It has one.
    Known,
}

async fn account(state: &AppState, email: &str) -> Result<Account, Problem> {
    let Some(user) = state.store.user_by_email(email).await? else { return Ok(Account::None) };
    match state.store.memberships(user.id).await?.is_empty() {
        true => Ok(Account::Former(user.id)),
        false => Ok(Account::Known),
    }
}

fn gone() -> Problem {
    let detail = "this invitation was used, taken back or has ended; ask for another";
    Problem::new(Code::NotFound, detail)
}

/// Read an invitation
#[utoipa::path(get, path = "/api/v1/auth/invitations/{token}", tag = "auth",
    params(("token" = String, Path)), responses((status = 200, body = InvitedView)), security(()))]
pub(in crate::api) async fn get_invited(
    State(state): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let invitation = find(&state, &token).await?;
    let known = matches!(account(&state, &invitation.email).await?, Account::Known);
    let view = InvitedView {
        workspace: workspace_name(&state, invitation.workspace).await?,
        email: invitation.email,
        role: invitation.role,
        known,
    };
    answer::json(StatusCode::OK, &view)
}

/// How somebody accepts an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInput {
    /// Their name; not needed from who has an account.
    #[serde(default)]
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The password of their account, or of the one that is made: at least 12 characters.
    #[schema(format = "password")]
    password: String,
    /// The code their app shows, or a recovery code, for who has a second factor.
    #[serde(default)]
    code: Option<String>,
}

/// Accept an invitation
///
/// Makes the account if there is none, lets it into the workspace, and signs in: the answer sets
/// the session's cookie.
#[utoipa::path(post, path = "/api/v1/auth/invitations/{token}/accept", tag = "auth",
    params(("token" = String, Path)), request_body = AcceptInput,
    responses((status = 200, body = crate::api::me::MeView)), security(()))]
pub(in crate::api) async fn accept_invitation(
    State(state): State<AppState>,
    client: Client,
    Path(token): Path<String>,
    Body(input): Body<AcceptInput>,
) -> Result<Response, Problem> {
    let invitation = find(&state, &token).await?;
    let account = account(&state, &invitation.email).await?;
    let (by, guess, actor) = if matches!(account, Account::Known) {
        let typed = Typed {
            email: &invitation.email,
            password: Secret::new(input.password),
            code: input.code.as_deref(),
        };
        let proven = prove(&state, &client, typed).await?;
        let actor = client.by(Actor::User(proven.user.id), &proven.user.name);
        let (password, factor) = (proven.user.password, proven.factor);
        (Joining::Known { user: proven.user.id, password, factor }, Some(proven.guess), actor)
    } else {
        let name = input.name.unwrap_or_default();
        let typed = (invitation.email.as_str(), name.as_str(), input.password.as_str());
        let mut user = new_user(&state, typed, Faults::default()).await?;
        if let Account::Former(id) = account {
            user.id = id;
        }
        let actor = client.by(Actor::User(user.id), &user.name);
        (Joining::New(user), None, actor)
    };
    let now = state.store.now();
    let session_token = new_token(&state.store);
    let accept = Accept {
        token: token_hash(&token),
        by,
        session: client.new_session(&state.store, &session_token, now),
        now,
        entry: AuditEntry {
            workspace: invitation.workspace,
            at: now,
            subject_kind: "user".to_owned(),
            subject: actor.actor.id_text(),
            by: actor,
            action: "invitation.accept".to_owned(),
            subject_name: Some(invitation.email),
            before: None,
            after: Some(json!({"role": invitation.role.as_str()})),
        },
    };
    match state.store.accept_invitation(accept).await? {
        Ok(()) => {}
        Err(Refusal::Stale) => return Err(failed()),
        Err(_) => return Err(gone()),
    }
    if let Some(guess) = guess {
        state.accounts.guesses.right(guess);
    }
    welcome(&state, &client, &session_token, StatusCode::OK).await
}
