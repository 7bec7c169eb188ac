//! What a delivery goes to, destination or subscription, and the request for it.

use crate::engine::Core;
use crate::renderers::{self, Prepared};
use baton_domain::config::{Destination, OnUnmatched, RetryPolicy, Subscription};
use baton_domain::connector::classify::CompiledRules;
use baton_domain::connector::envelope::{event_envelope, lead_event_data};
use baton_domain::connector::manifest::Registry;
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::{RenderInput, Variant, render_event};
use baton_domain::delivery::DeliveryCause;
use baton_domain::exchange::RequestSpec;
use baton_domain::id::{DeliveryId, DestinationId, SubscriptionId, TypedId};
use baton_domain::lead::{LeadState, LeadView};
use baton_domain::retry::OnUnknown;
use baton_domain::secret::{SIGNING, SIGNING_PREVIOUS, Secrets};
use baton_domain::time::Millis;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::events::EventRow;
use baton_store::{ClaimedDelivery, Doc, StoreError, StoredRequest, TargetKind};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Most deliveries looked at when a chain of resends or failovers is followed back.
pub(crate) const CHAIN_MAX: usize = 32;
/// Headers that carry credentials under everybody's names; masked when shown, secret or not.
const CREDENTIAL_HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x_key",
    "x-key",
    "x-auth-token",
];

/// What a delivery goes to.
#[derive(Clone)]
pub(crate) enum Target {
    Destination(DestinationId, Arc<Doc<Destination>>),
    Subscription(Arc<Doc<Subscription>>),
}

impl Target {
    /// The target of a claimed delivery, if it is still there.
    pub(crate) fn of(core: &Core, claimed: &ClaimedDelivery) -> Option<Self> {
        let snapshot = core.store.snapshot();
        match claimed.target_kind {
            TargetKind::Destination => {
                let id = DestinationId::from_uuid(claimed.target);
                let doc = snapshot.destinations.get(&id)?;
                Some(Self::Destination(id, Arc::clone(doc)))
            }
            TargetKind::Subscription => {
                let id = SubscriptionId::from_uuid(claimed.target);
                Some(Self::Subscription(Arc::clone(snapshot.subscriptions.get(&id)?)))
            }
        }
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        match self {
            Self::Destination(_, doc) => &doc.secrets,
            Self::Subscription(doc) => &doc.secrets,
        }
    }

    /// When the grace period of a rotation of its secret ends.
    pub(crate) fn previous_until(&self) -> Option<Millis> {
        match self {
            Self::Destination(_, doc) => doc.body.signing_previous_until,
            Self::Subscription(doc) => doc.body.signing_previous_until,
        }
    }

    pub(crate) fn policy(&self) -> &RetryPolicy {
        match self {
            Self::Destination(_, doc) => &doc.body.retry,
            Self::Subscription(doc) => &doc.body.retry,
        }
    }

    pub(crate) fn on_unmatched(&self) -> OnUnmatched {
        match self {
            Self::Destination(_, doc) => doc.body.on_unmatched,
            // Any answer but 2xx is a failed delivery of an event, so it comes again.
            Self::Subscription(_) => OnUnmatched::Retry,
        }
    }

    /// What the connector wants of an outcome that nobody knows. An event may come twice.
    pub(crate) fn on_unknown(&self, registry: &Registry) -> OnUnknown {
        match self {
            Self::Destination(_, doc) => {
                let manifest = registry.get(&doc.body.connector);
                manifest.map(|m| m.retry.on_unknown).unwrap_or_default()
            }
            Self::Subscription(_) => OnUnknown::Retry,
        }
    }

    pub(crate) fn timeout_ms(&self) -> u32 {
        match self {
            Self::Destination(_, doc) => doc.body.timeout_ms,
            Self::Subscription(doc) => doc.body.timeout_ms,
        }
    }
}

/// The rules that read the answers.
pub(crate) enum Rules {
    Prepared(Prepared),
    Subscription,
}

impl Rules {
    pub(crate) fn get(&self) -> Option<&CompiledRules> {
        match self {
            Self::Prepared(prepared) => prepared.as_ref().as_ref().ok().map(|r| r.rules()),
            Self::Subscription => Some(renderers::subscription_rules()),
        }
    }
}

/// A request ready to be signed and sent.
pub(crate) struct Call {
    pub request: RequestSpec,
    /// Whether it was made now and is to be stored.
    pub fresh: bool,
    pub rules: Rules,
    /// The `webhook-id`.
    pub signed_id: String,
}

/// What preparing a delivery came to.
pub(crate) enum Preparation {
    Ready(Call),
    /// The request cannot be made; trying again cannot help.
    Unsendable(Classified),
    /// What it was to carry is gone; why.
    Gone(&'static str),
}

/// Makes the request, or takes the stored one: the bytes of a delivery do not change over its
/// attempts. A delivery that was held for wrong settings and let go by a person is made anew: the
/// settings were mended for its sake.
pub(crate) async fn prepare(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
    lead: Option<Box<LeadView>>,
) -> Result<Preparation, StoreError> {
    match target {
        Target::Destination(id, doc) => prepare_lead(core, claimed, *id, doc, lead).await,
        Target::Subscription(doc) => prepare_event(core, claimed, doc, lead).await,
    }
}

async fn stored(core: &Core, claimed: &ClaimedDelivery) -> Result<Option<RequestSpec>, StoreError> {
    let released = claimed.last_verdict.as_deref() == Some(Verdict::AuthOrConfig.as_str());
    if claimed.attempts == 0 || released {
        return Ok(None);
    }
    let workspace = core.store.workspace(claimed.workspace);
    Ok(workspace.request(claimed.id, claimed.attempts).await?.map(|stored| stored.request))
}

/// The lead, read unless it is at hand.
async fn lead_of(
    core: &Core,
    claimed: &ClaimedDelivery,
    at_hand: Option<Box<LeadView>>,
) -> Result<Option<LeadView>, StoreError> {
    if let Some(lead) = at_hand {
        return Ok(Some(*lead));
    }
    let Some(lead) = claimed.lead else { return Ok(None) };
    let workspace = core.store.workspace(claimed.workspace);
    let view = workspace.lead_view(lead, claimed.data_version).await?;
    Ok(view.filter(|lead| lead.state != LeadState::Erased))
}

async fn prepare_lead(
    core: &Core,
    claimed: &ClaimedDelivery,
    id: DestinationId,
    doc: &Arc<Doc<Destination>>,
    lead: Option<Box<LeadView>>,
) -> Result<Preparation, StoreError> {
    let prepared = core.renderers.of(&core.registry, id, doc);
    let renderer = match prepared.as_ref() {
        Ok(renderer) => renderer,
        Err(problem) => return Ok(Preparation::Unsendable(renderers::not_rendered(problem))),
    };
    // A resend is the same delivery to its receiver: it is known by the id of the first one.
    let origin = origin(core, claimed).await?;
    let stored = stored(core, claimed).await?;
    let fresh = stored.is_none();
    let request = match stored {
        Some(request) => request,
        None => {
            let Some(lead) = lead_of(core, claimed, lead).await? else {
                return Ok(Preparation::Gone("the lead is no longer stored"));
            };
            let snapshot = core.store.snapshot();
            let campaign = snapshot.campaigns.get(&doc.body.campaign);
            let input = RenderInput {
                lead: &lead,
                delivery_id: origin,
                schema: campaign.map_or(&[], |c| c.body.fields.as_slice()),
                test: false,
                country: campaign.and_then(|c| c.body.country.as_deref()),
                variant: Variant::Post,
                answer: None,
            };
            match renderer.render(&doc.secrets, &input) {
                Ok(request) => request,
                Err(problem) => {
                    return Ok(Preparation::Unsendable(renderers::not_rendered(&problem)));
                }
            }
        }
    };
    let rules = Rules::Prepared(prepared);
    Ok(Preparation::Ready(Call { request, fresh, rules, signed_id: origin.to_string() }))
}

/// The first delivery of a chain of resends.
async fn origin(core: &Core, claimed: &ClaimedDelivery) -> Result<DeliveryId, StoreError> {
    let workspace = core.store.workspace(claimed.workspace);
    let (mut id, mut cause, mut parent) = (claimed.id, claimed.cause, claimed.parent);
    for _ in 0..CHAIN_MAX {
        let Some(earlier) = parent.filter(|_| cause == DeliveryCause::Resend) else { break };
        let Some(row) = workspace.delivery(earlier).await? else { break };
        (id, cause, parent) = (row.id, row.cause, row.parent);
    }
    Ok(id)
}

async fn prepare_event(
    core: &Core,
    claimed: &ClaimedDelivery,
    doc: &Doc<Subscription>,
    lead: Option<Box<LeadView>>,
) -> Result<Preparation, StoreError> {
    const GONE: Preparation = Preparation::Gone("the event is no longer stored");
    let Some(position) = claimed.event else { return Ok(GONE) };
    let Some(event) = core.store.event_at(claimed.workspace, position).await? else {
        return Ok(GONE);
    };
    let stored = stored(core, claimed).await?;
    let fresh = stored.is_none();
    let request = match stored {
        Some(request) => request,
        None => {
            let delta: Map<String, Value> = serde_json::from_slice(&event.delta)
                .map_err(|e| StoreError::Damaged { what: "event", detail: e.to_string() })?;
            let data = if event.kind.is_lead() {
                let Some(lead) = lead_of(core, claimed, lead).await? else {
                    return Ok(Preparation::Gone("the lead is no longer stored"));
                };
                lead_event_data(&lead, delta)
            } else {
                Value::Object(delta)
            };
            match render_event(&doc.body.url, envelope(&event, &data)) {
                Ok(request) => request,
                Err(problem) => {
                    return Ok(Preparation::Unsendable(renderers::not_rendered(&problem)));
                }
            }
        }
    };
    let rules = Rules::Subscription;
    Ok(Preparation::Ready(Call { request, fresh, rules, signed_id: event.id.to_string() }))
}

fn envelope(event: &EventRow, data: &Value) -> Vec<u8> {
    event_envelope(event.id, event.kind, event.at, event.workspace, event.n, data)
}

/// A request as it is stored: what is secret in it is named, and sealed if there is any.
pub(crate) fn to_store(request: &RequestSpec, secrets: &Secrets) -> StoredRequest {
    let secret_headers = request
        .headers
        .iter()
        .filter(|(name, value)| {
            CREDENTIAL_HEADERS.contains(&name.to_ascii_lowercase().as_str())
                || mask(value, secrets) != *value
        })
        .map(|(name, _)| name.clone())
        .collect();
    let sealed = secrets.keys().any(|name| name != SIGNING && name != SIGNING_PREVIOUS);
    StoredRequest { request: request.clone(), secret_headers, sealed }
}
