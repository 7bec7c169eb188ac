//! `/api/v1/leads/count`.

use super::{states_of, time_of};
use crate::api::answer;
use crate::auth::{Permit, scopes};
use crate::problem::{Problem, Query};
use axum::response::Response;
use baton_store::leads::{LEADS_COUNTED_MAX, LeadFilter};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which leads to count.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeadCountQuery {
    /// Only of these states, with commas between them.
    state: Option<String>,
    /// Only of this campaign.
    campaign_id: Option<String>,
    /// Only of this source.
    source_id: Option<String>,
    /// Only with this status.
    status: Option<String>,
    /// Only with this tag.
    tag: Option<String>,
    /// `true`: only tests; `false`: only others.
    test: Option<bool>,
    /// Only that came at or after this time.
    since: Option<String>,
    /// Only that came before this time.
    until: Option<String>,
}

/// How many leads there are.
#[derive(Serialize, ToSchema)]
pub struct LeadCountView {
    /// So many were found among the newest 10,000.
    #[schema(example = 312)]
    pub count: i64,
    /// Whether that is all of them; else there are at least so many.
    pub count_is_exact: bool,
}

/// Count leads
///
/// Looks at the newest 10,000 of those that the filters leave; with more, the count is no longer
/// exact.
#[utoipa::path(get, path = "/api/v1/leads/count", tag = "leads", params(LeadCountQuery),
    responses((status = 200, body = LeadCountView)), security(("key" = ["leads:read"])))]
pub(in crate::api) async fn count_leads(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<LeadCountQuery>,
) -> Result<Response, Problem> {
    let filter = LeadFilter {
        states: states_of(query.state.as_deref())?,
        campaign: answer::query("campaign_id", query.campaign_id.as_deref(), "a campaign's id")?,
        source: answer::query("source_id", query.source_id.as_deref(), "a source's id")?,
        status: query.status,
        tag: query.tag.map(|tag| tag.trim().to_owned()),
        test: query.test,
        since: time_of("since", query.since.as_deref())?,
        until: time_of("until", query.until.as_deref())?,
        ..LeadFilter::default()
    };
    let found = permit.workspace().count_leads(&filter, LEADS_COUNTED_MAX).await?;
    let view = LeadCountView { count: found.count, count_is_exact: found.is_exact };
    answer::json(StatusCode::OK, &view)
}
