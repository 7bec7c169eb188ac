//! Erasing a lead, as the person it is about may ask.

use super::{LeadDocument, view};
use crate::api::answer;
use crate::api::input::Body;
use crate::auth::{Access, Permit, scopes};
use crate::capture::duplicate_keys;
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::Campaign;
use baton_domain::id::LeadId;
use baton_store::leads::{EraseLead, LeadRow};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// The proof that this very lead is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseInput {
    /// The lead's id once more.
    #[schema(example = "lead_01h455vb4pex5vsknk084sn02q")]
    confirm: String,
}

/// Erase a lead
///
/// Removes for good what is known of the person: every version of the data, requests, answers,
/// notes, tags, what the search finds. What is still to be sent is called off. Ids, times, states and
/// verdicts stay, and a line of the audit without personal data. Receivers that have the lead already
/// are not asked to forget it.
#[utoipa::path(post, path = "/api/v1/leads/{id}/erase", tag = "leads",
    params(("id" = String, Path)), request_body = EraseInput,
    responses((status = 200, body = LeadDocument)), security(("key" = ["leads:erase"])))]
pub(in crate::api) async fn erase_lead(
    permit: Permit<scopes::LeadsErase>,
    Path(id): Path<LeadId>,
    Body(EraseInput { confirm }): Body<EraseInput>,
) -> Result<Response, Problem> {
    let workspace = permit.workspace();
    let row = workspace.lead(id).await?.ok_or_else(|| Problem::not_found("lead"))?;
    if confirm.trim() != id.to_string() {
        let message = "must be the id of this lead; it cannot be brought back";
        return Err(Problem::invalid_field("confirm", "mismatch", message));
    }
    let claims = claims(&permit, &row).await?;
    let audit = Some(permit.entry("lead.erase", "lead", Some(id.to_string())));
    workspace.erase_lead(EraseLead { lead: id, claims, audit }).await?;
    let row = workspace.lead(id).await?.ok_or_else(|| Problem::not_found("lead"))?;
    answer::json(StatusCode::OK, &view(&permit, row))
}

/// The duplicate keys the lead may hold, by its campaign's rule as it is now: as the first and the
/// newest version claim them.
async fn claims(access: &Access, row: &LeadRow) -> Result<Vec<[u8; 16]>, Problem> {
    let campaign = access.known::<Campaign>(row.campaign);
    let Some(rule) = campaign.as_ref().and_then(|doc| doc.body.duplicates.as_ref()) else {
        return Ok(Vec::new());
    };
    let first = access.workspace().lead_view(row.id, 1).await?;
    let versions = first.iter().map(|lead| &lead.data).chain([&row.data]);
    let keys = versions
        .flat_map(|data| duplicate_keys(access.state(), row.campaign, rule, data, row.test));
    Ok(keys.collect())
}
