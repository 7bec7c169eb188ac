//! `/api/v1/me`: the key or the person that calls, and what people change about their own account.

pub(super) mod password;
pub(super) mod second_factor;
pub(super) mod sessions;

use super::answer;
use super::auth::proof::{Subject, lines};
use super::input::{Body, Faults};
use crate::auth::{Client, Permit, scopes};
use crate::problem::{Problem, Query};
use crate::state::AppState;
use axum::response::Response;
use baton_domain::account::{PERSON_NAME_CHARS_MAX, Role};
use baton_domain::config::{ApiKey, Workspace};
use baton_domain::id::{KeyId, UserId, WorkspaceId};
use baton_store::accounts::SignedIn;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// The caller.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MeView {
    /// An API key.
    Key(KeyMe),
    /// A person who is signed in.
    User(UserMe),
}

/// An API key that calls.
#[derive(Serialize, ToSchema)]
pub struct KeyMe {
    /// Id of the key.
    #[schema(value_type = String)]
    pub id: KeyId,
    /// Name of the key.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<&'static str>,
    /// Id of its workspace.
    #[schema(value_type = String)]
    pub workspace_id: WorkspaceId,
    /// Name of its workspace.
    pub workspace: String,
}

/// A person who calls.
#[derive(Serialize, ToSchema)]
pub struct UserMe {
    /// Their id.
    #[schema(value_type = String)]
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they are in this workspace.
    pub role: Role,
    /// What they may do in it.
    pub scopes: Vec<&'static str>,
    /// Id of the workspace: the one that was asked for, or their first.
    #[schema(value_type = String)]
    pub workspace_id: WorkspaceId,
    /// Name of the workspace.
    pub workspace: String,
    /// All workspaces they belong to.
    pub workspaces: Vec<MyWorkspace>,
    /// Whether they have a second factor.
    pub second_factor: bool,
    /// How many recovery codes they have left.
    pub recovery_codes_left: u64,
}

/// A workspace somebody belongs to.
#[derive(Serialize, ToSchema)]
pub struct MyWorkspace {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What they are there.
    pub role: Role,
}

/// A workspace's name. What another node made a moment ago is found too.
pub(super) async fn workspace_name(state: &AppState, id: WorkspaceId) -> Result<String, Problem> {
    let name = || state.store.snapshot().workspaces.get(&id).map(|doc| doc.body.name.clone());
    if let Some(name) = name() {
        return Ok(name);
    }
    state.catch_up.look(&state.store).await?;
    Ok(name().unwrap_or_else(|| id.to_string()))
}

/// A person as they see themselves, in that workspace or their first.
pub(super) async fn signed_in_view(
    state: &AppState,
    signed_in: &SignedIn,
    workspace: Option<WorkspaceId>,
) -> Result<MeView, Problem> {
    let SignedIn { user, memberships, .. } = signed_in;
    let mut current = memberships.iter();
    let current = match workspace {
        Some(wanted) => current.find(|m| m.workspace == wanted),
        None => current.next(),
    };
    let current = current.ok_or_else(|| Problem::not_found("workspace"))?;
    let mut workspaces = Vec::with_capacity(memberships.len());
    for membership in memberships {
        let name = workspace_name(state, membership.workspace).await?;
        workspaces.push(MyWorkspace { id: membership.workspace, name, role: membership.role });
    }
    Ok(MeView::User(UserMe {
        id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        role: current.role,
        scopes: current.role.scopes().iter().map(|scope| scope.as_str()).collect(),
        workspace_id: current.workspace,
        workspace: workspace_name(state, current.workspace).await?,
        workspaces,
        second_factor: user.factor.is_some(),
        recovery_codes_left: state.store.recovery_codes_left(user.id).await?,
    }))
}

/// Tell who calls
///
/// Any key or session that works may ask.
#[utoipa::path(get, path = "/api/v1/me", tag = "me",
    responses((status = 200, body = MeView)), security(("key" = [])))]
pub(super) async fn get_me(permit: Permit<scopes::Any>) -> Result<Response, Problem> {
    let view = match permit.key() {
        None => {
            let signed_in = &permit.person()?.signed_in;
            signed_in_view(permit.state(), signed_in, Some(permit.workspace_id())).await?
        }
        Some(id) => {
            let key = permit.find::<ApiKey>(id).await?;
            let own = permit.find::<Workspace>(permit.workspace_id()).await?;
            MeView::Key(KeyMe {
                id,
                name: key.body.name.clone(),
                scopes: key.body.scopes.iter().map(|scope| scope.as_str()).collect(),
                workspace_id: permit.workspace_id(),
                workspace: own.body.name.clone(),
            })
        }
    };
    answer::json(StatusCode::OK, &view)
}

/// What people change about themselves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameInput {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Change your name
#[utoipa::path(patch, path = "/api/v1/me", tag = "me", request_body = RenameInput,
    responses((status = 200, body = MeView)), security(("session" = [])))]
pub(super) async fn update_me(
    permit: Permit<scopes::Any>,
    client: Client,
    Body(input): Body<RenameInput>,
) -> Result<Response, Problem> {
    let person = permit.person()?;
    let mut faults = Faults::default();
    faults.text("name", &input.name, PERSON_NAME_CHARS_MAX);
    faults.into_result()?;
    let SignedIn { user, memberships, session } = person.signed_in.as_ref();
    let (state, now) = (permit.state(), permit.store().now());
    let subject = Subject { user, memberships };
    let mut entries =
        lines(&client, subject, "user.update", Some(json!({"name": input.name})), now);
    for entry in &mut entries {
        entry.before = Some(json!({"name": user.name}));
    }
    // Who is gone since is told so below.
    let _ = permit.store().rename_user(user.id, input.name, now, entries).await?;
    state.accounts.sessions.forget();
    let signed_in = state.signed_in(&session.token).await?;
    let signed_in = signed_in.ok_or_else(|| Problem::not_found("session"))?;
    let view = signed_in_view(state, &signed_in, Some(permit.workspace_id())).await?;
    answer::json(StatusCode::OK, &view)
}

/// A page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of the page, 1 to 200.
    pub(super) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// The page as handlers take it.
pub(super) type Page = Query<PageQuery>;
