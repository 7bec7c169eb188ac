//! What a delivery goes to, destination or subscription, and what a request for it consists of.

use crate::engine::Core;
use crate::renderers::{self, Prepared};
use baton_domain::config::{Destination, OnUnmatched, RetryPolicy, Subscription};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::classify::CompiledRules;
use baton_domain::connector::manifest::Registry;
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::{RenderInput, RenderProblem, Renderer, Variant};
use baton_domain::exchange::RequestSpec;
use baton_domain::id::{DeliveryId, DestinationId, SubscriptionId, TypedId};
use baton_domain::lead::LeadView;
use baton_domain::retry::OnUnknown;
use baton_domain::secret::{SIGNING, SIGNING_PREVIOUS, Secrets};
use baton_domain::time::Millis;
use baton_domain::verdict::Classified;
use baton_store::{ClaimedDelivery, Doc, StoredRequest, TargetKind};
use std::sync::Arc;

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
    /// Those of one of the connector's exchanges.
    pub(crate) fn of(&self, variant: Variant) -> Option<&CompiledRules> {
        match self {
            Self::Prepared(prepared) => prepared.as_ref().as_ref().ok()?.rules_of(variant),
            Self::Subscription => Some(renderers::subscription_rules()),
        }
    }
}

/// A request ready to be signed and sent.
pub(crate) struct Call {
    pub request: RequestSpec,
    /// Which of the connector's exchanges it is: a ping is followed by the post.
    pub variant: Variant,
    /// Whether it was made now and is to be stored.
    pub fresh: bool,
    pub rules: Rules,
    /// The delivery it was rendered for: the first of a chain of resends.
    pub origin: DeliveryId,
    /// The `webhook-id`.
    pub signed_id: String,
    /// The lead, where more is rendered from it after the first answer.
    pub lead: Option<Box<LeadView>>,
    /// What the answer gave that a linked delivery follows.
    pub given: Option<Answered>,
}

impl Call {
    pub(crate) fn renderer(&self) -> Option<&Renderer> {
        match &self.rules {
            Rules::Prepared(prepared) => prepared.as_ref().as_ref().ok(),
            Rules::Subscription => None,
        }
    }
}

/// What preparing a delivery came to.
pub(crate) enum Preparation {
    Ready(Call),
    /// The request cannot be made; trying again cannot help.
    Unsendable(Classified),
    /// What it was to carry is gone; why.
    Gone(&'static str),
    /// A newer version of its lead was captured.
    Superseded,
    /// An earlier version of its lead comes first; look again then.
    Wait(Millis),
}

/// The request of a lead to a destination. `what` names the lead, the delivery it is rendered for
/// and the exchange; `answer` is what an earlier answer gave.
pub(crate) fn render(
    core: &Core,
    doc: &Doc<Destination>,
    renderer: &Renderer,
    (lead, delivery_id, variant): (&LeadView, DeliveryId, Variant),
    answer: Option<&Answered>,
) -> Result<RequestSpec, RenderProblem> {
    let snapshot = core.store.snapshot();
    let campaign = snapshot.campaigns.get(&doc.body.campaign);
    let input = RenderInput {
        lead,
        delivery_id,
        schema: campaign.map_or(&[], |c| c.body.fields.as_slice()),
        test: false,
        country: campaign.and_then(|c| c.body.country.as_deref()),
        variant,
        answer,
    };
    renderer.render(&doc.secrets, &input)
}

/// What a later answer gave, over what an earlier one did.
pub(crate) fn overlaid(earlier: Option<Answered>, later: Answered) -> Answered {
    let Some(mut both) = earlier else { return later };
    both.verdict = later.verdict.or(both.verdict);
    both.destination = later.destination.or(both.destination);
    both.values.extend(later.values);
    both
}

/// A request as it is stored: what is secret in it is named, and sealed if there is any.
pub(crate) fn to_store(
    request: &RequestSpec,
    variant: Variant,
    secrets: &Secrets,
) -> StoredRequest {
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
    StoredRequest { request: request.clone(), secret_headers, sealed, variant }
}
