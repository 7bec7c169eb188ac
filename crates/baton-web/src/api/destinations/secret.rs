//! Changing a destination's signing secret.

use super::{DestinationView, view, view_with_secret};
use crate::api::answer;
use crate::api::document::Changed;
use crate::api::input::{IfMatch, MaybeBody};
use crate::api::rotation::{FinishInput, RotateInput, finished, rotated};
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::Destination;
use baton_domain::id::DestinationId;

/// Change a destination's secret
///
/// The new secret is in this answer only. During the grace period `webhook-signature` carries both
/// signatures and `X-LeadsBot-Signature` stays on the former secret.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/rotate-secret", tag = "destinations",
    params(("id" = String, Path)), request_body = Option<RotateInput>,
    responses((status = 200, body = DestinationView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn rotate_destination_secret(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    if_match: IfMatch,
    MaybeBody(input): MaybeBody<RotateInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Destination>(id, &if_match, |doc| {
            let until = doc.body.signing_previous_until;
            let (secrets, until) = rotated(&permit, &doc.secrets, until, &input)?;
            let body = Destination { signing_previous_until: until, ..doc.body.clone() };
            Ok(Changed { body, secrets: Some(secrets) })
        })
        .await?;
    answer::document(doc.meta.version, &view_with_secret(&permit, &doc))
}

/// End a destination's grace period
///
/// From now on only the new secret counts.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/rotate-secret/finish",
    tag = "destinations", params(("id" = String, Path)), request_body = Option<FinishInput>,
    responses((status = 200, body = DestinationView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn finish_destination_rotation(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    if_match: IfMatch,
    MaybeBody(FinishInput {}): MaybeBody<FinishInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Destination>(id, &if_match, |doc| {
            let body = Destination { signing_previous_until: None, ..doc.body.clone() };
            Ok(Changed { body, secrets: Some(finished(&doc.secrets)) })
        })
        .await?;
    answer::document(doc.meta.version, &view(&permit, &doc))
}
