//! One attempt of one delivery: prepare, sign, send, classify, settle, write down.

use crate::arrived::reconsider;
use crate::breaker::Health;
use crate::dispatcher::{GiveBack, due_after_internal_fault, due_after_outage, give_back};
use crate::engine::Core;
use crate::http::Exchange;
use crate::lane::Report;
use crate::prepare::prepare;
use crate::question::ask;
use crate::settle::{Ended, bare, plan, settle};
use crate::stats::count;
use crate::supervise::{backoff_ms, log_failure};
use crate::talk::{Broken, Talked, talk};
use crate::target::{Call, Preparation, Target, to_store};
use baton_domain::connector::classify::{fault_word, unsendable};
use baton_domain::delivery::DeliveryState;
use baton_domain::exchange::{ANSWER_STORED_BYTES_MAX, Got, Phases};
use baton_domain::lead::LeadView;
use baton_domain::time::Millis;
use baton_domain::verdict::Classified;
use baton_store::{AttemptRecord, ClaimedDelivery, Finish, Release, StoreError};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;

/// Starts that came to nothing after which a delivery is given up as poison.
pub(crate) const STARTS_WITHOUT_ATTEMPT_MAX: i64 = 20;
/// Tries to write a finish that the database refuses for another reason than an outage.
const REFUSED_WRITES_MAX: u32 = 5;

/// Carries a claimed delivery through one attempt. Faults of our own give it back.
pub(crate) async fn run(
    core: &Core,
    claimed: &ClaimedDelivery,
    lead: Option<Box<LeadView>>,
) -> Report {
    match attempt(core, claimed, lead).await {
        Ok(Some((finish, report))) => {
            let suspended = matches!(report.health, Health::Harmed | Health::Refusing);
            if suspended {
                core.grants.suspend(claimed.target);
            }
            let report = write_down(core, claimed, finish, report).await;
            Report { suspended, ..report }
        }
        Ok(None) => Report::default(),
        Err(error) => {
            log_failure!(error, delivery = %claimed.id, "a delivery could not be prepared or settled; it is tried again without spending an attempt");
            match error.is_outage() {
                true => put_back_untried(core, claimed).await,
                false => put_back(core, claimed).await,
            }
            Report::default()
        }
    }
}

/// Gives the delivery back, due after a wait that grows.
async fn put_back(core: &Core, claimed: &ClaimedDelivery) {
    let due = due_after_internal_fault(core, claimed);
    give_back(core, vec![GiveBack { claimed, due, counts: true }]).await;
}

/// Gives the delivery back for a reason that is not its own: it is no poison for that.
async fn put_back_untried(core: &Core, claimed: &ClaimedDelivery) {
    give_back(core, vec![GiveBack::untried(claimed, due_after_outage(core))]).await;
}

/// What the attempt came to; `None` when the delivery was given back or is no longer ours.
async fn attempt(
    core: &Core,
    claimed: &ClaimedDelivery,
    lead: Option<Box<LeadView>>,
) -> Result<Option<(Finish, Report)>, StoreError> {
    let Some(target) = Target::of(core, claimed) else {
        return Ok(Some(cancelled(core, claimed, "its target was deleted")));
    };
    if claimed.was == DeliveryState::Queued {
        return ask(core, claimed, &target).await;
    }
    let now = core.store.now();
    if claimed.starts - claimed.attempts > STARTS_WITHOUT_ATTEMPT_MAX {
        return give_up(core, claimed, &target, now).await.map(Some);
    }
    let call = match prepare(core, claimed, &target, lead).await? {
        Preparation::Ready(call) => call,
        Preparation::Gone(why) => return Ok(Some(cancelled(core, claimed, why))),
        Preparation::Superseded => {
            let why = "a newer version of the lead took its place";
            let finish = bare(claimed, DeliveryState::Superseded, now, why);
            return Ok(Some((finish, Report::default())));
        }
        Preparation::Wait(due) => {
            wait(core, claimed, due).await;
            return Ok(None);
        }
        Preparation::Unsendable(classified) => {
            let ended_at = core.store.now();
            let attempt = Some(record(claimed, now, &classified, Vec::new(), None));
            let ended =
                Ended { claimed, target: &target, classified, attempt, request: None, ended_at };
            let plan = plan(core, &ended).await?;
            return Ok(Some(settle(core, ended, plan)));
        }
    };
    send(core, claimed, &target, call).await
}

/// Ends a delivery that never comes to an outcome, with the reason if it is one of the record.
async fn give_up(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
    now: Millis,
) -> Result<(Finish, Report), StoreError> {
    let mut why = format!("started {} times without an outcome", claimed.starts - claimed.attempts);
    // What cannot be prepared may panic as well; it is only asked why.
    let prepared = AssertUnwindSafe(prepare(core, claimed, target, None)).catch_unwind().await;
    if let Ok(Err(StoreError::Damaged { what, .. })) = prepared {
        why.push_str(&format!("; what is stored of its {what} is damaged"));
    }
    let classified = unsendable(&why);
    let poison = Ended { claimed, target, classified, attempt: None, request: None, ended_at: now };
    let plan = plan(core, &poison).await?;
    Ok(settle(core, poison, plan))
}

/// Gives back what could not be sent.
pub(crate) async fn not_sent(core: &Core, claimed: &ClaimedDelivery, broken: &Broken) {
    if matches!(broken, Broken::Ours) {
        tracing::warn!(delivery = %claimed.id, "no connection was free or could be opened here; the delivery waits");
    }
    // Also when the lease is over: if nobody else has taken the delivery it is due again, and the
    // token keeps this from touching another's claim.
    put_back_untried(core, claimed).await;
}

/// Calls a delivery off. What its receiver queued stays so, with nobody to ask.
fn cancelled(core: &Core, claimed: &ClaimedDelivery, why: &str) -> (Finish, Report) {
    let state = match claimed.was {
        DeliveryState::Queued => DeliveryState::Queued,
        _ => DeliveryState::Cancelled,
    };
    let mut finish = bare(claimed, state, core.store.now(), why);
    finish.question = state == DeliveryState::Queued;
    (finish, Report::default())
}

/// Gives a delivery back that has to wait for another: it was no start at all.
async fn wait(core: &Core, claimed: &ClaimedDelivery, due: Millis) {
    let ClaimedDelivery { workspace, id, token, .. } = *claimed;
    let release = Release { workspace, delivery: id, token, due, counts: false };
    crate::dispatcher::release(core, vec![release]).await;
}

async fn send(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
    call: Call,
) -> Result<Option<(Finish, Report)>, StoreError> {
    core.hooks.before_attempt(claimed);
    let started_at = core.store.now();
    let talked = match talk(core, claimed, target, &call).await {
        Ok(talked) => talked,
        Err(broken) => {
            not_sent(core, claimed, &broken).await;
            return Ok(None);
        }
    };
    let ended_at = core.store.now();
    let Talked { classified, exchange, signatures, steps, request, variant } = talked;
    let attempt = record(claimed, started_at, &classified, signatures, exchange);
    let attempt = Some(AttemptRecord { steps, ..attempt });
    let request = call.fresh.then(|| to_store(&request, variant, target.secrets()));
    let mut ended = Ended { claimed, target, classified, attempt, request, ended_at };
    // The call went out: an outage is waited for, and the call is not made again.
    let mut failures = 0;
    loop {
        let planned = match reconsider(core, &mut ended, variant).await {
            Ok(()) => plan(core, &ended).await,
            Err(error) => Err(error),
        };
        match planned {
            Ok(plan) => return Ok(Some(settle(core, ended, plan))),
            Err(error) if failures >= REFUSED_WRITES_MAX && !error.is_outage() => {
                return Err(error);
            }
            Err(error) => {
                failures += 1;
                log_failure!(error, delivery = %claimed.id, failures, "what follows an attempt could not be looked up; trying again");
                core.sleep(backoff_ms(failures)).await;
            }
        }
        if !core.leases.lasts(claimed, core.store.now()) {
            count(&core.stats.lost);
            return Ok(None);
        }
    }
}

/// The record of an attempt.
pub(crate) fn record(
    claimed: &ClaimedDelivery,
    started_at: Millis,
    classified: &Classified,
    sent_headers: Vec<(String, String)>,
    exchange: Option<Exchange>,
) -> AttemptRecord {
    let phases = exchange.as_ref().map_or_else(Phases::default, |e| e.phases);
    let extracted = (!classified.extracted.is_empty())
        .then(|| serde_json::to_vec(&classified.extracted).unwrap_or_default());
    let mut record = AttemptRecord {
        n: claimed.attempts + 1,
        started_at,
        verdict: classified.verdict,
        decided_by: classified.decided_by.clone(),
        rule: classified.rule.and_then(|rule| i64::try_from(rule).ok()),
        reason: classified.reason.clone(),
        status: None,
        fault: None,
        sent_headers,
        answer_headers: Vec::new(),
        answer: Vec::new(),
        answer_cut: false,
        phases,
        extracted,
        steps: Vec::new(),
        question: None,
        sent: None,
    };
    match exchange.map(|exchange| exchange.got) {
        Some(Got::Answer(mut answer)) => {
            record.answer_cut = answer.truncated || answer.body.len() > ANSWER_STORED_BYTES_MAX;
            answer.body.truncate(ANSWER_STORED_BYTES_MAX);
            record.status = Some(answer.status);
            record.answer_headers = answer.headers;
            record.answer = answer.body;
        }
        Some(Got::Fault(fault)) => {
            record.fault = Some((fault_word(fault.kind).to_owned(), fault.detail));
        }
        None => {}
    }
    record
}

/// Writes a finish down, again and again while the database is away: the call went out, so it is
/// the write that is repeated, not the call, for as long as the delivery is ours.
async fn write_down(
    core: &Core,
    claimed: &ClaimedDelivery,
    finish: Finish,
    report: Report,
) -> Report {
    let mut failures = 0;
    loop {
        let wrote = match core.hooks.before_finish(&finish) {
            Ok(()) => core.store.finish(finish.clone()).await,
            Err(error) => Err(error),
        };
        let error = match wrote {
            Ok(true) => {
                tally(core, &finish);
                if finish.disable.is_some() {
                    take_in_switch(core).await;
                }
                return report;
            }
            Ok(false) => {
                count(&core.stats.lost);
                return Report { next_at: None, ..report };
            }
            Err(error) => error,
        };
        failures += 1;
        count(&core.stats.finish_retries);
        core.stats.tell();
        log_failure!(error, delivery = %claimed.id, failures, "the outcome of a delivery could not be written; trying again");
        if !error.is_outage() && failures >= REFUSED_WRITES_MAX {
            put_back(core, claimed).await;
            return Report { next_at: None, ..report };
        }
        core.sleep(backoff_ms(failures)).await;
        if !core.leases.lasts(claimed, core.store.now()) {
            count(&core.stats.lost);
            return report;
        }
    }
}

/// The switch was thrown inside the finish: this node's snapshot has to learn of it.
async fn take_in_switch(core: &Core) {
    if let Err(error) = core.store.refresh().await {
        log_failure!(error, "the configuration could not be read; the switch holds all the same");
    }
}

fn tally(core: &Core, finish: &Finish) {
    let stats = &core.stats;
    match finish.state {
        DeliveryState::Queued if finish.question => {}
        DeliveryState::Accepted | DeliveryState::Queued => count(&stats.accepted),
        DeliveryState::Rejected => count(&stats.rejected),
        DeliveryState::Retrying => count(&stats.retried),
        DeliveryState::Failed => count(&stats.failed),
        DeliveryState::Held => count(&stats.held),
        DeliveryState::Cancelled => count(&stats.cancelled),
        _ => {}
    }
    stats.failovers.fetch_add(finish.followups.len() as u64, Relaxed);
}
