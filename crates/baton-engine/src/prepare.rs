//! From a claimed delivery to the request for it.

use crate::chain::Chain;
use crate::engine::Core;
use crate::renderers;
use crate::target::{Call, Preparation, Rules, Target, overlaid, render};
use baton_domain::config::{Destination, Subscription};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::envelope::{event_envelope, lead_event_data};
use baton_domain::connector::render::{Renderer, Variant, render_event};
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::DestinationId;
use baton_domain::lead::{LeadState, LeadView};
use baton_domain::sequel::{Due, Earlier, Step, step};
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use baton_store::deliveries::DeliveryRow;
use baton_store::events::EventRow;
use baton_store::{ClaimedDelivery, Doc, StoreError, StoredRequest};
use serde_json::{Map, Value};
use std::sync::Arc;

/// How long a completed lead waits before it is looked again whether an earlier version of it has
/// arrived, in milliseconds.
const SEQUEL_WAIT_MS: i64 = 1_000;

/// Makes the request, or takes the stored one: the bytes of a delivery do not change over its
/// attempts, except for those of a bid. A delivery that was held for wrong settings and let go by a
/// person is made anew: the settings were mended for its sake.
pub(crate) async fn prepare(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
    lead: Option<Box<LeadView>>,
) -> Result<Preparation, StoreError> {
    match target {
        Target::Destination(id, doc) => prepare_lead(core, claimed, (*id, doc), lead).await,
        Target::Subscription(doc) => prepare_event(core, claimed, doc, lead).await,
    }
}

async fn stored(
    core: &Core,
    claimed: &ClaimedDelivery,
) -> Result<Option<StoredRequest>, StoreError> {
    let released = claimed.last_verdict.as_deref() == Some(Verdict::AuthOrConfig.as_str());
    // A resend of the same bytes has them from the start, as revision 0.
    let first = claimed.attempts == 0 && claimed.cause != DeliveryCause::Resend;
    if first || released {
        return Ok(None);
    }
    let workspace = core.store.workspace(claimed.workspace);
    workspace.request(claimed.id, claimed.attempts).await
}

/// The lead, read unless it is at hand.
pub(crate) async fn lead_of(
    core: &Core,
    claimed: &ClaimedDelivery,
    at_hand: Option<Box<LeadView>>,
) -> Result<Option<Box<LeadView>>, StoreError> {
    if at_hand.is_some() {
        return Ok(at_hand);
    }
    let Some(lead) = claimed.lead else { return Ok(None) };
    let workspace = core.store.workspace(claimed.workspace);
    let view = workspace.lead_view(lead, claimed.data_version).await?;
    Ok(view.filter(|lead| lead.state != LeadState::Erased).map(Box::new))
}

async fn prepare_lead(
    core: &Core,
    claimed: &ClaimedDelivery,
    (id, doc): (DestinationId, &Arc<Doc<Destination>>),
    lead: Option<Box<LeadView>>,
) -> Result<Preparation, StoreError> {
    let prepared = core.renderers.of(&core.registry, id, doc);
    let renderer = match prepared.as_ref() {
        Ok(renderer) => renderer,
        Err(problem) => return Ok(Preparation::Unsendable(renderers::not_rendered(problem))),
    };
    let chain = Chain::of(core, claimed).await?;
    let origin = chain.origin(claimed);
    // A bid does not last, so each attempt asks for one.
    let lasting =
        |stored: &StoredRequest| !matches!(stored.variant, Variant::Ping | Variant::PingedPost);
    let kept = stored(core, claimed).await?.filter(lasting);
    let rules = Rules::Prepared(Arc::clone(&prepared));
    let signed_id = origin.to_string();
    if let Some(StoredRequest { request, variant, .. }) = kept {
        let (fresh, lead, given) = (false, None, None);
        let call = Call { request, variant, fresh, rules, origin, signed_id, lead, given };
        return Ok(Preparation::Ready(call));
    }
    let Some(lead) = lead_of(core, claimed, lead).await? else {
        return Ok(Preparation::Gone("the lead is no longer stored"));
    };
    let mut given = chain.given(claimed);
    let mut variant = match renderer.pings_first() {
        true => Variant::Ping,
        false => Variant::Post,
    };
    match sequel(core, claimed, (doc, renderer), &lead).await? {
        Sequel::Post => {}
        Sequel::Update(earlier) => {
            variant = Variant::Update;
            given = Some(overlaid(given, earlier));
        }
        Sequel::Superseded => return Ok(Preparation::Superseded),
        Sequel::Wait(due) => return Ok(Preparation::Wait(due)),
    }
    match render(core, doc, renderer, (&lead, origin, variant), given.as_ref()) {
        Ok(request) => {
            let lead = (variant == Variant::Ping).then_some(lead);
            let fresh = true;
            let call = Call { request, variant, fresh, rules, origin, signed_id, lead, given };
            Ok(Preparation::Ready(call))
        }
        Err(problem) => Ok(Preparation::Unsendable(renderers::not_rendered(&problem))),
    }
}

/// What is done about versions of a lead that came in parts.
enum Sequel {
    Post,
    /// As an update of what an earlier version made; with what its answers gave.
    Update(Answered),
    Superseded,
    Wait(Millis),
}

async fn sequel(
    core: &Core,
    claimed: &ClaimedDelivery,
    (doc, renderer): (&Doc<Destination>, &Renderer),
    lead: &LeadView,
) -> Result<Sequel, StoreError> {
    // Only a lead with a key of its sender comes in parts.
    if lead.seq.is_none() {
        return Ok(Sequel::Post);
    }
    let workspace = core.store.workspace(claimed.workspace);
    let version = claimed.data_version;
    let Some((newest, rows)) =
        workspace.deliveries_before(lead.id, claimed.target, version).await?
    else {
        return Ok(Sequel::Post);
    };
    let earlier: Vec<Earlier> = rows.iter().map(earlier).collect();
    let due = Due {
        version,
        // Whoever resends an old version by hand means it.
        newest: if claimed.cause == DeliveryCause::Resend { version } else { newest },
        earlier: &earlier,
        can_update: renderer.can(Variant::Update, &doc.secrets),
        can_poll: renderer.poll(&doc.secrets).is_some(),
    };
    Ok(match step(&due) {
        Step::Post => Sequel::Post,
        Step::Superseded => Sequel::Superseded,
        Step::Wait => Sequel::Wait(wait_until(&rows, core.store.now())),
        Step::Update { vendor_id } => {
            let found = rows.iter().filter_map(|row| row.answered.as_ref());
            let is_its = |answered: &&Answered| answered.values.get(VENDOR_ID) == Some(&vendor_id);
            let answered = found.into_iter().find(is_its).cloned().unwrap_or_default();
            Sequel::Update(answered)
        }
    })
}

/// What answers call the vendor's id of the lead.
const VENDOR_ID: &str = "vendor_id";

fn earlier(row: &DeliveryRow) -> Earlier {
    let answered = row.answered.as_ref();
    Earlier {
        state: row.state,
        vendor_id: answered.and_then(|a| a.values.get(VENDOR_ID)).cloned(),
        poll_ended: row.next_attempt_at.is_none(),
    }
}

/// When a completed lead that waits for its earlier version looks again: soon while that is in
/// flight, otherwise just after the receiver is asked about it.
fn wait_until(earlier: &[DeliveryRow], now: Millis) -> Millis {
    let in_flight = earlier.iter().any(|row| row.state == DeliveryState::InFlight);
    let asked_at = earlier.iter().filter(|row| row.state == DeliveryState::Queued);
    let asked_at = asked_at.filter_map(|row| row.next_attempt_at).min().filter(|_| !in_flight);
    asked_at.map_or(now, |at| at.max(now)).plus_ms(SEQUEL_WAIT_MS)
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
    let kept = stored(core, claimed).await?;
    let fresh = kept.is_none();
    let request = match kept {
        Some(stored) => stored.request,
        None => {
            let delta: Map<String, Value> = serde_json::from_slice(&event.delta)
                .map_err(|e| StoreError::unreadable("event", &e))?;
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
    Ok(Preparation::Ready(Call {
        request,
        variant: Variant::Post,
        fresh,
        rules: Rules::Subscription,
        origin: claimed.id,
        signed_id: event.id.to_string(),
        lead: None,
        given: None,
    }))
}

fn envelope(event: &EventRow, data: &Value) -> Vec<u8> {
    event_envelope(event.id, event.kind, event.at, event.workspace, event.n, data)
}
