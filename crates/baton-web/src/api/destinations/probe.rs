//! Trying a destination: the request it would make, and a real one with sample data.

use super::{DestinationInput, check, manifest_of};
use crate::api::answer;
use crate::api::exchange::{RequestView, request_view};
use crate::api::input::{Body, MaybeBody, Patch, parse_value};
use crate::api::sample::{self, SampleInput};
use crate::api::trial::{self, TrialView};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Campaign, Destination};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::render::{RenderInput, RenderProblem, Renderer, Variant};
use baton_domain::id::{DeliveryId, DestinationId};
use baton_domain::lead::LeadView;
use baton_domain::probe::{ProbeTarget, ProbeTask};
use baton_domain::secret::Secrets;
use baton_domain::signature::{secrets_at, sign};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// A destination that need not be saved, with the lead to try it with.
#[derive(Serialize, ToSchema)]
pub struct TrialDocument {
    #[serde(flatten)]
    destination: DestinationInput,
    /// A stored destination that this is a change of: what is left out, secrets above all, is
    /// taken from there.
    id: Option<String>,
    /// A lead of the workspace; needs the scope `leads:read`. A made-up one when left out.
    lead_id: Option<String>,
    /// Values that replace those of the made-up lead.
    #[schema(value_type = Option<Object>)]
    fields: Option<Map<String, Value>>,
}

/// What a destination would send.
#[derive(Serialize, ToSchema)]
pub struct PreviewView {
    /// The request that hands the lead over. After a bid it names the bid's id, here `PING_ID`.
    #[serde(flatten)]
    request: RequestView,
    /// The request for a bid that goes before it, where the destination asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    ping: Option<RequestView>,
}

/// What stands in a preview for the id that a bid would have.
const PING_ID_SHOWN: &str = "PING_ID";

/// A destination that may be called, with what it needs.
struct Subject {
    body: Destination,
    secrets: Secrets,
    sample: SampleInput,
    /// Id and version, when it is tried as it is stored.
    saved: Option<(DestinationId, i64)>,
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
    if let Some(id) = document.shift_remove("id").filter(|id| !id.is_null()) {
        return of_change(access, parse_value::<Named>(json!({ "id": id }))?.id, document, sample)
            .await;
    }
    let input: DestinationInput = parse_value(Value::Object(document))?;
    access.find::<Campaign>(input.campaign_id).await.map_err(|_| {
        Problem::invalid_field("campaign_id", "not_found", "there is no such campaign")
    })?;
    let id = access.store().new_id();
    let checked = check::new_destination(access, id, input, check::For::Trying)?;
    Ok(Subject { body: checked.body, secrets: checked.secrets, sample, saved: None })
}

#[derive(Deserialize)]
struct Named {
    id: DestinationId,
}

/// A stored destination with changes that are not saved.
async fn of_change(
    access: &Access,
    id: DestinationId,
    document: Map<String, Value>,
    sample: SampleInput,
) -> Result<Subject, Problem> {
    let doc = access.find::<Destination>(id).await?;
    let changed =
        check::changed_destination(access, id, &doc, Patch(document), check::For::Trying)?;
    let secrets = changed.secrets.as_ref().unwrap_or(&doc.secrets);
    let until = changed.body.signing_previous_until;
    let secrets = secrets_at(secrets, until, access.store().now()).into_owned();
    Ok(Subject { body: changed.body, secrets, sample, saved: None })
}

async fn of_saved(
    access: &Access,
    id: DestinationId,
    sample: SampleInput,
) -> Result<Subject, Problem> {
    let doc = access.find::<Destination>(id).await?;
    let until = doc.body.signing_previous_until;
    let secrets = secrets_at(&doc.secrets, until, access.store().now()).into_owned();
    Ok(Subject { body: doc.body.clone(), secrets, sample, saved: Some((id, doc.meta.version)) })
}

async fn preview(access: &Access, subject: Subject) -> Result<Response, Problem> {
    let manifest = manifest_of(access, &subject.body.connector)?;
    let campaign = access.find::<Campaign>(subject.body.campaign).await?;
    let lead = sample::lead(access, Some(&campaign.body), subject.sample).await?;
    let lead = LeadView::from(lead);
    let delivery_id: DeliveryId = access.store().new_id();
    let unsendable = |problem: RenderProblem| {
        Problem::invalid_field("settings", "unsendable", problem.to_string())
    };
    let renderer = Renderer::prepare(manifest, &subject.body)
        .map_err(|problems| unsendable(RenderProblem::Setup(problems)))?;
    let at_s = access.store().now().0.div_euclid(1_000);
    let shown = |variant, given: Option<&Answered>| {
        let input = RenderInput {
            lead: &lead,
            delivery_id,
            schema: &campaign.body.fields,
            test: true,
            country: campaign.body.country.as_deref(),
            variant,
            answer: given,
        };
        let mut request = renderer.render(&subject.secrets, &input).map_err(unsendable)?;
        let signed = sign(&subject.secrets, &delivery_id.to_string(), at_s, &request.body);
        request.headers.extend(signed);
        Ok::<_, Problem>(request_view(&request, &[], &subject.secrets))
    };
    let view = if renderer.pings_first() {
        let values = [("ping_id".to_owned(), PING_ID_SHOWN.to_owned())].into();
        let bid = Answered { values, ..Answered::default() };
        let ping = Some(shown(Variant::Ping, None)?);
        PreviewView { request: shown(Variant::PingedPost, Some(&bid))?, ping }
    } else {
        PreviewView { request: shown(Variant::Post, None)?, ping: None }
    };
    answer::json(StatusCode::OK, &view)
}

async fn test(access: &Access, subject: Subject) -> Result<Response, Problem> {
    let campaign = access.find::<Campaign>(subject.body.campaign).await?;
    let task = ProbeTask {
        lead: sample::lead(access, Some(&campaign.body), subject.sample).await?,
        secrets: ProbeTask::plain_secrets(&subject.secrets),
        target: ProbeTarget::Destination(Box::new(subject.body)),
    };
    let result = trial::run(access, &task).await?;
    if let Some((id, version)) = subject.saved {
        access.workspace().note_test(id, version, result.verdict).await?;
    }
    answer::json(StatusCode::OK, &result)
}

/// Preview a destination that is not saved
///
/// The request it would make for a test lead. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/destinations/preview", tag = "destinations",
    request_body = TrialDocument, responses((status = 200, body = PreviewView)),
    security(("key" = ["config:write"])))]
pub(in crate::api) async fn preview_document(
    permit: Permit<scopes::ConfigWrite>,
    Body(document): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    preview(&permit, of_document(&permit, document).await?).await
}

/// Test a destination that is not saved
///
/// A real call with a test lead. Where the destination asks for a bid first, both calls are made.
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
    responses((status = 200, body = PreviewView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn preview_destination(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    MaybeBody(sample): MaybeBody<SampleInput>,
) -> Result<Response, Problem> {
    preview(&permit, of_saved(&permit, id, sample).await?).await
}

/// Test a destination
///
/// A real call with a test lead. Where the destination asks for a bid first, both calls are made.
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
