//! A lead on its way in, as a command.

mod carry;
pub(crate) mod run;

use baton_domain::config::{DuplicateAction, Partials};
use baton_domain::event::EventKind;
use baton_domain::id::{
    CampaignId, DeliveryId, DestinationId, EventId, LeadId, SourceId, WorkspaceId,
};
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::time::Millis;

/// Everything one capture writes, decided by the caller except for duplicates, replays and
/// partial leads, which the transaction decides.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The source.
    pub source: SourceId,
    /// The new lead's id, if a new one is made.
    pub lead: LeadId,
    /// Its data.
    pub data: LeadData,
    /// The state it gets when no duplicate rule says otherwise: `received`, `partial`,
    /// `rejected`, `quarantined` or `held`.
    pub state: LeadState,
    /// Why it is refused or put aside, as JSON; stored with the lead.
    pub problems: Option<Vec<u8>>,
    /// Whether it is a test.
    pub test: bool,
    /// Version of the campaign document that decided.
    pub config_version: i64,
    /// The present.
    pub now: Millis,
    /// `Idempotency-Key` of the caller.
    pub idempotency: Option<Idempotency>,
    /// The campaign's duplicate rule with this lead's keys; `None` when it has none or the lead
    /// is refused anyway.
    pub duplicates: Option<DuplicateClaim>,
    /// `lead_key` and `seq` of a partial lead or of the submission that completes one.
    pub partial: Option<PartialKey>,
    /// Deliveries to make when the lead is accepted (also as a marked duplicate), as far as their
    /// destinations want a lead that came so.
    pub deliveries: Vec<NewDelivery>,
    /// Ids for the events this capture may write, at least three.
    pub event_ids: [EventId; 3],
}

/// An idempotency key as stored: hashed, bound to its scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Idempotency {
    /// HMAC of workspace, scope and key; see [`crate::sealing::MasterKey::idempotency_key`].
    pub key: [u8; 16],
    /// SHA-256 of the request's body.
    pub body_hash: [u8; 32],
}

/// The keys a lead claims under its campaign's duplicate rule.
#[derive(Clone, Debug)]
pub struct DuplicateClaim {
    /// HMACs of the normalised keys; see [`crate::sealing::MasterKey::claim_key`].
    pub keys: Vec<[u8; 16]>,
    /// How long a claim keeps others out, in milliseconds; `None`: for ever.
    pub window_ms: Option<i64>,
    /// What happens to a duplicate.
    pub action: DuplicateAction,
}

/// Which partial lead a submission belongs to.
#[derive(Clone, Debug)]
pub struct PartialKey {
    /// HMAC of source and `lead_key`; see [`crate::sealing::MasterKey::claim_key`].
    pub key: [u8; 16],
    /// The sender's sequence number; a smaller one never overwrites a larger.
    pub seq: i64,
    /// Whether this submission is itself partial, or completes the lead.
    pub partial: bool,
}

/// A delivery to make.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: DestinationId,
    /// When its first attempt is due.
    pub due: Millis,
    /// What the destination gets of leads that come in parts.
    pub partials: Partials,
}

/// What became of a capture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Captured {
    /// The lead's id: the new one, the partial one that was updated, or the replayed one.
    pub lead: LeadId,
    /// The state it is in.
    pub state: LeadState,
    /// The lead it repeats and that lead's source, if it is a duplicate.
    pub duplicate_of: Option<(LeadId, SourceId)>,
    /// True when the idempotency key had been used with the same body: nothing was written now.
    pub replayed: bool,
    /// True when a partial submission was older than what is stored and changed nothing.
    pub stale: bool,
    /// The deliveries that were made.
    pub deliveries: Vec<DeliveryId>,
    /// Those of them that were written as in flight already, see [`crate::direct`].
    pub in_flight: Vec<DeliveryId>,
}

/// Names the events that belong to a lead's state after capture.
#[must_use]
pub fn event_of(state: LeadState) -> EventKind {
    match state {
        LeadState::Partial => EventKind::LeadPartial,
        LeadState::Rejected => EventKind::LeadRejected,
        LeadState::Quarantined => EventKind::LeadQuarantined,
        _ => EventKind::LeadCreated,
    }
}
