//! Ending an attempt: everything it produced, in one transaction, only if it is still ours.

pub(crate) mod run;

use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::exchange::{Phases, RequestSpec};
use baton_domain::id::{DeliveryId, DestinationId, EventId, LeadId, WorkspaceId};
use baton_domain::reason::Reason;
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
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
    /// When the next attempt is due, for `retrying`.
    pub next_at: Option<Millis>,
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
    /// 1, 2, ...
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
}

/// A delivery made from another.
#[derive(Clone, Debug)]
pub struct Followup {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: DestinationId,
    /// When it is due.
    pub due: Millis,
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
