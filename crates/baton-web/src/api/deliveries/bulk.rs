//! Resending many deliveries, as a job.

use super::PayloadInput;
use crate::api::answer;
use crate::api::input::{Creating, Faults};
use crate::api::jobs;
use crate::api::leads::time_of;
use crate::auth::{Access, Permit, scopes};
use crate::problem::Problem;
use axum::response::Response;
use baton_domain::config::Destination;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId};
use baton_store::StoreError;
use baton_store::deliveries::Payload;
use baton_store::jobs::{BulkResend, JOB_IDS_MAX, NewJob, ResendFilter, Selection};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest text a filter compares, in characters.
const TEXT_CHARS_MAX: usize = 1_000;

/// Which deliveries to resend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkResendInput {
    /// These; or a `filter`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 1000)]
    ids: Option<Vec<DeliveryId>>,
    /// All that are like this and were not resent.
    #[serde(default)]
    filter: Option<BulkFilter>,
    /// What is sent.
    #[serde(default)]
    payload: PayloadInput,
    /// Whether they are counted only.
    #[serde(default)]
    dry_run: bool,
}

/// Which deliveries, by what became of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkFilter {
    /// Of this state: `failed`, `held`, `unknown`, `rejected` or `retrying`.
    #[schema(value_type = String, example = "failed")]
    state: DeliveryState,
    /// To this destination.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
    /// With this verdict; empty: with none.
    #[serde(default)]
    verdict: Option<String>,
    /// Whose note begins so, as far as the first 200 characters go; empty: without one.
    #[serde(default)]
    note: Option<String>,
    /// Made at or after this time.
    #[serde(default)]
    since: Option<String>,
    /// Made before this time.
    #[serde(default)]
    until: Option<String>,
}

/// How many deliveries there are.
#[derive(Serialize, ToSchema)]
pub struct CountView {
    /// How many, counted up to 200 000.
    count: i64,
    /// Whether that is all of them.
    count_is_exact: bool,
}

async fn selection_of(access: &Access, input: BulkResendInput) -> Result<Selection, Problem> {
    let mut faults = Faults::default();
    let filter = match (input.ids, input.filter) {
        (Some(ids), None) => {
            if !(1..=JOB_IDS_MAX).contains(&ids.len()) {
                faults.add("ids", "out_of_range", format!("must be 1 to {JOB_IDS_MAX} deliveries"));
            }
            faults.into_result()?;
            return Ok(Selection::Ids(ids));
        }
        (None, Some(filter)) => filter,
        _ => {
            return Err(Problem::invalid_field("ids", "required", "give either `ids` or `filter`"));
        }
    };
    if !ResendFilter::takes(filter.state) {
        let message = "must be failed, held, unknown, rejected or retrying";
        faults.add("filter.state", "invalid", message);
    }
    for (name, text) in [("filter.verdict", &filter.verdict), ("filter.note", &filter.note)] {
        if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
            faults.add(name, "too_long", format!("at most {TEXT_CHARS_MAX} characters are taken"));
        }
    }
    faults.into_result()?;
    if let Some(id) = filter.destination_id {
        access.find::<Destination>(id).await?;
    }
    Ok(Selection::Filter(ResendFilter {
        state: filter.state,
        target: filter.destination_id,
        verdict: filter.verdict,
        note: filter.note,
        since: time_of("since", filter.since.as_deref())?,
        until: time_of("until", filter.until.as_deref())?,
    }))
}

/// Resend many deliveries
///
/// As a job that works on behind the answer, survives a restart and can be stopped. A delivery that
/// was resent before, by hand or by another job, is left alone. With `dry_run` the answer is 200 and
/// says how many there are.
#[utoipa::path(post, path = "/api/v1/deliveries/bulk-resend", tag = "deliveries",
    request_body = BulkResendInput,
    responses(
        (status = 200, description = "How many there are.", body = CountView),
        (status = 202, description = "The job.", body = jobs::JobView),
    ), security(("key" = ["deliveries:write"])))]
pub(in crate::api) async fn bulk_resend(
    permit: Permit<scopes::DeliveriesWrite>,
    creating: Creating<BulkResendInput>,
) -> Result<Response, Problem> {
    let Creating { input, idempotency } = creating;
    let (payload, dry_run) = (Payload::from(input.payload), input.dry_run);
    let selection = selection_of(&permit, input).await?;
    let total = permit.workspace().count_resendable(&selection).await?;
    if dry_run {
        let (count, count_is_exact) = total;
        return answer::json(StatusCode::OK, &CountView { count, count_is_exact });
    }
    let store = permit.store();
    let id = store.new_id();
    let mut audit = permit.entry("delivery.bulk_resend", "job", Some(format!("{id}")));
    audit.after = Some(serde_json::json!({"total": total.0, "payload": payload}));
    let mut job = NewJob {
        id,
        resend: BulkResend { selection, payload },
        total,
        created_by: permit.by().name,
        now: store.now(),
        idempotency: None,
        audit: Some(audit),
    };
    let bytes = answer::encode(&jobs::view(job.row()))?;
    job.idempotency = permit.kept(idempotency, StatusCode::ACCEPTED, &bytes)?;
    match permit.workspace().new_job(job).await {
        Ok(()) => Ok(answer::json_bytes(StatusCode::ACCEPTED, bytes)),
        Err(StoreError::Replayed { status, answer }) => answer::replayed(&permit, status, &answer),
        Err(error) => Err(error.into()),
    }
}
