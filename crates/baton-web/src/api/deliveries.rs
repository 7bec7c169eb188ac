//! `/api/v1/deliveries`.

mod attempts;
pub(super) mod bulk;
pub(super) mod failures;

pub(super) use attempts::{__path_get_delivery, get_delivery};

use super::answer;
use super::input::Creating;
use super::leads::time_of;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{Destination, Subscription};
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DeliveryId, DestinationId, LeadId, SubscriptionId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use baton_store::StoreError;
use baton_store::deliveries::{DeliveryFilter, DeliveryRow, Payload, Resend};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A delivery.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id.
    #[schema(value_type = String, example = "dlv_01h455vb4pex5vsknk084sn02q")]
    pub id: DeliveryId,
    /// The lead it carries.
    #[schema(value_type = Option<String>)]
    pub lead_id: Option<LeadId>,
    /// The destination it goes to.
    #[schema(value_type = Option<String>)]
    pub destination_id: Option<DestinationId>,
    /// The webhook it goes to.
    #[schema(value_type = Option<String>)]
    pub webhook_id: Option<SubscriptionId>,
    /// Why it exists.
    pub cause: DeliveryCause,
    /// The delivery it was made from, by failover, link or resend.
    #[schema(value_type = Option<String>)]
    pub parent_id: Option<DeliveryId>,
    /// Where it stands.
    #[schema(value_type = String, example = "accepted")]
    pub state: DeliveryState,
    /// Whether it waits because its target is paused or disabled.
    pub stopped: bool,
    /// How many attempts were made.
    pub attempts: i64,
    /// When the next one is due.
    pub next_attempt_at: Option<String>,
    /// How often the receiver was asked what became of a lead it had queued.
    pub questions: i64,
    /// When it is asked next.
    pub next_question_at: Option<String>,
    /// What the last attempt's outcome means.
    pub verdict: Option<String>,
    /// Why it is where it is.
    pub note: Option<String>,
    /// The version of the lead's data it carries.
    pub data_version: i64,
    /// Its newest resend.
    #[schema(value_type = Option<String>)]
    pub resent_by_id: Option<DeliveryId>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

/// A delivery's row as shown.
pub(super) fn delivery_view(row: &DeliveryRow) -> DeliveryView {
    let to_destination = !row.to_subscription;
    DeliveryView {
        id: row.id,
        lead_id: row.lead,
        destination_id: to_destination.then(|| DestinationId::from_uuid(row.target)),
        webhook_id: row.to_subscription.then(|| SubscriptionId::from_uuid(row.target)),
        cause: row.cause,
        parent_id: row.parent,
        state: row.state,
        stopped: row.stopped,
        attempts: row.attempts,
        next_attempt_at: row
            .next_attempt_at
            .filter(|_| !row.state.is_final())
            .map(Millis::to_rfc3339),
        questions: row.asked,
        next_question_at: row
            .next_attempt_at
            .filter(|_| row.state == DeliveryState::Queued)
            .map(Millis::to_rfc3339),
        verdict: row.verdict.clone(),
        note: row.note.clone(),
        data_version: row.data_version,
        resent_by_id: row.resent_by,
        created_at: row.created_at.to_rfc3339(),
        updated_at: row.updated_at.to_rfc3339(),
    }
}

/// Which deliveries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only of this state.
    state: Option<String>,
    /// Only of this lead.
    lead_id: Option<String>,
    /// Only to this destination.
    destination_id: Option<String>,
    /// Only to this webhook.
    webhook_id: Option<String>,
    /// Only whose last attempt had this verdict; empty: that had none.
    verdict: Option<String>,
    /// Only whose note begins so, as far as the first 200 characters go; empty: that have none.
    note: Option<String>,
    /// `false`: only that nobody resent; `true`: only others.
    resent: Option<bool>,
    /// Only made at or after this time.
    since: Option<String>,
    /// Only made before this time.
    until: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn filter_of(query: &DeliveryQuery) -> Result<DeliveryFilter, Problem> {
    let state = query.state.as_deref().map(|text| {
        DeliveryState::parse(text)
            .ok_or_else(|| answer::invalid_query("state", "must be a state of deliveries"))
    });
    let destination: Option<DestinationId> =
        answer::query("destination_id", query.destination_id.as_deref(), "a destination's id")?;
    let webhook: Option<SubscriptionId> =
        answer::query("webhook_id", query.webhook_id.as_deref(), "a webhook's id")?;
    if destination.is_some() && webhook.is_some() {
        let message = "cannot be combined with `destination_id`";
        return Err(answer::invalid_query("webhook_id", message));
    }
    Ok(DeliveryFilter {
        state: state.transpose()?,
        lead: answer::query("lead_id", query.lead_id.as_deref(), "a lead's id")?,
        target: destination.map(TypedId::uuid).or(webhook.map(TypedId::uuid)),
        verdict: query.verdict.clone(),
        note: query.note.clone(),
        resent: query.resent,
        since: time_of("since", query.since.as_deref())?,
        until: time_of("until", query.until.as_deref())?,
        before: answer::cursor(query.cursor.as_deref())?,
        limit: answer::limit(query.limit)?,
    })
}

/// List deliveries
///
/// Newest first. A page with filters that hit rarely may have fewer rows, or none, and still a
/// `next_cursor`.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(DeliveryQuery),
    responses((status = 200, body = answer::Listed<DeliveryView>)),
    security(("key" = ["leads:read"])))]
pub(super) async fn list_deliveries(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Response, Problem> {
    let page = permit.workspace().deliveries(&filter_of(&query)?).await?;
    let listed = answer::Listed::of::<DeliveryId, _>(page, |row| delivery_view(&row));
    answer::json(StatusCode::OK, &listed)
}

/// How to resend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendInput {
    /// What is sent.
    #[serde(default)]
    payload: PayloadInput,
}

/// What a resend sends.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayloadInput {
    /// The lead by the destination's settings and mapping as they are now.
    #[default]
    Current,
    /// The request that was sent last, byte for byte, to the same address. Where a bid is asked for
    /// first, a new one is.
    Same,
}

impl From<PayloadInput> for Payload {
    fn from(input: PayloadInput) -> Self {
        match input {
            PayloadInput::Current => Self::Current,
            PayloadInput::Same => Self::Same,
        }
    }
}

/// Resend a delivery
///
/// Sends its lead to the same place again, as a delivery of its own with a fresh series of
/// attempts. What was still planned of the former one is called off.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/resend", tag = "deliveries",
    params(("id" = String, Path)), request_body = Option<ResendInput>,
    responses((status = 201, body = DeliveryView)), security(("key" = ["deliveries:write"])))]
pub(super) async fn resend_delivery(
    permit: Permit<scopes::DeliveriesWrite>,
    Path(id): Path<DeliveryId>,
    creating: Creating<ResendInput>,
) -> Result<Response, Problem> {
    let row = permit.workspace().delivery(id).await?;
    let row = row.ok_or_else(|| Problem::not_found("delivery"))?;
    let there = if row.to_subscription {
        permit.find::<Subscription>(SubscriptionId::from_uuid(row.target)).await.is_ok()
    } else {
        permit.find::<Destination>(DestinationId::from_uuid(row.target)).await.is_ok()
    };
    if !there {
        let detail = "the destination or webhook it went to was deleted";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let payload = Payload::from(creating.input.payload);
    check_resendable(&permit, &row, payload).await?;
    let (new, now) = (permit.store().new_id(), permit.store().now());
    let resent = delivery_view(&DeliveryRow {
        id: new,
        cause: DeliveryCause::Resend,
        parent: Some(id),
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: Some(now),
        verdict: None,
        note: None,
        resent_by: None,
        answered: None,
        queued_at: None,
        asked: 0,
        created_at: now,
        updated_at: now,
        ..row
    });
    let bytes = answer::encode(&resent)?;
    let idempotency = permit.kept(creating.idempotency, StatusCode::CREATED, &bytes)?;
    let audit = Some(permit.entry("delivery.resend", "delivery", Some(id.to_string())));
    let resend = Resend { of: id, id: new, payload, now, idempotency, audit };
    match permit.workspace().resend_as(resend).await {
        Ok(_) => Ok(answer::created(bytes)),
        Err(StoreError::Replayed { status, answer }) => answer::replayed(&permit, status, &answer),
        Err(error) => Err(error.into()),
    }
}

/// Refuses what cannot be sent: a lead that was erased, and what was never sent, byte for byte.
async fn check_resendable(
    access: &Access,
    row: &DeliveryRow,
    payload: Payload,
) -> Result<(), Problem> {
    let workspace = access.workspace();
    if let Some(lead) = row.lead {
        let lead = workspace.lead(lead).await?;
        if lead.is_none_or(|lead| lead.state == LeadState::Erased) {
            return Err(Problem::new(Code::Conflict, "its lead was erased or removed"));
        }
    }
    if payload == Payload::Same && workspace.request(row.id, i64::MAX).await?.is_none() {
        let detail = "it was never sent, so there is no request to send again; resend it with \
                      `payload` `current`";
        return Err(Problem::new(Code::Conflict, detail));
    }
    Ok(())
}
