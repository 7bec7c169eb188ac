//! `/api/v1/webhooks`: event subscriptions.

mod switch;

pub(super) use switch::{
    __path_finish_webhook_rotation, __path_pause_webhook, __path_resume_webhook,
    __path_rotate_webhook_secret, __path_test_webhook, finish_webhook_rotation, pause_webhook,
    resume_webhook, rotate_webhook_secret, test_webhook,
};

use super::answer;
use super::destinations::{RetryInput, retry, timeout_ms};
use super::document::{Changed, new_doc};
use super::input::{Body, Creating, Faults, IfMatch, NOTE_CHARS_MAX, Patch};
use super::secret_hint::{SecretHint, hint};
use super::span::Span;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::Subscription;
use baton_domain::event::EventKind;
use baton_domain::guard::check_url;
use baton_domain::id::{DestinationId, SubscriptionId, TypedId};
use baton_domain::retry::show_schedule;
use baton_domain::secret::{SIGNING, Secrets};
use baton_domain::signature::new_secret;
use baton_domain::time::Millis;
use baton_store::Doc;
use baton_store::docs::Expect;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Most webhooks of a workspace: every event is looked at for each.
pub const WEBHOOKS_MAX: usize = 100;
/// Most requests in flight to one webhook.
const IN_FLIGHT_MAX: u32 = 1_000;

/// What can be set about a webhook.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// Where events are posted.
    #[schema(example = "https://example.com/hooks/baton")]
    pub url: String,
    /// Which events; empty: all.
    #[serde(default)]
    #[schema(example = json!(["lead.created"]))]
    pub events: Vec<EventKind>,
    /// A note for people.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// `standard`, `backoff`, or `{"schedule": ["0s", "1m", ...]}`.
    #[serde(default)]
    #[schema(value_type = Option<RetryInput>)]
    pub retry: Option<Value>,
    /// Most requests in flight, 1 to 1,000; 32 when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub in_flight: Option<u32>,
    /// How long one attempt may take, such as `30s`, at most `120s`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "30s")]
    pub timeout: Option<Span>,
    /// Why it is switched off; null: it is on.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub disabled: Option<String>,
}

/// A webhook.
#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    #[schema(value_type = String, example = "whk_01h455vb4pex5vsknk084sn02q")]
    pub id: SubscriptionId,
    #[serde(flatten)]
    input: WebhookInput,
    /// Whether its deliveries wait.
    pub paused: bool,
    /// The secret its requests are signed with; shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_...")]
    pub secret: Option<String>,
    /// Until when the former secret counts too.
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

fn view(doc: &Doc<Subscription>) -> WebhookView {
    WebhookView {
        id: SubscriptionId::from_uuid(doc.meta.id),
        input: input_of(&doc.body),
        paused: doc.body.paused,
        secret: None,
        previous_secret_until: doc.body.signing_previous_until.map(Millis::to_rfc3339),
        secrets: doc.secrets.get(SIGNING).map(|s| hint("signing", s)).into_iter().collect(),
        version: doc.meta.version,
        created_at: doc.meta.created_at.to_rfc3339(),
        updated_at: doc.meta.updated_at.to_rfc3339(),
    }
}

/// The same with the secret that was made now.
fn view_with_secret(doc: &Doc<Subscription>) -> WebhookView {
    WebhookView { secret: doc.secrets.get(SIGNING).map(|s| s.reveal().to_owned()), ..view(doc) }
}

fn input_of(body: &Subscription) -> WebhookInput {
    WebhookInput {
        url: body.url.clone(),
        events: body.events.clone(),
        description: body.description.clone(),
        retry: Some(json!({"schedule": show_schedule(&body.retry)})),
        in_flight: Some(body.in_flight),
        timeout: Some(Span(i64::from(body.timeout_ms))),
        disabled: body.disabled.clone(),
    }
}

fn check(
    access: &Access,
    input: WebhookInput,
    was: Option<&Subscription>,
) -> Result<Subscription, Problem> {
    let mut faults = Faults::default();
    if let Err(refusal) = check_url(&input.url, &access.state().settings.allow) {
        faults.add("url", "blocked", refusal.detail);
    }
    for (at, kind) in input.events.iter().enumerate() {
        if *kind == EventKind::WebhookTest {
            let message = "is sent by the test call only";
            faults.add(format!("events[{at}]"), "invalid", message);
        } else if input.events[..at].contains(kind) {
            faults.add(format!("events[{at}]"), "duplicate_name", "is named twice");
        }
    }
    for (field, text) in [("description", &input.description), ("disabled", &input.disabled)] {
        if let Some(text) = text {
            faults.text(field, text, NOTE_CHARS_MAX);
        }
    }
    let in_flight = input.in_flight.unwrap_or(32);
    if !(1..=IN_FLIGHT_MAX).contains(&in_flight) {
        faults.add("in_flight", "out_of_range", format!("must be 1 to {IN_FLIGHT_MAX}"));
    }
    let retry = retry(input.retry, &mut faults);
    let timeout_ms = timeout_ms(input.timeout, &mut faults);
    faults.into_result()?;
    Ok(Subscription {
        url: input.url,
        events: input.events,
        description: input.description,
        paused: was.is_some_and(|w| w.paused),
        disabled: input.disabled,
        retry,
        in_flight,
        timeout_ms,
        signing_previous_until: was.and_then(|w| w.signing_previous_until),
        hook: was.is_some_and(|w| w.hook),
    })
}

/// Which webhooks to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WebhookQuery {
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List webhooks
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(WebhookQuery),
    responses((status = 200, body = answer::Listed<WebhookView>)),
    security(("key" = ["config:read"])))]
pub(super) async fn list_webhooks(
    permit: Permit<scopes::ConfigRead>,
    Query(query): Query<WebhookQuery>,
) -> Result<Response, Problem> {
    let place = (query.limit, query.cursor.as_deref());
    answer::json(StatusCode::OK, &permit.page::<Subscription, _>(place, |_| true, view)?)
}

/// Create a webhook
///
/// The secret its requests are signed with is in this answer only. It gets what happens from now
/// on.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookInput,
    responses((status = 201, body = WebhookView)), security(("key" = ["config:write"])))]
pub(super) async fn create_webhook(
    permit: Permit<scopes::ConfigWrite>,
    creating: Creating<WebhookInput>,
) -> Result<Response, Problem> {
    let body = check(&permit, creating.input, None)?;
    if permit.all::<Subscription>().len() >= WEBHOOKS_MAX {
        let message = format!("a workspace has at most {WEBHOOKS_MAX} webhooks");
        return Err(Problem::invalid_field("url", "too_many", message));
    }
    let now = permit.store().now();
    let id: SubscriptionId = permit.store().new_id();
    let secrets = Secrets::from([(SIGNING.to_owned(), new_secret(permit.store().random()))]);
    let doc = new_doc(&permit, id, body, secrets, now);
    let changed = Changed { body: doc.body.clone(), secrets: Some(doc.secrets.clone()) };
    let writes = vec![permit.write(id, Expect::New, &changed, now)?];
    permit.create(creating.idempotency, writes, &view_with_secret(&doc)).await
}

/// Read a webhook
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 200, body = WebhookView)),
    security(("key" = ["config:read"])))]
pub(super) async fn get_webhook(
    permit: Permit<scopes::ConfigRead>,
    Path(id): Path<SubscriptionId>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Subscription>(id).await?;
    answer::document(doc.meta.version, &view(&doc))
}

/// Change a webhook
#[utoipa::path(patch, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path)), request_body = WebhookInput,
    responses((status = 200, body = WebhookView)), security(("key" = ["config:write"])))]
pub(super) async fn update_webhook(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
    Body(patch): Body<Patch>,
) -> Result<Response, Problem> {
    let mends = patch.0.contains_key("url") || patch.0.contains_key("disabled");
    let doc = permit
        .change::<Subscription>(id, &if_match, |doc| {
            let input: WebhookInput = patch.clone().apply(&input_of(&doc.body))?;
            check(&permit, input, Some(&doc.body)).map(Changed::body)
        })
        .await?;
    if mends && !doc.body.paused && doc.body.disabled.is_none() {
        release_held(&permit, id).await?;
    }
    answer::document(doc.meta.version, &view(&doc))
}

/// Makes held deliveries due again. Lanes of destinations and webhooks are one kind of thing to
/// the store.
async fn release_held(access: &Access, id: SubscriptionId) -> Result<(), Problem> {
    access.workspace().release_held(DestinationId::from_uuid(id.uuid())).await?;
    Ok(())
}

/// Delete a webhook
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path)), responses((status = 204, description = "It is gone.")),
    security(("key" = ["config:write"])))]
pub(super) async fn delete_webhook(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let doc = permit.find::<Subscription>(id).await?;
    permit.delete(&doc, &if_match, Vec::new()).await
}
