//! `/api/v1/workspaces`: the caller's own.

pub(super) mod create;

use super::answer;
use super::document::Changed;
use super::input::{Body, Faults, IfMatch, NAME_CHARS_MAX, Patch};
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Campaign, LeadStatus, STATUS_FIRST, Scope, Workspace};
use baton_domain::id::{CampaignId, TypedId, WorkspaceId};
use baton_store::Doc;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest retention in days: 100 years.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Most statuses of a workspace.
pub const STATUSES_MAX: usize = 50;
/// Longest status, in characters.
pub const STATUS_CHARS_MAX: usize = 50;

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
    /// The time zone its people read times in, by its IANA name; null: UTC.
    #[serde(default = "utc")]
    #[schema(example = "Europe/London")]
    pub time_zone: String,
    /// The currency its people count in, an ISO 4217 code; null: USD.
    #[serde(default = "usd")]
    #[schema(example = "GBP")]
    pub currency: String,
    /// How far people can be with a lead, in their order; `new` is one of them, for every lead begins
    /// with it. Null: new, contacted, qualified, won, lost. Leads keep a status that is taken away.
    #[serde(default = "usual_statuses")]
    #[schema(min_items = 1, max_items = 50)]
    pub statuses: Vec<StatusInput>,
}

/// How far people are with a lead.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusInput {
    /// The word.
    #[schema(min_length = 1, max_length = 50, example = "contacted")]
    pub name: String,
    /// The colour it is shown in, such as `#2f9e44`; null: as the screen likes.
    #[serde(default)]
    #[schema(example = "#2f9e44")]
    pub colour: Option<String>,
}

fn usual() -> Workspace {
    Workspace::new(WorkspaceId::from_uuid(uuid::Uuid::nil()), "")
}

fn utc() -> String {
    usual().time_zone
}

fn usd() -> String {
    usual().currency
}

fn usual_statuses() -> Vec<StatusInput> {
    statuses_of(&usual())
}

fn statuses_of(body: &Workspace) -> Vec<StatusInput> {
    let status = |s: &LeadStatus| StatusInput { name: s.name.clone(), colour: s.colour.clone() };
    body.statuses.iter().map(status).collect()
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
        time_zone: body.time_zone.clone(),
        currency: body.currency.clone(),
        statuses: statuses_of(body),
    }
}

/// Whether a text is the name of a time zone: one that the machine knows, or, on a machine that
/// knows none, one that looks like it.
fn is_time_zone(name: &str) -> bool {
    let known = |name: &str| jiff::tz::TimeZone::get(name).is_ok();
    let looks = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
    looks && (known(name) || !known("Europe/London"))
}

fn check_people_s(faults: &mut Faults, input: &WorkspaceInput) {
    if !is_time_zone(&input.time_zone) {
        faults.add("time_zone", "unknown_time_zone", "must be an IANA name such as Europe/London");
    }
    let currency = &input.currency;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        faults.add("currency", "invalid", "must be an ISO 4217 code such as GBP");
    }
    let names: Vec<&str> = input.statuses.iter().map(|s| s.name.as_str()).collect();
    if names.len() > STATUSES_MAX {
        faults.add("statuses", "too_many", format!("at most {STATUSES_MAX} are taken"));
    }
    if !names.contains(&STATUS_FIRST) {
        let message = format!("`{STATUS_FIRST}` must be one of them: every lead begins with it");
        faults.add("statuses", "required", message);
    }
    for (at, status) in input.statuses.iter().enumerate().take(STATUSES_MAX) {
        let field = format!("statuses[{at}].name");
        faults.text(&field, &status.name, STATUS_CHARS_MAX);
        if status.name.trim() != status.name || names[..at].contains(&status.name.as_str()) {
            faults.add(field, "duplicate_name", "must be named once, without space around it");
        }
        let hex = |c: &str| c.len() == 6 && c.bytes().all(|b| b.is_ascii_hexdigit());
        let is_colour = |c: &String| c.strip_prefix('#').is_some_and(hex);
        if status.colour.as_ref().is_some_and(|c| !is_colour(c)) {
            let message = "must be a colour such as #2f9e44";
            faults.add(format!("statuses[{at}].colour"), "invalid", message);
        }
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
            check_people_s(&mut faults, &input);
            faults.into_result()?;
            let status = |s: StatusInput| LeadStatus { name: s.name, colour: s.colour };
            Ok(Changed::body(Workspace {
                name: input.name,
                default_campaign: input.default_campaign,
                retention_days: input.retention_days,
                time_zone: input.time_zone,
                currency: input.currency,
                statuses: input.statuses.into_iter().map(status).collect(),
                ..doc.body.clone()
            }))
        })
        .await?;
    answer::document(doc.meta.version, &view(&doc))
}
