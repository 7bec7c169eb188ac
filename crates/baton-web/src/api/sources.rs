//! `/api/v1/sources`.

use super::answer;
use super::base_url::BaseUrl;
use super::document::{Changed, new_doc};
use super::input::{Body, Creating, Faults, IfMatch, MaybeBody, NAME_CHARS_MAX, Patch};
use super::rotation::{self, FinishInput, RotateInput};
use super::secret_hint::{SecretHint, hint};
use super::span::{Rate, Span};
use crate::auth::{Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{Campaign, Source, SourceKind};
use baton_domain::id::{CampaignId, SourceId, TypedId, WebhookId};
use baton_domain::secret::{CAPTURE_HMAC, Secrets};
use baton_domain::signature::new_secret;
use baton_domain::time::Millis;
use baton_store::Doc;
use baton_store::docs::Expect;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use utoipa::{IntoParams, ToSchema};

/// Most allowed origins of a source.
pub const ORIGINS_MAX: usize = 50;
/// Longest wait for an outcome, in milliseconds.
pub const WAIT_MS_MAX: i64 = 60_000;

/// What can be set about a source.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceInput {
    /// The campaign its leads belong to; cannot be changed.
    #[schema(value_type = String, example = "cmp_01h455vb4pex5vsknk084sn02q")]
    pub campaign_id: CampaignId,
    /// `endpoint` (the default), `listener` or `form`; cannot be changed.
    #[serde(default = "endpoint")]
    pub kind: SourceKind,
    /// Its name, the `source` of its leads.
    #[schema(min_length = 1, max_length = 200, example = "Partner A")]
    pub name: String,
    /// Exact origins that may post from a browser; empty: any.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["https://example.com"]))]
    pub allowed_origins: Vec<String>,
    /// Whether captures must carry `X-LeadsBot-Signature` over the raw body.
    #[serde(default)]
    pub require_signature: bool,
    /// At most so many captures, such as `100/m`; null: no limit.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "100/m")]
    pub rate_limit: Option<Rate>,
    /// How long a capture waits for the outcome, such as `5s`, at most `60s`; null: not at all.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "5s")]
    pub wait: Option<Span>,
    /// Whether it refuses leads now.
    #[serde(default)]
    pub disabled: bool,
}

fn endpoint() -> SourceKind {
    SourceKind::Endpoint
}

/// A source.
#[derive(Serialize, ToSchema)]
pub struct SourceView {
    /// Its id.
    #[schema(value_type = String, example = "src_01h455vb4pex5vsknk084sn02q")]
    pub id: SourceId,
    #[serde(flatten)]
    input: SourceInput,
    /// The public id in its posting URL.
    #[schema(value_type = String, example = "in_01h455vb4pex5vsknk084sn02q")]
    pub webhook_id: WebhookId,
    /// Where its leads are posted; null for the sources of API captures and of files.
    pub inbound_url: Option<String>,
    /// A page for people that says what to post there; null for sources that are no endpoint.
    pub spec_url: Option<String>,
    /// The secret its callers sign with; shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when captures signed with the former secret are taken too, while it is being changed.
    pub previous_secret_until: Option<String>,
    /// The secret it has, if any, by its end.
    pub secrets: Vec<SecretHint>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

fn view(doc: &Doc<Source>, base: &BaseUrl) -> SourceView {
    let webhook_id = doc.body.webhook_id;
    let posts = !matches!(doc.body.kind, SourceKind::Api | SourceKind::Import);
    SourceView {
        id: SourceId::from_uuid(doc.meta.id),
        input: input_of(&doc.body),
        webhook_id,
        inbound_url: posts.then(|| base.url(&format!("/api/inbound/w/{webhook_id}/leads"))),
        spec_url: (doc.body.kind == SourceKind::Endpoint)
            .then(|| base.url(&format!("/spec/{webhook_id}"))),
        secret: None,
        previous_secret_until: doc.body.hmac_previous_until.map(Millis::to_rfc3339),
        secrets: doc.secrets.get(CAPTURE_HMAC).map(|s| hint("signing", s)).into_iter().collect(),
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
    }
}

/// The same with the secret that was made now.
fn view_with_secret(doc: &Doc<Source>, base: &BaseUrl) -> SourceView {
    let secret = doc.secrets.get(CAPTURE_HMAC).map(|s| s.reveal().to_owned());
    SourceView { secret, ..view(doc, base) }
}

fn input_of(body: &Source) -> SourceInput {
    SourceInput {
        campaign_id: body.campaign,
        kind: body.kind,
        name: body.name.clone(),
        allowed_origins: body.allowed_origins.clone(),
        require_signature: body.require_signature,
        rate_limit: body.rate_limit.map(Rate),
        wait: body.wait_ms.map(|ms| Span(i64::from(ms))),
        disabled: body.disabled,
    }
}

fn check(
    input: SourceInput,
    was: Option<&Source>,
    webhook_id: WebhookId,
) -> Result<Source, Problem> {
    let mut faults = Faults::default();
    faults.text("name", &input.name, NAME_CHARS_MAX);
    if let Some(was) = was {
        if input.campaign_id != was.campaign {
            faults.add("campaign_id", "immutable", "cannot be changed; make a new source");
        }
        if input.kind != was.kind {
            faults.add("kind", "immutable", "cannot be changed; make a new source");
        }
    } else if !matches!(input.kind, SourceKind::Endpoint | SourceKind::Listener | SourceKind::Form)
    {
        let message = "endpoint, listener or form is expected; a campaign's api source is made \
                       with it";
        faults.add("kind", "invalid", message);
    }
    if input.allowed_origins.len() > ORIGINS_MAX {
        let message = format!("at most {ORIGINS_MAX} origins are taken");
        faults.add("allowed_origins", "too_many", message);
    }
    for (at, origin) in input.allowed_origins.iter().enumerate().take(ORIGINS_MAX) {
        if !is_origin(origin) {
            let message = "must be an exact origin such as https://example.com: scheme, host and \
                           port if unusual, in lower case, nothing after it";
            faults.add(format!("allowed_origins[{at}]"), "invalid", message);
        }
    }
    let wait_ms = match input.wait {
        None | Some(Span(0)) => None,
        Some(Span(ms)) if ms <= WAIT_MS_MAX => u32::try_from(ms).ok(),
        Some(_) => {
            faults.add("wait", "out_of_range", "must be at most 60s");
            None
        }
    };
    faults.into_result()?;
    Ok(Source {
        campaign: input.campaign_id,
        kind: input.kind,
        name: input.name,
        webhook_id,
        supplier: was.and_then(|w| w.supplier),
        allowed_origins: input.allowed_origins,
        require_signature: input.require_signature,
        rate_limit: input.rate_limit.map(|Rate(limit)| limit),
        wait_ms,
        disabled: input.disabled,
        hmac_previous_until: was.and_then(|w| w.hmac_previous_until),
    })
}

/// Whether a text is an origin exactly as browsers send it (RFC 6454 section 6.2).
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.origin().ascii_serialization() == text
            && !text.contains('*')
    })
}

/// Which sources to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SourceQuery {
    /// Only of this campaign.
    campaign_id: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List sources
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources", params(SourceQuery),
    responses((status = 200, body = answer::Listed<SourceView>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_sources(
    permit: Permit<scopes::ConfigRead>,
    base: BaseUrl,
    Query(query): Query<SourceQuery>,
) -> Result<Response, Problem> {
    let campaign: Option<CampaignId> =
        answer::query("campaign_id", query.campaign_id.as_deref(), "the id of a campaign")?;
    let place = (query.limit, query.cursor.as_deref());
    let wanted = |doc: &Doc<Source>| campaign.is_none_or(|c| c == doc.body.campaign);
    let page = permit.page::<Source, _>(place, wanted, |doc| view(doc, &base))?;
    answer::json(StatusCode::OK, &page)
}

/// Create a source
#[utoipa::path(post, path = "/api/v1/sources", tag = "sources", request_body = SourceInput,
    responses((status = 201, body = SourceView)), security(("key" = ["config:write"])))]
pub(super) async fn create_source(
    permit: Permit<scopes::ConfigWrite>,
    base: BaseUrl,
    creating: Creating<SourceInput>,
) -> Result<Response, Problem> {
    let body = check(creating.input, None, permit.store().new_id())?;
    if permit.find::<Campaign>(body.campaign).await.is_err() {
        return Err(Problem::invalid_field(
            "campaign_id",
            "not_found",
            "there is no such campaign",
        ));
    }
    let now = permit.store().now();
    let id: SourceId = permit.store().new_id();
    let secrets = signing_secrets(&permit, &body, &Secrets::new()).unwrap_or_default();
    let doc = new_doc(&permit, id, body, secrets, now);
    let changed = Changed { body: doc.body.clone(), secrets: Some(doc.secrets.clone()) };
    let writes = vec![permit.write(id, Expect::New, &changed, now)?];
    permit.create(creating.idempotency, writes, &view_with_secret(&doc, &base)).await
}

/// A secret for a source that needs one and has none.
fn signing_secrets<S>(permit: &Permit<S>, body: &Source, was: &Secrets) -> Option<Secrets> {
    if !body.require_signature || was.contains_key(CAPTURE_HMAC) {
        return None;
    }
    let mut secrets = was.clone();
    secrets.insert(CAPTURE_HMAC.to_owned(), new_secret(permit.store().random()));
    Some(secrets)
}

/// Read a source
#[utoipa::path(get, path = "/api/v1/sources/{id}", tag = "sources", params(("id" = String, Path)),
    responses((status = 200, body = SourceView)), security(("key" = ["config:read"])))]
pub(super) async fn get_source(
    permit: Permit<scopes::ConfigRead>,
    base: BaseUrl,
    Path(id): Path<SourceId>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Source>(id).await?;
    answer::document(doc.meta.version, &view(&doc, &base))
}

/// Change a source
///
/// Requiring signatures for the first time makes a secret, which is in this answer only.
#[utoipa::path(patch, path = "/api/v1/sources/{id}", tag = "sources",
    params(("id" = String, Path)), request_body = SourceInput,
    responses((status = 200, body = SourceView)), security(("key" = ["config:write"])))]
pub(super) async fn update_source(
    permit: Permit<scopes::ConfigWrite>,
    base: BaseUrl,
    Path(id): Path<SourceId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let made = AtomicBool::new(false);
    let doc = permit
        .change::<Source>(id, &if_match, |doc| {
            let input: SourceInput = patch.clone().apply(&input_of(&doc.body))?;
            let body = check(input, Some(&doc.body), doc.body.webhook_id)?;
            let secrets = signing_secrets(&permit, &body, &doc.secrets);
            made.store(secrets.is_some(), Relaxed);
            Ok(Changed { body, secrets })
        })
        .await?;
    let shown = if made.load(Relaxed) { view_with_secret(&doc, &base) } else { view(&doc, &base) };
    answer::document(doc.meta.version, &shown)
}

/// Delete a source
///
/// Its leads stay.
#[utoipa::path(delete, path = "/api/v1/sources/{id}", tag = "sources",
    params(("id" = String, Path)), responses((status = 204, description = "It is gone.")),
    security(("key" = ["config:write"])))]
pub(super) async fn delete_source(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SourceId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let doc = permit.find::<Source>(id).await?;
    if doc.body.kind == SourceKind::Api {
        let detail = "the source of API captures goes with its campaign; disable it instead";
        return Err(Problem::new(Code::Conflict, detail));
    }
    permit.delete(&doc, &if_match, Vec::new()).await
}

/// Change a source's secret
///
/// The new secret is in this answer only. During the grace period captures signed with the former
/// one are taken too.
#[utoipa::path(post, path = "/api/v1/sources/{id}/rotate-secret", tag = "sources",
    params(("id" = String, Path)), request_body = Option<RotateInput>,
    responses((status = 200, body = SourceView)), security(("key" = ["config:write"])))]
pub(super) async fn rotate_source_secret(
    permit: Permit<scopes::ConfigWrite>,
    base: BaseUrl,
    Path(id): Path<SourceId>,
    if_match: IfMatch,
    MaybeBody(input): MaybeBody<RotateInput>,
) -> Result<Response, Problem> {
    let doc = rotation::rotate::<Source>(&permit, id, &if_match, &input).await?;
    answer::document(doc.meta.version, &view_with_secret(&doc, &base))
}

/// End a source's grace period
///
/// From now on only captures signed with the new secret are taken.
#[utoipa::path(post, path = "/api/v1/sources/{id}/rotate-secret/finish", tag = "sources",
    params(("id" = String, Path)), request_body = Option<FinishInput>,
    responses((status = 200, body = SourceView)), security(("key" = ["config:write"])))]
pub(super) async fn finish_source_rotation(
    permit: Permit<scopes::ConfigWrite>,
    base: BaseUrl,
    Path(id): Path<SourceId>,
    if_match: IfMatch,
    MaybeBody(FinishInput {}): MaybeBody<FinishInput>,
) -> Result<Response, Problem> {
    let doc = rotation::finish::<Source>(&permit, id, &if_match).await?;
    answer::document(doc.meta.version, &view(&doc, &base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_origins_are_taken() {
        for right in ["https://example.com", "http://localhost:3000", "https://a.example:8443"] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in [
            "https://example.com/",
            "https://Example.com",
            "https://example.com:443",
            "https://example.com/path",
            "example.com",
            "*",
            "null",
            "ftp://example.com",
            "https://*.example.com",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
