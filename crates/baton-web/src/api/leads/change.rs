//! Status and tags: what people say of leads.

use super::{LeadDocument, view};
use crate::api::answer;
use crate::api::input::{Body, Faults, Patch};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem};
use axum::response::Response;
use baton_domain::config::{STATUS_FIRST, Workspace};
use baton_domain::id::LeadId;
use baton_domain::lead::LeadState;
use baton_store::leads::{LEADS_CHANGED_MAX, LeadChange, TAGS_PER_LEAD_MAX, TagChange};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 50;

/// What people say of a lead.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadInput {
    /// One of the workspace's statuses; null: the first.
    #[serde(default = "first")]
    #[schema(example = "contacted")]
    status: String,
    /// All its tags; null: none.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["call back"]))]
    tags: Vec<String>,
}

fn first() -> String {
    STATUS_FIRST.to_owned()
}

/// What people say of several leads.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkInput {
    /// The leads.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 200)]
    ids: Vec<LeadId>,
    /// The status they get.
    #[serde(default)]
    status: Option<String>,
    /// Tags they get.
    #[serde(default)]
    add_tags: Vec<String>,
    /// Tags they lose.
    #[serde(default)]
    remove_tags: Vec<String>,
}

/// How many leads were changed.
#[derive(Serialize, ToSchema)]
pub struct BulkView {
    /// Those that were not as wanted before; leads that are gone, erased, or would have more than 20
    /// tags are left as they are.
    changed: u64,
}

/// Reads tags: trimmed, without empty ones.
fn tags_of(faults: &mut Faults, field: &str, tags: Vec<String>) -> BTreeSet<String> {
    if tags.len() > TAGS_PER_LEAD_MAX {
        faults.add(field, "too_many", format!("at most {TAGS_PER_LEAD_MAX} tags are taken"));
    }
    let mut read = BTreeSet::new();
    for (at, tag) in tags.into_iter().enumerate().take(TAGS_PER_LEAD_MAX) {
        let tag = tag.trim();
        faults.text(&format!("{field}[{at}]"), tag, TAG_CHARS_MAX);
        read.insert(tag.to_owned());
    }
    read
}

/// Checks that a status is one of the workspace's.
async fn check_status(access: &Access, faults: &mut Faults, status: &str) -> Result<(), Problem> {
    let own = access.find::<Workspace>(access.workspace_id()).await?;
    let names: Vec<&str> = own.body.statuses.iter().map(|s| s.name.as_str()).collect();
    if !names.contains(&status) {
        let message = format!("must be one of `{}`", names.join("`, `"));
        faults.add("status", "unknown_status", message);
    }
    Ok(())
}

/// Change status and tags of a lead
#[utoipa::path(patch, path = "/api/v1/leads/{id}", tag = "leads", params(("id" = String, Path)),
    request_body = LeadInput, responses((status = 200, body = LeadDocument)),
    security(("key" = ["leads:update"])))]
pub(in crate::api) async fn update_lead(
    permit: Permit<scopes::LeadsUpdate>,
    Path(id): Path<LeadId>,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let row = permit.workspace().lead(id).await?.ok_or_else(|| Problem::not_found("lead"))?;
    if row.state == LeadState::Erased {
        return Err(erased());
    }
    let named = |name: &str| patch.0.contains_key(name);
    let (names_status, names_tags) = (named("status"), named("tags"));
    let was = LeadInput { status: row.status, tags: row.tags };
    let LeadInput { status, tags } = patch.apply(&was)?;
    let mut faults = Faults::default();
    if names_status && status != was.status {
        check_status(&permit, &mut faults, &status).await?;
    }
    let add = tags_of(&mut faults, "tags", tags);
    faults.into_result()?;
    let tags = match names_tags {
        true => TagChange { replace: true, add, ..TagChange::default() },
        false => TagChange::default(),
    };
    let status = names_status.then_some(status);
    let change = LeadChange { lead: id, status, tags, event: permit.store().new_id() };
    let audit = permit.entry("lead.update", "lead", None);
    permit.workspace().change_leads(vec![change], Some(audit)).await?;
    let row = permit.workspace().lead(id).await?.ok_or_else(|| Problem::not_found("lead"))?;
    answer::json(StatusCode::OK, &view(&permit, row))
}

/// Nothing can be said of a lead any more.
pub(super) fn erased() -> Problem {
    Problem::new(Code::Conflict, "the lead was erased")
}

/// Change status and tags of several leads
#[utoipa::path(post, path = "/api/v1/leads/bulk", tag = "leads", request_body = BulkInput,
    responses((status = 200, body = BulkView)), security(("key" = ["leads:update"])))]
pub(in crate::api) async fn change_leads(
    permit: Permit<scopes::LeadsUpdate>,
    Body(input): Body<BulkInput>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    if !(1..=LEADS_CHANGED_MAX).contains(&input.ids.len()) {
        faults.add("ids", "out_of_range", format!("must be 1 to {LEADS_CHANGED_MAX} leads"));
    }
    if let Some(status) = &input.status {
        check_status(&permit, &mut faults, status).await?;
    }
    let add = tags_of(&mut faults, "add_tags", input.add_tags);
    let remove = tags_of(&mut faults, "remove_tags", input.remove_tags);
    if let Some(tag) = add.intersection(&remove).next() {
        faults.add("remove_tags", "invalid", format!("`{tag}` is added too"));
    }
    faults.into_result()?;
    let tags = TagChange { replace: false, add, remove };
    let change = |lead| LeadChange {
        lead,
        status: input.status.clone(),
        tags: tags.clone(),
        event: permit.store().new_id(),
    };
    let changes = input.ids.iter().copied().map(change).collect();
    let audit = permit.entry("lead.update", "lead", None);
    let changed = permit.workspace().change_leads(changes, Some(audit)).await?;
    answer::json(StatusCode::OK, &BulkView { changed })
}

/// List tags
///
/// Those in use, in their order, at most 500.
#[utoipa::path(get, path = "/api/v1/tags", tag = "leads",
    responses((status = 200, body = answer::Listed<String>)),
    security(("key" = ["leads:read"])))]
pub(in crate::api) async fn list_tags(
    permit: Permit<scopes::LeadsRead>,
) -> Result<Response, Problem> {
    let data = permit.workspace().tags().await?;
    answer::json(StatusCode::OK, &answer::Listed::new(data, None))
}
