//! What becomes of a delivery after an attempt: the rows that say so, written in one commit.

use crate::breaker::Health;
use crate::engine::Core;
use crate::lane::Report;
use crate::links::{Handover, Links, failover_of, followup, links_of};
use crate::target::Target;
use crate::told::Told;
use baton_domain::connector::mask::mask;
use baton_domain::connector::polling::{Question, next_question};
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::reason::Reason;
use baton_domain::retry::{After, Plain, RETRY_AFTER_MS_MAX, outcome};
use baton_domain::secret::Secrets;
use baton_domain::time::Millis;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::{
    AttemptRecord, ClaimedDelivery, DisableTarget, Finish, StoreError, StoredRequest, Tally,
};

/// What people read of a queued delivery that is asked after.
pub(crate) const NOTE_ASKED: &str = "the receiver took it and decides later; it is asked";
/// What people read of one that nobody asks after.
const NOTE_QUEUED: &str = "the receiver took it and decides later; nobody asks what came of it";

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
        question: false,
        answered: None,
        lead_fields: None,
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
    links: Links,
}

/// Decides what follows an attempt. Reads the database only when a lead is to be handed on.
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
    let mut after = decide(own.is_some());
    let mut handover = Handover::None;
    if let Some(failover) = own.filter(|_| after.failover) {
        handover = match failover_of(core, ended.claimed, failover).await {
            // Who had the lead before cannot be told, and nobody is to get it twice.
            Err(StoreError::Damaged { .. }) => Handover::Refused(
                "what is stored of the deliveries before it is damaged".to_owned(),
            ),
            found => found?,
        };
        if !matches!(handover, Handover::To(..)) {
            after = decide(false);
        }
    }
    let Target::Destination(id, doc) = ended.target else {
        return Ok(Plan { after, handover, links: Links::default() });
    };
    if after.state == DeliveryState::Queued {
        let prepared = core.renderers.of(&core.registry, *id, doc);
        let poll = prepared.as_ref().as_ref().ok().and_then(|r| r.poll(&doc.secrets));
        let (now, asked) = (ended.ended_at, ended.classified.retry_after_ms);
        if let Some(Question::At(at)) = poll.map(|poll| next_question(poll, now, now, asked)) {
            after.next_at = Some(at);
        }
    }
    let taken_over = match &handover {
        Handover::To(failover, _) => Some(*failover),
        _ => None,
    };
    let links = links_of(core, ended.claimed, doc, after.state, taken_over).await?;
    Ok(Plan { after, handover, links })
}

/// The rows that say so, and what the lane is told.
pub(crate) fn settle(core: &Core, ended: Ended<'_>, plan: Plan) -> (Finish, Report) {
    let report = report_of(&ended, &plan.after);
    (finish_of(core, ended, plan), report)
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

fn finish_of(core: &Core, ended: Ended<'_>, plan: Plan) -> Finish {
    let made = ended.made();
    let note = note_of(&ended, &plan, made);
    let Plan { after, handover, links } = plan;
    let mut finish = bare(ended.claimed, after.state, ended.ended_at, "");
    finish.note = note;
    finish.next_at = after.next_at;
    if let Target::Destination(_, doc) = ended.target {
        let told = Told {
            claimed: ended.claimed,
            classified: &ended.classified,
            state: after.state,
            attempts: made,
            status: ended.attempt.as_ref().and_then(|a| a.status),
        };
        finish.lead_delivered = after.state == DeliveryState::Accepted;
        finish.events = told.events(core, after.next_at, after.disable_destination.as_deref());
        finish.answered = told.answered(doc);
        finish.lead_fields = told.lead_fields(core);
    }
    let now = ended.ended_at;
    if let Handover::To(id, doc) = &handover {
        finish.followups.push(followup(core, (*id, doc), DeliveryCause::Failover, now));
    }
    // What is asked after is counted when it is settled.
    let asked_after = after.state == DeliveryState::Queued && after.next_at.is_some();
    let to_destination = matches!(ended.target, Target::Destination(..));
    if to_destination && !asked_after && ended.attempt.is_some() {
        finish.tally = Some(tally(ended.claimed, &ended.classified, ended.target.secrets()));
    }
    let linked = links.to.iter();
    finish
        .followups
        .extend(linked.map(|(id, doc)| followup(core, (*id, doc), DeliveryCause::Linked, now)));
    finish.disable = after.disable_destination.map(|reason| DisableTarget { reason });
    finish.attempt = ended.attempt;
    finish.request = ended.request;
    finish
}

/// What reports count. Receivers that echo what they got must not put secrets into the reason.
pub(crate) fn tally(
    claimed: &ClaimedDelivery,
    classified: &Classified,
    secrets: &Secrets,
) -> Tally {
    let masked = classified.reason.as_ref().map(|reason| mask(reason, secrets));
    Tally {
        destination: DestinationId::from_uuid(claimed.target),
        reason: Reason::of(&Classified { reason: masked, ..classified.clone() }),
    }
}

/// One line for people on why the delivery is where it is; no outside text.
fn note_of(ended: &Ended<'_>, plan: &Plan, made: i64) -> Option<String> {
    let Plan { after, handover, links } = plan;
    let decided = &ended.classified.decided_by;
    let planned = ended.target.policy().schedule_ms.len();
    let mut parts = Vec::new();
    match after.state {
        DeliveryState::Accepted => {}
        DeliveryState::Queued if after.next_at.is_some() => parts.push(NOTE_ASKED.to_owned()),
        DeliveryState::Queued => parts.push(NOTE_QUEUED.to_owned()),
        DeliveryState::Rejected => parts.push(format!("the receiver said no ({decided})")),
        DeliveryState::Retrying => parts.push(format!("attempt {made} of {planned}: {decided}")),
        DeliveryState::Held => {
            parts.push(format!("held ({decided}): mend the settings, then release it"));
        }
        DeliveryState::Unknown => parts.push(format!(
            "nobody knows whether the receiver has the lead ({decided}): ask there before you resend"
        )),
        _ if ended.classified.verdict == Verdict::Blocked => {
            let why = ended.classified.reason.as_deref().unwrap_or(decided);
            parts.push(format!("cannot be sent: {why}"));
        }
        _ if made == 1 => parts.push(format!("given up after 1 attempt ({decided})")),
        _ => parts.push(format!("given up after {made} attempts ({decided})")),
    }
    let name = match ended.target {
        Target::Destination(_, doc) => doc.body.name.as_str(),
        Target::Subscription(_) => "the webhook",
    };
    match handover {
        Handover::None => {}
        Handover::To(_, doc) => {
            parts.push(format!("`{}` gets the lead instead of `{name}`", doc.body.name));
        }
        Handover::Refused(why) => parts.push(format!("`{name}` was the last: {why}")),
    }
    parts.extend(links.refused.iter().map(|why| format!("not linked: {why}")));
    if let Some(reason) = &after.disable_destination {
        parts.push(format!("switched off: {reason}"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
