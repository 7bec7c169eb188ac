//! Changing a destination's signing secret.

use super::{DestinationView, view, view_with_secret};
use crate::api::answer;
use crate::api::input::{IfMatch, MaybeBody};
use crate::api::rotation::{self, FinishInput, RotateInput};
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
    let doc = rotation::rotate::<Destination>(&permit, id, &if_match, &input).await?;
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
    let doc = rotation::finish::<Destination>(&permit, id, &if_match).await?;
    answer::document(doc.meta.version, &view(&permit, &doc))
}
