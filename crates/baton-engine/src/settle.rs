//! What becomes of a delivery after an attempt: the rows that say so, written in one commit.

use crate::breaker::Health;
use crate::engine::Core;
use crate::lane::Report;
use crate::target::{CHAIN_MAX, Target};
use baton_domain::config::Destination;
use baton_domain::connector::mask::mask;
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::id::{DeliveryId, DestinationId, TypedId};
use baton_domain::reason::Reason;
use baton_domain::retry::{After, Plain, RETRY_AFTER_MS_MAX, first_attempt, outcome};
use baton_domain::time::Millis;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::deliveries::DeliveryFilter;
use baton_store::{
    AttemptRecord, ClaimedDelivery, DisableTarget, Doc, Finish, Followup, NewEvent, StoreError,
    StoredRequest, Tally,
};
use serde_json::json;
use std::sync::Arc;

/// Most characters of a reason that are kept in an event.
const REASON_CHARS_MAX: usize = 300;

/// An attempt that ended, before it is decided what follows.
pub(crate) struct Ended<'a> {
    pub claimed: &'a ClaimedDelivery,
    pub target: &'a Target,
    pub classified: Classified,
    /// The record; `None` when no attempt was made (the delivery is given up unsent).
    pub attempt: Option<AttemptRecord>,
    pub request: Option<StoredRequest>,
    pub ended_at: Millis,
}

impl Ended<'_> {
    /// Attempts of this series, this one included.
    fn made(&self) -> i64 {
        self.claimed.attempts + i64::from(self.attempt.is_some())
    }
}

/// A finish that is nothing but a state and why.
pub(crate) fn bare(
    claimed: &ClaimedDelivery,
    state: DeliveryState,
    now: Millis,
    note: &str,
) -> Finish {
    Finish {
        workspace: claimed.workspace,
        delivery: claimed.id,
        token: claimed.token,
        lead: claimed.lead,
        now,
        attempt: None,
        request: None,
        state,
        next_at: None,
        note: Some(note.to_owned()),
        lead_delivered: false,
        followups: Vec::new(),
        events: Vec::new(),
        disable: None,
        tally: None,
    }
}

/// What follows an attempt.
pub(crate) struct Plan {
    after: After,
    handover: Handover,
}

/// Decides what follows an attempt. Reads the database only when a lead is to be handed over.
pub(crate) async fn plan(core: &Core, ended: &Ended<'_>) -> Result<Plan, StoreError> {
    let own = match ended.target {
        Target::Destination(_, doc) => doc.body.failover,
        Target::Subscription(_) => None,
    };
    let jitter = core.jitter.draw(&core.store);
    let decide = |has_failover| {
        let plain = Plain {
            policy: ended.target.policy(),
            on_unmatched: ended.target.on_unmatched(),
            on_unknown: ended.target.on_unknown(&core.registry),
            attempts_made: u32::try_from(ended.made()).unwrap_or(u32::MAX),
            ended_at: ended.ended_at,
            has_failover,
            jitter,
        };
        outcome(&ended.classified, &plain)
    };
    let after = decide(own.is_some());
    let Some(failover) = own.filter(|_| after.failover) else {
        return Ok(Plan { after, handover: Handover::None });
    };
    let handover = match failover_of(core, ended, failover).await {
        // Who had the lead before cannot be told, and nobody is to get it twice.
        Err(StoreError::Damaged { .. }) => {
            Handover::Refused("what is stored of the deliveries before it is damaged".to_owned())
        }
        found => found?,
    };
    let after = if matches!(handover, Handover::To(..)) { after } else { decide(false) };
    Ok(Plan { after, handover })
}

/// The rows that say so, and what the lane is told.
pub(crate) fn settle(core: &Core, ended: Ended<'_>, plan: Plan) -> (Finish, Report) {
    let made = ended.made();
    let report = report_of(&ended, &plan.after);
    (finish_of(core, ended, plan.after, plan.handover, made), report)
}

/// Who gets the lead when a destination gave up.
enum Handover {
    None,
    To(DestinationId, Arc<Doc<Destination>>),
    /// Nobody, because of this.
    Refused(String),
}

/// The failover destination, unless the lead was there already: nothing loops, nobody gets a lead
/// twice from one chain.
async fn failover_of(
    core: &Core,
    ended: &Ended<'_>,
    failover: DestinationId,
) -> Result<Handover, StoreError> {
    let claimed = ended.claimed;
    let snapshot = core.store.snapshot();
    let found = snapshot.destinations.get(&failover);
    let Some(doc) = found.filter(|doc| doc.meta.workspace == claimed.workspace) else {
        return Ok(Handover::Refused("its failover destination was deleted".to_owned()));
    };
    let workspace = core.store.workspace(claimed.workspace);
    let tried = || Handover::Refused(format!("`{}` was tried before it", doc.body.name));
    if failover.uuid() == claimed.target {
        return Ok(tried());
    }
    let mut parent = claimed.parent;
    for _ in 0..CHAIN_MAX {
        let Some(id) = parent else { break };
        let Some(row) = workspace.delivery(id).await? else { break };
        if row.target == failover.uuid() {
            return Ok(tried());
        }
        parent = row.parent;
    }
    let filter = DeliveryFilter {
        lead: claimed.lead,
        target: Some(failover.uuid()),
        limit: 20,
        ..DeliveryFilter::default()
    };
    let there = workspace.deliveries(&filter).await?.rows;
    let has_it = |state| {
        matches!(
            state,
            DeliveryState::Pending
                | DeliveryState::InFlight
                | DeliveryState::Retrying
                | DeliveryState::Accepted
                | DeliveryState::Queued
                | DeliveryState::Held
        )
    };
    let mut there = there.iter().filter(|row| row.data_version >= claimed.data_version);
    if there.any(|row| has_it(row.state)) {
        return Ok(Handover::Refused(format!("`{}` has this lead already", doc.body.name)));
    }
    Ok(Handover::To(failover, Arc::clone(doc)))
}

fn report_of(ended: &Ended<'_>, after: &After) -> Report {
    let verdict = ended.classified.verdict;
    let health = match verdict {
        _ if ended.attempt.is_none() => Health::Untold,
        // With a failover each lead goes on at once; waiting for probes would only delay it.
        Verdict::AuthOrConfig if after.failover => Health::Harmed,
        Verdict::AuthOrConfig => Health::Refusing,
        Verdict::Blocked => Health::Untold,
        _ if verdict.harms_health() => Health::Harmed,
        _ => Health::Well,
    };
    let pause_until = ended
        .classified
        .retry_after_ms
        .filter(|ms| verdict == Verdict::RateLimited && *ms > 0)
        .map(|ms| ended.ended_at.plus_ms(ms.min(RETRY_AFTER_MS_MAX)));
    Report { health, pause_until, next_at: after.next_at, suspended: false }
}

fn finish_of(core: &Core, ended: Ended<'_>, after: After, handover: Handover, made: i64) -> Finish {
    let to_destination = matches!(ended.target, Target::Destination(..));
    let note = note_of(&ended, &after, &handover, made);
    let mut finish = bare(ended.claimed, after.state, ended.ended_at, "");
    finish.note = note;
    finish.next_at = after.next_at;
    finish.lead_delivered = to_destination && after.state == DeliveryState::Accepted;
    if to_destination {
        finish.events = events_of(core, &ended, &after, made);
    }
    if let Handover::To(destination, doc) = &handover {
        let jitter = core.jitter.draw(&core.store);
        finish.followups.push(Followup {
            id: core.store.new_id::<DeliveryId>(),
            destination: *destination,
            due: first_attempt(&doc.body.retry, ended.ended_at, jitter),
        });
    }
    if to_destination && ended.attempt.is_some() {
        finish.tally = Some(Tally {
            destination: DestinationId::from_uuid(ended.claimed.target),
            reason: reason_of(&ended),
        });
    }
    finish.disable = after.disable_destination.map(|reason| DisableTarget { reason });
    finish.attempt = ended.attempt;
    finish.request = ended.request;
    finish
}

/// The reason as reports group it. Receivers that echo what they got must not put secrets there.
fn reason_of(ended: &Ended<'_>) -> Reason {
    let said = ended.classified.reason.as_ref();
    let masked = said.map(|reason| mask(reason, ended.target.secrets()));
    Reason::of(&Classified { reason: masked, ..ended.classified.clone() })
}

/// One line for people on why the delivery is where it is; no outside text.
fn note_of(ended: &Ended<'_>, after: &After, handover: &Handover, made: i64) -> Option<String> {
    let decided = &ended.classified.decided_by;
    let planned = ended.target.policy().schedule_ms.len();
    let mut note = match after.state {
        DeliveryState::Accepted | DeliveryState::Queued => return None,
        DeliveryState::Rejected => format!("the receiver said no ({decided})"),
        DeliveryState::Retrying => format!("attempt {made} of {planned}: {decided}"),
        DeliveryState::Held => format!("held ({decided}): mend the settings, then release it"),
        _ if ended.classified.verdict == Verdict::Blocked => {
            let why = ended.classified.reason.as_deref().unwrap_or(decided);
            format!("cannot be sent: {why}")
        }
        _ => format!("given up after {made} attempts ({decided})"),
    };
    let name = match ended.target {
        Target::Destination(_, doc) => doc.body.name.as_str(),
        Target::Subscription(_) => "the webhook",
    };
    match handover {
        Handover::None => {}
        Handover::To(_, doc) => {
            note.push_str(&format!("; `{}` gets the lead instead of `{name}`", doc.body.name));
        }
        Handover::Refused(why) => note.push_str(&format!("; `{name}` was the last: {why}")),
    }
    if let Some(reason) = &after.disable_destination {
        note.push_str(&format!("; switched off: {reason}"));
    }
    Some(note)
}

/// The events of a delivery to a destination. Deliveries of events make none: that would never
/// end.
fn events_of(core: &Core, ended: &Ended<'_>, after: &After, made: i64) -> Vec<NewEvent> {
    let claimed = ended.claimed;
    let kind = match after.state {
        DeliveryState::Accepted | DeliveryState::Queued => Some(EventKind::DeliverySucceeded),
        DeliveryState::Rejected => Some(EventKind::DeliveryRejected),
        // A held delivery needs a person as much as a failed one.
        DeliveryState::Failed | DeliveryState::Held => Some(EventKind::DeliveryFailed),
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
        let classified = &ended.classified;
        let reason: Option<String> =
            classified.reason.as_ref().map(|r| r.chars().take(REASON_CHARS_MAX).collect());
        let delta = json!({
            "delivery_id": claimed.id,
            "destination_id": destination,
            "lead_id": claimed.lead,
            "state": after.state,
            "verdict": classified.verdict,
            "decided_by": classified.decided_by,
            "attempts": made,
            "status": ended.attempt.as_ref().and_then(|a| a.status),
            "reason": reason,
            "price": classified.extracted.get("price"),
        });
        events.push(event(kind, delta));
    }
    if let Some(reason) = &after.disable_destination {
        let delta = json!({
            "destination_id": destination,
            "delivery_id": claimed.id,
            "reason": reason,
        });
        events.push(event(EventKind::DestinationDisabled, delta));
    }
    events
}
