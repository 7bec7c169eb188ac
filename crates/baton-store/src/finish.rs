//! Ending an attempt: everything it produced, in one transaction, only if it is still ours.

mod fields;
mod followups;
pub(crate) mod run;

use crate::steps::{ShownRequest, Step};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::render::Variant;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::event::EventKind;
use baton_domain::exchange::{Phases, RequestSpec};
use baton_domain::id::{DeliveryId, DestinationId, EventId, LeadId, WorkspaceId};
use baton_domain::reason::Reason;
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// What an attempt brought about.
#[derive(Clone, Debug)]
pub struct Finish {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Token of the claim; if another owner has it now, only the attempt is recorded, as late.
    pub token: Uuid,
    /// The lead it carried.
    pub lead: Option<LeadId>,
    /// The present.
    pub now: Millis,
    /// The record of the attempt; `None` when it never came to one (cancelled, target gone).
    pub attempt: Option<AttemptRecord>,
    /// The exact request, if it is the first one or differs from the stored one.
    pub request: Option<StoredRequest>,
    /// The delivery's new state.
    pub state: DeliveryState,
    /// When the next attempt is due, for `retrying`, or the next question, for `queued`.
    pub next_at: Option<Millis>,
    /// Whether this ends a question about a queued lead: it spends neither attempt nor start, and its
    /// verdict becomes the delivery's only when it settles it.
    pub question: bool,
    /// What the delivery's answers gave, if the last one added to it.
    pub answered: Option<Answered>,
    /// What the answer gave for fields of the lead.
    pub lead_fields: Option<GivenFields>,
    /// Why the state is what it is, one line for people.
    pub note: Option<String>,
    /// Set the lead to `delivered` if it is `received`.
    pub lead_delivered: bool,
    /// Deliveries to make from this one.
    pub followups: Vec<Followup>,
    /// Events to write.
    pub events: Vec<NewEvent>,
    /// Switch the target off.
    pub disable: Option<DisableTarget>,
    /// What the reports count when this ends a delivery to a destination.
    pub tally: Option<Tally>,
}

/// What the reports count of a delivery that ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The destination.
    pub destination: DestinationId,
    /// The reason as the reports group it, without personal data.
    pub reason: Reason,
}

/// The record of one attempt.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// 1, 2, ... A question has the number of the attempt it is about.
    pub n: i64,
    /// When it began.
    pub started_at: Millis,
    /// What its outcome means.
    pub verdict: Verdict,
    /// What decided: the rule, the status or the fault.
    pub decided_by: String,
    /// Index of the rule that hit.
    pub rule: Option<i64>,
    /// The reason given; outside text.
    pub reason: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Fault word when there was no complete answer, with its detail.
    pub fault: Option<(String, String)>,
    /// Headers of this attempt that are not in the stored request (signatures, timestamp).
    pub sent_headers: Vec<(String, String)>,
    /// The answer's headers.
    pub answer_headers: Vec<(String, String)>,
    /// Head of the answer's body, at most 64 KiB.
    pub answer: Vec<u8>,
    /// Whether the body was longer than what is stored.
    pub answer_cut: bool,
    /// Where the time went.
    pub phases: Phases,
    /// What was taken from the answer, as JSON.
    pub extracted: Option<Vec<u8>>,
    /// The exchanges before its own.
    pub steps: Vec<Step>,
    /// Which question about a queued lead it was, from 1; `None`: an attempt.
    pub question: Option<i64>,
    /// What a question sent.
    pub sent: Option<ShownRequest>,
}

/// A request as stored: once per delivery, again only when it changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRequest {
    /// The bytes.
    pub request: RequestSpec,
    /// Names of headers whose values are secret; masked when shown.
    pub secret_headers: Vec<String>,
    /// Secret texts that may stand in URL or body are masked when shown; the request is sealed at
    /// rest when this is true.
    pub sealed: bool,
    /// Which of the connector's exchanges it is: its answer is read by that one's rules.
    pub variant: Variant,
}

/// A delivery made from another.
#[derive(Clone, Debug)]
pub struct Followup {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Why: by failover, or by a link.
    pub cause: DeliveryCause,
    /// When it is due.
    pub due: Millis,
}

/// What an answer gave for fields of the lead: they become a new version of its data, with an event
/// `lead.updated`, unless the lead has these values already. Nobody gets the lead again for it.
///
/// `Debug` shows no values.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenFields {
    /// The values by the fields' names.
    pub fields: BTreeMap<String, String>,
    /// Id of the event.
    pub event: EventId,
}

impl fmt::Debug for GivenFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenFields").field("names", &self.fields.keys()).finish_non_exhaustive()
    }
}

/// An event to write.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// What is not in the lead, as JSON.
    pub delta: Vec<u8>,
}

/// Switching a target off.
#[derive(Clone, Debug)]
pub struct DisableTarget {
    /// Why, for people.
    pub reason: String,
}

/// Giving a claimed delivery back without spending an attempt: our own fault, or a stop.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Token of the claim.
    pub token: Uuid,
    /// When it is due again.
    pub due: Millis,
    /// Whether the claim counts as a start that came to nothing: after many of them the delivery
    /// is given up as poison. A stop or an outage says nothing about the delivery.
    pub counts: bool,
}
