//! What happened to a lead, in order: events, deliveries, attempts.

use crate::api::answer;
use crate::api::deliveries::{DeliveryView, delivery_view};
use crate::api::events::{EventView, render};
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::id::{DeliveryId, LeadId, TypedId};
use baton_domain::time::Millis;
use baton_store::StoreError;
use baton_store::deliveries::{AttemptRow, DeliveryFilter};
use baton_store::leads::PAGE_MAX;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Deliveries whose attempts are in a timeline, the newest ones.
pub const DELIVERIES_MAX: usize = 50;

/// One thing that happened.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    /// When.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// An event.
    Event(EventView),
    /// A delivery was made; it is shown as it stands now.
    Delivery(DeliveryView),
    /// An attempt ended.
    Attempt(AttemptSummary),
}

/// An attempt in a few words; the delivery has all of it.
#[derive(Serialize, ToSchema)]
pub struct AttemptSummary {
    /// The delivery.
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    /// 1, 2, ...
    pub n: i64,
    /// What its outcome means.
    pub verdict: String,
    /// What decided, for people.
    pub decided_by: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// Why there was no complete answer.
    pub fault: Option<String>,
    /// Microseconds it took.
    pub total_us: u64,
}

fn summary(delivery_id: DeliveryId, attempt: AttemptRow) -> AttemptSummary {
    AttemptSummary {
        delivery_id,
        n: attempt.n,
        verdict: attempt.verdict,
        decided_by: attempt.body.decided_by,
        status: attempt.body.status,
        fault: attempt.body.fault.map(|(kind, _)| kind),
        total_us: attempt.body.phases.total_us,
    }
}

/// Read a lead's timeline
///
/// Its events, deliveries and attempts, oldest first; of very many the oldest 1,000 events and the
/// newest 50 deliveries.
#[utoipa::path(get, path = "/api/v1/leads/{id}/timeline", tag = "leads",
    params(("id" = String, Path)), responses((status = 200, body = answer::Listed<TimelineEntry>)),
    security(("key" = ["leads:read"])))]
pub(in crate::api) async fn get_lead_timeline(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<LeadId>,
) -> Result<Response, Problem> {
    let workspace = permit.workspace();
    match workspace.lead(id).await {
        // What happened to it can be told all the same.
        Err(StoreError::Damaged { .. }) => {}
        lead => drop(lead?.ok_or_else(|| Problem::not_found("lead"))?),
    }
    let mut entries: Vec<(Millis, u8, Happened)> = Vec::new();
    for event in workspace.lead_events(id).await? {
        let at = event.at;
        entries.push((at, 0, Happened::Event(render(&permit, &event).await?)));
    }
    let filter = DeliveryFilter { lead: Some(id), limit: PAGE_MAX, ..DeliveryFilter::default() };
    let deliveries = workspace.deliveries(&filter).await?;
    let name = |uuid| DeliveryId::from_uuid(uuid).to_string();
    let damaged = deliveries.damaged.into_iter().map(name).collect();
    for row in deliveries.rows.into_iter().take(DELIVERIES_MAX) {
        for attempt in workspace.attempts(row.id).await? {
            let at = attempt.ended_at;
            entries.push((at, 2, Happened::Attempt(summary(row.id, attempt))));
        }
        entries.push((row.created_at, 1, Happened::Delivery(delivery_view(&row))));
    }
    entries.sort_by_key(|(at, rank, _)| (*at, *rank));
    let data = entries
        .into_iter()
        .map(|(at, _, what)| TimelineEntry { at: at.to_rfc3339(), what })
        .collect();
    answer::json(StatusCode::OK, &answer::Listed { data, next_cursor: None, damaged })
}
