//! What others learn of a delivery's outcome: events, the row's own memory, fields of the lead.

use crate::engine::Core;
use crate::target::overlaid;
use baton_domain::config::Destination;
use baton_domain::connector::answered::Answered;
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::time::Millis;
use baton_domain::verdict::Classified;
use baton_store::{ClaimedDelivery, Doc, GivenFields, NewEvent};
use serde_json::json;
use std::collections::BTreeMap;

/// Most characters of a reason that are kept in an event.
const REASON_CHARS_MAX: usize = 300;

/// A delivery to a destination that came to something. Deliveries of events tell nobody: that would
/// never end.
pub(crate) struct Told<'a> {
    pub claimed: &'a ClaimedDelivery,
    pub classified: &'a Classified,
    /// The state it is in now.
    pub state: DeliveryState,
    pub attempts: i64,
    /// HTTP status of the answer.
    pub status: Option<u16>,
}

impl Told<'_> {
    /// The events. A queued delivery that is asked after, at `next_at`, has none yet.
    pub(crate) fn events(
        &self,
        core: &Core,
        next_at: Option<Millis>,
        disabled: Option<&str>,
    ) -> Vec<NewEvent> {
        let claimed = self.claimed;
        let kind = match self.state {
            DeliveryState::Queued if next_at.is_some() => None,
            DeliveryState::Accepted | DeliveryState::Queued => Some(EventKind::DeliverySucceeded),
            DeliveryState::Rejected => Some(EventKind::DeliveryRejected),
            // What waits for a person needs one as much as a failed delivery.
            DeliveryState::Failed | DeliveryState::Held | DeliveryState::Unknown => {
                Some(EventKind::DeliveryFailed)
            }
            _ => None,
        };
        let destination = DestinationId::from_uuid(claimed.target);
        let event = |kind, delta: serde_json::Value| NewEvent {
            id: core.store.new_id(),
            kind,
            delta: delta.to_string().into_bytes(),
        };
        let mut events = Vec::new();
        if let Some(kind) = kind {
            let classified = self.classified;
            let reason: Option<String> =
                classified.reason.as_ref().map(|r| r.chars().take(REASON_CHARS_MAX).collect());
            let delta = json!({
                "delivery_id": claimed.id,
                "destination_id": destination,
                "lead_id": claimed.lead,
                "state": self.state,
                "verdict": classified.verdict,
                "decided_by": classified.decided_by,
                "attempts": self.attempts,
                "status": self.status,
                "reason": reason,
                "price": classified.extracted.get("price"),
            });
            events.push(event(kind, delta));
        }
        if let Some(reason) = disabled {
            let delta = json!({
                "destination_id": destination,
                "delivery_id": claimed.id,
                "reason": reason,
            });
            events.push(event(EventKind::DestinationDisabled, delta));
        }
        events
    }

    /// What the delivery's row remembers of its answers, if anybody may ask for it: an update, a
    /// question, a linked delivery.
    pub(crate) fn answered(&self, doc: &Doc<Destination>) -> Option<Answered> {
        let wanted = !self.classified.extracted.is_empty()
            || self.state == DeliveryState::Queued
            || !doc.body.linked.is_empty();
        let now = Answered::of(self.classified, &doc.body.name);
        wanted.then(|| overlaid(self.claimed.answered.clone(), now))
    }

    /// What the answer gave for fields of the lead.
    pub(crate) fn lead_fields(&self, core: &Core) -> Option<GivenFields> {
        let fields: BTreeMap<String, String> = self
            .classified
            .extracted
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("field:")?, value)))
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        (!fields.is_empty()).then(|| GivenFields { fields, event: core.store.new_id() })
    }
}
