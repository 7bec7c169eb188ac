//! `/api/v1/hooks`: event subscriptions as apps such as Zapier make them. A hook is a webhook that
//! an app owns: it is for one event, and ends when its URL answers 410.

use super::answer;
use super::document::{Changed, new_doc};
use super::events::{self, EventView};
use super::input::{Creating, Faults, IfMatch};
use super::sample::{self, SampleInput};
use super::webhooks::WEBHOOKS_MAX;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::{Campaign, DocKind, RetryPolicy, Subscription, Workspace};
use baton_domain::connector::envelope::{event_envelope, lead_event_data};
use baton_domain::event::EventKind;
use baton_domain::guard::check_url;
use baton_domain::id::{EventId, SubscriptionId, TypedId};
use baton_domain::lead::{LeadState, LeadView};

use baton_domain::secret::{SIGNING, Secrets};
use baton_domain::signature::new_secret;
use baton_domain::time::Millis;
use baton_store::Doc;
use baton_store::docs::Expect;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

/// Most events of a sample.
const SAMPLE_MAX: u32 = 10;
/// Events of a sample when nobody says.
const SAMPLE_DEFAULT: u32 = 3;

/// A subscription as an app asks for it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookInput {
    /// Where the events are posted; `hookUrl` and `url` are understood too.
    #[serde(alias = "hookUrl", alias = "url")]
    #[schema(example = "https://hooks.zapier.com/hooks/standard/1/abc/")]
    pub target_url: String,
    /// Which event.
    pub event: EventKind,
}

/// A subscription of an app.
#[derive(Serialize, ToSchema)]
pub struct HookView {
    /// Its id.
    #[schema(value_type = String, example = "whk_01h455vb4pex5vsknk084sn02q")]
    pub id: SubscriptionId,
    /// Where the events are posted.
    pub target_url: String,
    /// Which event.
    pub event: Option<EventKind>,
    /// When it was made.
    pub created_at: String,
}

fn view(doc: &Doc<Subscription>) -> HookView {
    HookView {
        id: SubscriptionId::from_uuid(doc.meta.id),
        target_url: doc.body.url.clone(),
        event: doc.body.events.first().copied(),
        created_at: doc.meta.created_at.to_rfc3339(),
    }
}

/// Subscribe an app
///
/// What happens from now on is posted to the URL, one event a request. An answer of 410 ends the
/// subscription.
#[utoipa::path(post, path = "/api/v1/hooks", tag = "hooks", request_body = HookInput,
    responses((status = 201, body = HookView)), security(("key" = ["config:write"])))]
pub(super) async fn subscribe_hook(
    permit: Permit<scopes::ConfigWrite>,
    creating: Creating<HookInput>,
) -> Result<Response, Problem> {
    let HookInput { target_url, event } = creating.input;
    let mut faults = Faults::default();
    if let Err(refusal) = check_url(&target_url, &permit.state().settings.allow) {
        faults.add("target_url", "blocked", refusal.detail);
    }
    if event == EventKind::WebhookTest {
        faults.add("event", "invalid", "is sent by the test call only");
    }
    if permit.all::<Subscription>().len() >= WEBHOOKS_MAX {
        let message = format!("a workspace has at most {WEBHOOKS_MAX} webhooks and hooks");
        faults.add("target_url", "too_many", message);
    }
    faults.into_result()?;
    let body = Subscription {
        url: target_url,
        events: vec![event],
        description: Some(format!("an app's hook for {event}")),
        paused: false,
        disabled: None,
        retry: RetryPolicy::default(),
        in_flight: Subscription::IN_FLIGHT,
        timeout_ms: Subscription::TIMEOUT_MS,
        signing_previous_until: None,
        hook: true,
    };
    let now = permit.store().now();
    let id: SubscriptionId = permit.store().new_id();
    let secrets = Secrets::from([(SIGNING.to_owned(), new_secret(permit.store().random()))]);
    let doc = new_doc(&permit, id, body, secrets, now);
    let changed = Changed { body: doc.body.clone(), secrets: Some(doc.secrets.clone()) };
    let writes = vec![permit.write(id, Expect::New, &changed, now)?];
    permit.create(creating.idempotency, writes, &view(&doc)).await
}

/// Unsubscribe an app
///
/// Also when it was unsubscribed before: then nothing changes.
#[utoipa::path(delete, path = "/api/v1/hooks/{id}", tag = "hooks",
    params(("id" = String, Path)), responses((status = 204, description = "It is gone.")),
    security(("key" = ["config:write"])))]
pub(super) async fn unsubscribe_hook(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<SubscriptionId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    match permit.find::<Subscription>(id).await {
        Ok(doc) if !doc.body.hook => Err(Problem::not_found("hook")),
        Ok(doc) => permit.delete(&doc, &if_match, Vec::new()).await,
        Err(missing) if missing.code == Code::NotFound => {
            let gone = permit.workspace().was_deleted(DocKind::Subscription, id.uuid()).await?;
            if gone { Ok(StatusCode::NO_CONTENT) } else { Err(missing) }
        }
        Err(problem) => Err(problem),
    }
}

/// Which sample.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HookSampleQuery {
    /// Which event, such as `lead.created`.
    event: String,
    /// How many at most, 1 to 10; 3 when left out.
    limit: Option<u32>,
}

/// Sample an event
///
/// A bare list, newest first, in the shape that hooks get: real events where there are recent ones,
/// else one that is made up.
#[utoipa::path(get, path = "/api/v1/hooks/sample", tag = "hooks", params(HookSampleQuery),
    responses((status = 200, body = Vec<EventView>)), security(("key" = ["events:read"])))]
pub(super) async fn sample_hook(
    permit: Permit<scopes::EventsRead>,
    Query(query): Query<HookSampleQuery>,
) -> Result<Response, Problem> {
    let kind = EventKind::parse(&query.event).filter(|kind| *kind != EventKind::WebhookTest);
    let kind = kind.ok_or_else(|| answer::invalid_query("event", "must be a kind of event"))?;
    let limit = query.limit.unwrap_or(SAMPLE_DEFAULT);
    if !(1..=SAMPLE_MAX).contains(&limit) {
        return Err(answer::invalid_query("limit", &format!("must be 1 to {SAMPLE_MAX}")));
    }
    let mut data = Vec::new();
    for row in permit.workspace().recent_events(kind, limit).await? {
        data.push(events::render(&permit, &row).await?);
    }
    if data.is_empty() {
        data.push(made_up(&permit, kind).await?);
    }
    answer::json(StatusCode::OK, &data)
}

async fn made_up(access: &Access, kind: EventKind) -> Result<EventView, Problem> {
    let own = access.find::<Workspace>(access.workspace_id()).await?;
    let campaign = own.body.default_campaign.and_then(|id| access.known::<Campaign>(id));
    let campaign = campaign.as_deref().map(|doc| &doc.body);
    let lead = LeadView::from(sample::lead(access, campaign, SampleInput::default()).await?);
    let data = match kind {
        EventKind::LeadErased => json!({"id": lead.id, "state": LeadState::Erased}),
        kind if kind.is_lead() => lead_event_data(&lead, Map::new()),
        kind => told(access, kind),
    };
    let (id, now): (EventId, Millis) = (access.store().new_id(), access.store().now());
    EventView::new(event_envelope(id, kind, now, access.workspace_id(), 1, &data))
}

/// What an event about a delivery or a destination holds.
fn told(access: &Access, kind: EventKind) -> Value {
    let store = access.store();
    let delivery: baton_domain::id::DeliveryId = store.new_id();
    let destination: baton_domain::id::DestinationId = store.new_id();
    if kind == EventKind::DestinationDisabled {
        return json!({"destination_id": destination, "delivery_id": delivery,
            "reason": "the receiver answered 410"});
    }
    let lead: baton_domain::id::LeadId = store.new_id();
    let (state, verdict, reason) = match kind {
        EventKind::DeliverySucceeded => ("accepted", "accepted", Value::Null),
        EventKind::DeliveryRejected => ("rejected", "duplicate", "Duplicate Lead".into()),
        _ => ("failed", "transient", Value::Null),
    };
    json!({"delivery_id": delivery, "destination_id": destination, "lead_id": lead,
        "state": state, "verdict": verdict, "decided_by": "http 200", "attempts": 1,
        "status": 200, "reason": reason, "price": null})
}
