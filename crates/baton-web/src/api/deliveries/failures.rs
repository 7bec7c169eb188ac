//! What failed and waits for a person, in groups, and what is switched off.

use crate::api::answer;
use crate::auth::{Access, Permit, scopes};
use crate::problem::Problem;
use axum::response::Response;
use baton_domain::config::{Destination, Subscription};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId, SubscriptionId, TypedId};
use baton_store::deliveries::{FailureGroup, head_of};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Deliveries that failed alike and were not resent.
#[derive(Serialize, ToSchema)]
pub struct FailureGroupView {
    /// The destination they went to.
    #[schema(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
    /// The webhook they went to.
    #[schema(value_type = Option<String>)]
    webhook_id: Option<SubscriptionId>,
    /// Name of the destination or address of the webhook; its id once it was deleted.
    destination: String,
    /// Whether that is switched off.
    destination_disabled: bool,
    /// `failed`, `held` or `unknown`.
    #[schema(value_type = String)]
    state: DeliveryState,
    /// What the last attempt's outcome means; empty when there was none.
    verdict: String,
    /// Why, the first 200 characters; empty when it was not said.
    note: String,
    /// How many, counted up to 10 000.
    count: i64,
    /// Whether that is all of them.
    count_is_exact: bool,
    /// When the oldest of them last changed.
    first_at: String,
    /// When the newest of them last changed.
    last_at: String,
    /// The newest of them.
    #[schema(value_type = String)]
    sample_delivery_id: DeliveryId,
}

/// A destination that is switched off; what goes to it waits.
#[derive(Serialize, ToSchema)]
pub struct DisabledView {
    /// The destination.
    #[schema(value_type = String)]
    destination_id: DestinationId,
    /// Its name.
    destination: String,
    /// Why.
    reason: String,
    /// Since when it is as it is.
    since: String,
}

/// What failed.
#[derive(Serialize, ToSchema)]
pub struct FailuresView {
    /// The groups, the one with the newest failure first, at most 100.
    data: Vec<FailureGroupView>,
    /// How many deliveries are in them.
    total: i64,
    /// Whether that is all there are.
    total_is_exact: bool,
    /// The destinations that are switched off, by a person or by what their receiver answered.
    disabled: Vec<DisabledView>,
}

fn view(access: &Access, group: FailureGroup) -> FailureGroupView {
    let newest = group.newest;
    let destination = DestinationId::from_uuid(newest.target);
    let webhook = SubscriptionId::from_uuid(newest.target);
    let (name, disabled) = if newest.to_subscription {
        let doc = access.known::<Subscription>(webhook);
        let disabled = doc.as_ref().is_some_and(|doc| doc.body.disabled.is_some());
        (doc.map_or_else(|| webhook.to_string(), |doc| doc.body.url.clone()), disabled)
    } else {
        let doc = access.known::<Destination>(destination);
        let disabled = doc.as_ref().is_some_and(|doc| doc.body.disabled.is_some());
        (access.destination_name(destination), disabled)
    };
    FailureGroupView {
        destination_id: (!newest.to_subscription).then_some(destination),
        webhook_id: newest.to_subscription.then_some(webhook),
        destination: name,
        destination_disabled: disabled,
        state: newest.state,
        verdict: newest.verdict.unwrap_or_default(),
        note: head_of(&newest.note.unwrap_or_default()),
        count: group.count,
        count_is_exact: group.count_is_exact,
        first_at: group.first_at.to_rfc3339(),
        last_at: group.last_at.to_rfc3339(),
        sample_delivery_id: newest.id,
    }
}

/// List failures
///
/// Deliveries that failed, are held or have an unknown outcome and were not resent, in groups that a
/// person deals with at once. The members of a group are the deliveries with its `destination_id` (or
/// `webhook_id`), `state`, `verdict`, `note` and `resent=false`.
#[utoipa::path(get, path = "/api/v1/deliveries/failures", tag = "deliveries",
    responses((status = 200, body = FailuresView)), security(("key" = ["leads:read"])))]
pub(in crate::api) async fn list_failures(
    permit: Permit<scopes::LeadsRead>,
) -> Result<Response, Problem> {
    let failures = permit.workspace().failures().await?;
    let (total, total_is_exact) = failures.total();
    let data = failures.groups.into_iter().map(|group| view(&permit, group)).collect();
    let off = |doc: &std::sync::Arc<baton_store::Doc<Destination>>| {
        Some(DisabledView {
            destination_id: DestinationId::from_uuid(doc.meta.id),
            destination: doc.body.name.clone(),
            reason: doc.body.disabled.clone()?,
            since: doc.meta.updated_at.to_rfc3339(),
        })
    };
    let disabled = permit.all::<Destination>().iter().filter_map(off).collect();
    answer::json(StatusCode::OK, &FailuresView { data, total, total_is_exact, disabled })
}
