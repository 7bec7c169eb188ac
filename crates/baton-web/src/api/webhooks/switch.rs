//! Pausing, testing and re-keying webhooks.

use super::{WebhookView, release_held, view, view_with_secret};
use crate::api::answer;
use crate::api::document::Changed;
use crate::api::input::{IfMatch, MaybeBody};
use crate::api::rotation::{self, FinishInput, RotateInput};
use crate::api::sample::{self, SampleInput};
use crate::api::trial::{self, TrialView};
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Campaign, Subscription, Workspace};
use baton_domain::id::SubscriptionId;
use baton_domain::probe::{ProbeTarget, ProbeTask};
use baton_domain::signature::secrets_at;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchInput {}

/// Pause a webhook
///
/// Its deliveries wait until it resumes.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/pause", tag = "webhooks",
    params(("id" = String, Path)), request_body = Option<SwitchInput>,
    responses((status = 200, body = WebhookView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn pause_webhook(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
    MaybeBody(SwitchInput {}): MaybeBody<SwitchInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Subscription>(id, &if_match, |doc| {
            Ok(Changed::body(Subscription { paused: true, ..doc.body.clone() }))
        })
        .await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Resume a webhook
///
/// What waited goes on its way.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/resume", tag = "webhooks",
    params(("id" = String, Path)), request_body = Option<SwitchInput>,
    responses((status = 200, body = WebhookView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn resume_webhook(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
    MaybeBody(SwitchInput {}): MaybeBody<SwitchInput>,
) -> Result<Response, Problem> {
    let doc = permit
        .change::<Subscription>(id, &if_match, |doc| {
            let body = Subscription { paused: false, disabled: None, ..doc.body.clone() };
            Ok(Changed::body(body))
        })
        .await?;
    release_held(&permit, id).await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Change a webhook's secret
///
/// The new secret is in this answer only. During the grace period `webhook-signature` carries both
/// signatures and `X-LeadsBot-Signature` stays on the former secret.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/rotate-secret", tag = "webhooks",
    params(("id" = String, Path)), request_body = Option<RotateInput>,
    responses((status = 200, body = WebhookView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn rotate_webhook_secret(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
    MaybeBody(input): MaybeBody<RotateInput>,
) -> Result<Response, Problem> {
    let doc = rotation::rotate::<Subscription>(&permit, id, &if_match, &input).await?;
    answer::document(doc.meta.version, &view_with_secret(&doc))
}

/// End a webhook's grace period
///
/// From now on only the new secret counts.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/rotate-secret/finish", tag = "webhooks",
    params(("id" = String, Path)), request_body = Option<FinishInput>,
    responses((status = 200, body = WebhookView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn finish_webhook_rotation(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
    MaybeBody(FinishInput {}): MaybeBody<FinishInput>,
) -> Result<Response, Problem> {
    let doc = rotation::finish::<Subscription>(&permit, id, &if_match).await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Test a webhook
///
/// A real call with an event of the kind `webhook.test`.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path)), request_body = Option<SampleInput>,
    responses((status = 200, body = TrialView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn test_webhook(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    MaybeBody(sample): MaybeBody<SampleInput>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Subscription>(id).await?;
    let own = permit.find::<Workspace>(permit.workspace_id()).await?;
    let campaign = own.body.default_campaign.and_then(|id| permit.known::<Campaign>(id));
    let until = doc.body.signing_previous_until;
    let secrets = secrets_at(&doc.secrets, until, permit.store().now());
    let task = ProbeTask {
        lead: sample::lead(&permit, campaign.as_deref().map(|c| &c.body), sample).await?,
        secrets: ProbeTask::plain_secrets(&secrets),
        target: ProbeTarget::Subscription(Box::new(doc.body.clone())),
    };
    answer::json(StatusCode::OK, &trial::run(&permit, &task).await?)
}
