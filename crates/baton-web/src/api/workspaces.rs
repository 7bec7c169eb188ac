//! `/api/v1/workspaces`: the caller's own.

pub(super) mod create;

use super::answer;
use super::document::Changed;
use super::input::{Body, Faults, IfMatch, NAME_CHARS_MAX, Patch};
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Campaign, Scope, Workspace};
use baton_domain::id::{CampaignId, WorkspaceId};
use baton_store::Doc;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest retention in days: 100 years.
pub const RETENTION_DAYS_MAX: u32 = 36_500;

/// What can be set about a workspace.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The campaign that leads without one belong to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub default_campaign: Option<CampaignId>,
    /// Days a finished lead is kept; null: for ever.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36500)]
    pub retention_days: Option<u32>,
}

/// A workspace.
#[derive(Serialize, ToSchema)]
pub struct WorkspaceView {
    /// Its id.
    #[schema(value_type = String, example = "ws_01h455vb4pex5vsknk084sn02q")]
    pub id: WorkspaceId,
    #[serde(flatten)]
    input: WorkspaceInput,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

fn view(doc: &Doc<Workspace>) -> WorkspaceView {
    WorkspaceView {
        id: doc.body.id,
        input: input_of(&doc.body),
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
    }
}

fn input_of(body: &Workspace) -> WorkspaceInput {
    WorkspaceInput {
        name: body.name.clone(),
        default_campaign: body.default_campaign,
        retention_days: body.retention_days,
    }
}

/// List workspaces
///
/// Those of the caller: a key has one, a person all they belong to.
#[utoipa::path(get, path = "/api/v1/workspaces", tag = "workspaces",
    responses((status = 200, body = answer::Listed<WorkspaceView>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_workspaces(
    permit: Permit<scopes::ConfigRead>,
) -> Result<Response, Problem> {
    let own = permit.find::<Workspace>(permit.workspace_id()).await?;
    let data = match permit.person() {
        Err(_) => vec![view(&own)],
        Ok(person) => {
            let snapshot = permit.store().snapshot();
            let memberships = person.signed_in.memberships.iter();
            // One that another node made a moment ago is there a moment later.
            memberships
                .filter(|m| m.role.allows(Scope::ConfigRead))
                .filter_map(|m| snapshot.workspaces.get(&m.workspace))
                .map(|doc| view(doc))
                .collect()
        }
    };
    let listed = answer::Listed::new(data, None);
    answer::json(http::StatusCode::OK, &listed)
}

/// Change a workspace
#[utoipa::path(patch, path = "/api/v1/workspaces/{id}", tag = "workspaces",
    params(("id" = String, Path)), request_body = WorkspaceInput,
    responses((status = 200, body = WorkspaceView)), security(("key" = ["config:write"])))]
pub(super) async fn update_workspace(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<WorkspaceId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Workspace>(id, &if_match, |doc| {
            let input: WorkspaceInput = patch.clone().apply(&input_of(&doc.body))?;
            let mut faults = Faults::default();
            faults.text("name", &input.name, NAME_CHARS_MAX);
            if input.default_campaign.is_some_and(|id| permit.known::<Campaign>(id).is_none()) {
                faults.add("default_campaign", "not_found", "there is no such campaign");
            }
            if input.retention_days.is_some_and(|d| !(1..=RETENTION_DAYS_MAX).contains(&d)) {
                let message = format!("must be 1 to {RETENTION_DAYS_MAX} days, or null");
                faults.add("retention_days", "out_of_range", message);
            }
            faults.into_result()?;
            Ok(Changed::body(Workspace {
                name: input.name,
                default_campaign: input.default_campaign,
                retention_days: input.retention_days,
                ..doc.body.clone()
            }))
        })
        .await?;
    answer::document(doc.meta.version, &view(&doc))
}
