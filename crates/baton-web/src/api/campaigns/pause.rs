//! Pausing a campaign and letting it go on.

use super::{CampaignView, view};
use crate::api::answer;
use crate::api::document::Changed;
use crate::api::input::{IfMatch, MaybeBody};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Campaign, Destination, PausedAction};
use baton_domain::id::{CampaignId, DestinationId, TypedId};
use serde::Deserialize;
use utoipa::ToSchema;

/// Held leads that go in one transaction.
const RESUME_BATCH: u32 = 500;
/// Most transactions of one call; calling again goes on.
const RESUME_BATCHES_MAX: usize = 2_000;

/// How a campaign pauses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseInput {
    /// What it does with leads meanwhile; as it is set when left out.
    #[serde(default)]
    pub action: Option<PausedAction>,
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeInput {}

/// Pause a campaign
///
/// It answers captures with 409 `campaign_paused`, or keeps its leads as `held` until it resumes.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/pause", tag = "campaigns",
    params(("id" = String, Path)), request_body = Option<PauseInput>,
    responses((status = 200, body = CampaignView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn pause_campaign(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
    MaybeBody(input): MaybeBody<PauseInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Campaign>(id, &if_match, |doc| {
            let when_paused = input.action.unwrap_or(doc.body.when_paused);
            Ok(Changed::body(Campaign { paused: true, when_paused, ..doc.body.clone() }))
        })
        .await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Resume a campaign
///
/// Leads that were held go on their way before this answers; calling it again does no harm.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/resume", tag = "campaigns",
    params(("id" = String, Path)), request_body = Option<ResumeInput>,
    responses((status = 200, body = CampaignView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn resume_campaign(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
    MaybeBody(ResumeInput {}): MaybeBody<ResumeInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Campaign>(id, &if_match, |doc| {
            Ok(Changed::body(Campaign { paused: false, ..doc.body.clone() }))
        })
        .await?;
    let access = Access::clone(&permit);
    // A caller who hangs up must not leave half of the leads held.
    let released = tokio::spawn(async move { release_leads(&access, id).await });
    released.await.map_err(|_| Problem::internal())??;
    answer::document(doc.meta.version, &view(&doc))
}

async fn release_leads(access: &Access, campaign: CampaignId) -> Result<(), Problem> {
    for _ in 0..RESUME_BATCHES_MAX {
        // Every lead's destinations, as capture chooses them; those that wait for failover do not
        // count.
        let destinations = access
            .all::<Destination>()
            .iter()
            .filter(|d| d.body.campaign == campaign && !d.body.failover_only)
            .map(|d| (DestinationId::from_uuid(d.meta.id), d.body.partials))
            .collect();
        let went = access.workspace().resume_held(campaign, destinations, RESUME_BATCH).await?;
        if went == 0 {
            break;
        }
    }
    Ok(())
}
