//! Asking a receiver what became of a lead it queued. A question spends no attempt; its answer
//! settles the delivery, or the next question is due by the connector's waits, until they end.

use crate::attempt::{STARTS_WITHOUT_ATTEMPT_MAX, not_sent, record};
use crate::breaker::Health;
use crate::chain::Chain;
use crate::engine::Core;
use crate::lane::Report;
use crate::links::{Links, followup, links_of};
use crate::prepare::lead_of;
use crate::settle::{NOTE_ASKED, bare, tally};
use crate::talk::{Talked, shown_request, talk};
use crate::target::{Call, Rules, Target, render};
use crate::told::Told;
use baton_domain::connector::manifest::Poll;
use baton_domain::connector::polling::{Question, next_question, settled};
use baton_domain::connector::render::Variant;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::retry::RETRY_AFTER_MS_MAX;
use baton_domain::time::Millis;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::{AttemptRecord, ClaimedDelivery, Finish, StoreError};
use std::sync::Arc;

/// Most questions whose answers are kept besides the last: those that neither said `queued` nor
/// settled anything.
const QUESTIONS_KEPT_MAX: i64 = 20;

type Ended = Option<(Finish, Report)>;

/// Asks once.
pub(crate) async fn ask(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
) -> Result<Ended, StoreError> {
    let Target::Destination(id, doc) = target else {
        return Ok(over(core, claimed, "it is an event"));
    };
    if claimed.starts - claimed.attempts > STARTS_WITHOUT_ATTEMPT_MAX {
        return Ok(over(core, claimed, "asking failed here again and again"));
    }
    let prepared = core.renderers.of(&core.registry, *id, doc);
    let Ok(renderer) = prepared.as_ref() else {
        return Ok(over(core, claimed, "the destination is not set up"));
    };
    let Some(poll) = renderer.poll(&doc.secrets) else {
        return Ok(over(core, claimed, "the setting that asking needs is no longer there"));
    };
    let Some(lead) = lead_of(core, claimed, None).await? else {
        return Ok(over(core, claimed, "the lead is no longer stored"));
    };
    let origin = Chain::of(core, claimed).await?.origin(claimed);
    let what = (lead.as_ref(), origin, Variant::Poll);
    let request = match render(core, doc, renderer, what, claimed.answered.as_ref()) {
        Ok(request) => request,
        Err(problem) => return Ok(over(core, claimed, &problem.to_string())),
    };
    let call = Call {
        request,
        variant: Variant::Poll,
        fresh: true,
        rules: Rules::Prepared(Arc::clone(&prepared)),
        origin,
        signed_id: origin.to_string(),
        lead: None,
        given: None,
    };
    core.hooks.before_attempt(claimed);
    let started_at = core.store.now();
    let talked = match talk(core, claimed, target, &call).await {
        Ok(talked) => talked,
        Err(broken) => {
            not_sent(core, claimed, &broken).await;
            return Ok(None);
        }
    };
    conclude(core, claimed, target, (poll, started_at, talked)).await
}

/// Nobody asks any more; the delivery stays `queued`.
fn over(core: &Core, claimed: &ClaimedDelivery, why: &str) -> Ended {
    let note = format!("the receiver took it and decides later; nobody asks any more: {why}");
    let finish = bare(claimed, DeliveryState::Queued, core.store.now(), &note);
    Some((Finish { question: true, ..finish }, Report::default()))
}

async fn conclude(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
    (poll, started_at, talked): (&Poll, Millis, Talked),
) -> Result<Ended, StoreError> {
    let Target::Destination(_, doc) = target else { return Ok(None) };
    let now = core.store.now();
    let Talked { classified, exchange, signatures, steps, request, .. } = talked;
    let asked = claimed.asked + 1;
    let state = settled(classified.verdict).unwrap_or(DeliveryState::Queued);
    let queued_at = claimed.queued_at.unwrap_or(claimed.created_at);
    let next_at = match next_question(poll, queued_at, now, classified.retry_after_ms) {
        Question::At(at) if state == DeliveryState::Queued => Some(at),
        _ => None,
    };
    let links = links_of(core, claimed, doc, state, None).await?;
    let mut record = record(claimed, started_at, &classified, signatures, exchange);
    let told = Told {
        claimed,
        classified: &classified,
        state,
        attempts: claimed.attempts,
        status: record.status,
    };
    let mut finish = bare(claimed, state, now, "");
    finish.question = true;
    finish.next_at = next_at;
    finish.note = note(&classified, state, next_at, asked, &links);
    let asked_after = state == DeliveryState::Queued && next_at.is_some();
    finish.tally = (!asked_after).then(|| tally(claimed, &classified, &doc.secrets));
    finish.lead_delivered = state == DeliveryState::Accepted;
    finish.events = told.events(core, next_at, None);
    finish.answered = told.answered(doc);
    finish.lead_fields = told.lead_fields(core);
    let linked = links.to.iter();
    finish
        .followups
        .extend(linked.map(|(id, doc)| followup(core, (*id, doc), DeliveryCause::Linked, now)));
    let telling = classified.verdict != Verdict::Queued && asked <= QUESTIONS_KEPT_MAX;
    if next_at.is_none() || telling {
        let sent = Some(shown_request(&request, &doc.secrets));
        record =
            AttemptRecord { n: claimed.attempts, question: Some(asked), steps, sent, ..record };
        finish.attempt = Some(record);
    }
    let report = report(&classified, now, next_at);
    Ok(Some((finish, report)))
}

fn note(
    classified: &Classified,
    state: DeliveryState,
    next_at: Option<Millis>,
    asked: i64,
    links: &Links,
) -> Option<String> {
    let decided = &classified.decided_by;
    let mut parts = Vec::new();
    match state {
        DeliveryState::Accepted => {}
        DeliveryState::Queued if next_at.is_some() => {
            parts.push(format!("{NOTE_ASKED}; question {asked}: {decided}"));
        }
        DeliveryState::Queued => parts.push(format!(
            "the receiver took it and had not decided after {asked} questions ({decided})"
        )),
        _ => parts.push(format!("the receiver said no ({decided})")),
    }
    parts.extend(links.refused.iter().map(|why| format!("not linked: {why}")));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A question that failed is no harm to the receiver's health: the lead was taken.
fn report(classified: &Classified, now: Millis, next_at: Option<Millis>) -> Report {
    let health = match classified.verdict {
        verdict if verdict.harms_health() => Health::Untold,
        Verdict::Blocked => Health::Untold,
        _ => Health::Well,
    };
    let pause_until = classified
        .retry_after_ms
        .filter(|ms| classified.verdict == Verdict::RateLimited && *ms > 0)
        .map(|ms| now.plus_ms(ms.min(RETRY_AFTER_MS_MAX)));
    Report { health, pause_until, next_at, suspended: false }
}
