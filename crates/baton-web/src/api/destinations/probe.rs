//! Trying a destination: the request it would make, and a real one with sample data.

use super::{DestinationInput, check, manifest_of};
use crate::api::answer;
use crate::api::exchange::{RequestView, request_view};
use crate::api::input::{Body, MaybeBody, parse_value};
use crate::api::sample::{self, SampleInput};
use crate::api::trial::{self, TrialView};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Campaign, Destination};
use baton_domain::connector::render::{RenderInput, Variant, render};
use baton_domain::id::{DeliveryId, DestinationId};
use baton_domain::lead::LeadView;
use baton_domain::probe::{ProbeTarget, ProbeTask};
use baton_domain::secret::Secrets;
use baton_domain::signature::{secrets_at, sign};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A destination that need not be saved, with the lead to try it with.
#[derive(Serialize, ToSchema)]
pub struct TrialDocument {
    #[serde(flatten)]
    destination: DestinationInput,
    /// A lead of the workspace; needs the scope `leads:read`. A made-up one when left out.
    lead_id: Option<String>,
    /// Values that replace those of the made-up lead.
    #[schema(value_type = Option<Object>)]
    fields: Option<Map<String, Value>>,
}

/// A destination that may be called, with what it needs.
struct Subject {
    body: Destination,
    secrets: Secrets,
    sample: SampleInput,
}

async fn of_document(
    access: &Access,
    mut document: Map<String, Value>,
) -> Result<Subject, Problem> {
    let mut chosen = Map::new();
    for name in ["lead_id", "fields"] {
        if let Some(value) = document.shift_remove(name) {
            chosen.insert(name.to_owned(), value);
        }
    }
    let sample: SampleInput = parse_value(Value::Object(chosen))?;
    let input: DestinationInput = parse_value(Value::Object(document))?;
    access.find::<Campaign>(input.campaign_id).await.map_err(|_| {
        Problem::invalid_field("campaign_id", "not_found", "there is no such campaign")
    })?;
    let checked = check::new_destination(access, access.store().new_id(), input)?;
    Ok(Subject { body: checked.body, secrets: checked.secrets, sample })
}

async fn of_saved(
    access: &Access,
    id: DestinationId,
    sample: SampleInput,
) -> Result<Subject, Problem> {
    let doc = access.find::<Destination>(id).await?;
    let until = doc.body.signing_previous_until;
    let secrets = secrets_at(&doc.secrets, until, access.store().now()).into_owned();
    Ok(Subject { body: doc.body.clone(), secrets, sample })
}

async fn preview(access: &Access, subject: Subject) -> Result<Response, Problem> {
    let manifest = manifest_of(access, &subject.body.connector)?;
    let campaign = access.find::<Campaign>(subject.body.campaign).await?;
    let lead = sample::lead(access, Some(&campaign.body), subject.sample).await?;
    let lead = LeadView::from(lead);
    let delivery_id: DeliveryId = access.store().new_id();
    let input = RenderInput {
        lead: &lead,
        delivery_id,
        schema: &campaign.body.fields,
        test: true,
        country: campaign.body.country.as_deref(),
        variant: Variant::Post,
        answer: None,
    };
    let mut request = render(manifest, &subject.body, &subject.secrets, &input)
        .map_err(|problem| Problem::invalid_field("settings", "unsendable", problem.to_string()))?;
    let at_s = access.store().now().0.div_euclid(1_000);
    request.headers.extend(sign(&subject.secrets, &delivery_id.to_string(), at_s, &request.body));
    answer::json(StatusCode::OK, &request_view(&request, &[], &subject.secrets))
}

async fn test(access: &Access, subject: Subject) -> Result<Response, Problem> {
    let campaign = access.find::<Campaign>(subject.body.campaign).await?;
    let task = ProbeTask {
        lead: sample::lead(access, Some(&campaign.body), subject.sample).await?,
        secrets: ProbeTask::plain_secrets(&subject.secrets),
        target: ProbeTarget::Destination(Box::new(subject.body)),
    };
    answer::json(StatusCode::OK, &trial::run(access, &task).await?)
}

/// Preview a destination that is not saved
///
/// The request it would make for a test lead. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/destinations/preview", tag = "destinations",
    request_body = TrialDocument, responses((status = 200, body = RequestView)),
    security(("key" = ["config:write"])))]
pub(in crate::api) async fn preview_document(
    permit: Permit<scopes::ConfigWrite>,
    Body(document): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    preview(&permit, of_document(&permit, document).await?).await
}

/// Test a destination that is not saved
///
/// A real call with a test lead.
#[utoipa::path(post, path = "/api/v1/destinations/test", tag = "destinations",
    request_body = TrialDocument, responses((status = 200, body = TrialView)),
    security(("key" = ["config:write"])))]
pub(in crate::api) async fn test_document(
    permit: Permit<scopes::ConfigWrite>,
    Body(document): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    test(&permit, of_document(&permit, document).await?).await
}

/// Preview a destination
///
/// The request it would make for a test lead. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/preview", tag = "destinations",
    params(("id" = String, Path)), request_body = Option<SampleInput>,
    responses((status = 200, body = RequestView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn preview_destination(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    MaybeBody(sample): MaybeBody<SampleInput>,
) -> Result<Response, Problem> {
    preview(&permit, of_saved(&permit, id, sample).await?).await
}

/// Test a destination
///
/// A real call with a test lead.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/test", tag = "destinations",
    params(("id" = String, Path)), request_body = Option<SampleInput>,
    responses((status = 200, body = TrialView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn test_destination(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    MaybeBody(sample): MaybeBody<SampleInput>,
) -> Result<Response, Problem> {
    test(&permit, of_saved(&permit, id, sample).await?).await
}
