//! `/api/v1/me`: whose key this is. Apps try a key with it.

use super::answer;
use crate::auth::{Permit, scopes};
use crate::problem::Problem;
use axum::response::Response;
use baton_domain::config::{ApiKey, Workspace};
use baton_domain::id::{KeyId, WorkspaceId};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The caller.
#[derive(Serialize, ToSchema)]
pub struct MeView {
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

/// Tell who calls
///
/// Any key that works may ask.
#[utoipa::path(get, path = "/api/v1/me", tag = "me",
    responses((status = 200, body = MeView)), security(("key" = [])))]
pub(super) async fn get_me(permit: Permit<scopes::Any>) -> Result<Response, Problem> {
    let key = permit.find::<ApiKey>(permit.key()).await?;
    let own = permit.find::<Workspace>(permit.workspace_id()).await?;
    let view = MeView {
        id: permit.key(),
        name: key.body.name.clone(),
        scopes: key.body.scopes.iter().map(|scope| scope.as_str()).collect(),
        workspace_id: permit.workspace_id(),
        workspace: own.body.name.clone(),
    };
    answer::json(StatusCode::OK, &view)
}
