//! The loop that claims what can start and starts it.
//!
//! It wakes on hints, on freed slots, at due times, on configuration changes, and at a slow poll
//! that is the truth: a lost hint costs one poll interval. It owns the lanes; deliveries report
//! back through a channel when their slot is dropped.

use crate::attempt;
use crate::engine::{Core, Phase};
use crate::lane::Report;
use crate::lanes::Lanes;
use crate::leases::lease_until;
use crate::slot::{Note, Slot};
use crate::stats::{Part, count};
use crate::supervise::{backoff_ms, log_failure, report};
use baton_domain::id::{TaskId, TypedId};
use baton_domain::lead::{LeadState, LeadView};
use baton_domain::time::Millis;
use baton_store::leads::LeadVersion;
use baton_store::{Claim, Claimed, ClaimedDelivery, LaneRoom, Release, StoreError};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release as Publish};
use tokio::sync::{mpsc, watch};

/// All lanes are asked at least so often, in milliseconds.
pub(crate) const POLL_MS: i64 = 1_000;
/// A delivery whose task panicked waits so long, in milliseconds, doubled with each start that
/// came to nothing.
const INTERNAL_WAIT_MS: i64 = 1_000;
/// Longest such wait.
const INTERNAL_WAIT_MS_MAX: i64 = 60_000;

/// Most leads read at once for claimed deliveries.
const READ_TOGETHER: usize = 32;

/// How long a delivery waits after an outage of ours, in milliseconds.
const OUTAGE_WAIT_MS: i64 = 5_000;

/// When a delivery is due again that an outage of ours kept from being tried.
pub(crate) fn due_after_outage(core: &Core) -> Millis {
    core.store.now().plus_ms(OUTAGE_WAIT_MS)
}

/// A present that is behind by more than so many milliseconds was set back.
const STEP_MS_MIN: i64 = 1_000;

/// When a delivery is due again after a fault of our own.
pub(crate) fn due_after_internal_fault(core: &Core, claimed: &ClaimedDelivery) -> Millis {
    let idle = claimed.starts.saturating_sub(claimed.attempts).clamp(1, 16);
    core.store.now().plus_ms((INTERNAL_WAIT_MS << (idle - 1)).min(INTERNAL_WAIT_MS_MAX))
}

/// The dispatcher of one engine.
pub(crate) struct Dispatcher {
    core: Arc<Core>,
    lanes: Lanes,
    slots: mpsc::UnboundedReceiver<Note>,
    config: watch::Receiver<i64>,
    /// Number of the configuration the lanes are set up by.
    configured: Option<i64>,
    nodes: u32,
    poll_at: Millis,
    /// When a failed claim may be tried again.
    not_before: Millis,
    failures: u32,
    /// The present when last looked at, and what a clock that is never set said then.
    looked_at: (Millis, i64),
}

impl Dispatcher {
    pub(crate) fn new(core: Arc<Core>, slots: mpsc::UnboundedReceiver<Note>) -> Self {
        let config = core.store.hints().config();
        Self {
            lanes: Lanes::new(core.limits),
            slots,
            config,
            configured: None,
            nodes: 0,
            poll_at: Millis(i64::MIN),
            not_before: Millis(i64::MIN),
            failures: 0,
            looked_at: (core.store.now(), core.clock.elapsed_ms()),
            core,
        }
    }

    /// Runs until the engine drains.
    pub(crate) async fn run(mut self) {
        let core = Arc::clone(&self.core);
        while *core.phase.borrow() == Phase::Running {
            let done = AssertUnwindSafe(self.round()).catch_unwind().await;
            let claimed = matches!(done, Ok(Ok(true)));
            if matches!(done, Ok(Ok(_))) && (self.failures == 0 || !claimed) {
                continue;
            }
            if report(&core, Part::Dispatcher, done.map(|done| done.map(|_| ()))) {
                self.failures = 0;
            } else {
                self.failures = self.failures.saturating_add(1);
                self.not_before = core.store.now().plus_ms(backoff_ms(self.failures));
            }
        }
        core.grants.offer().free.clear();
        core.claiming.store(false, Publish);
        core.stats.tell();
    }

    /// Claims once, or waits for a reason to; whether it claimed.
    async fn round(&mut self) -> Result<bool, StoreError> {
        self.core.hooks.before_round(Part::Dispatcher);
        self.take_in();
        let now = self.core.store.now();
        let rooms = if self.not_before > now { Vec::new() } else { self.lanes.rooms(now) };
        if rooms.is_empty() {
            self.wait().await;
            return Ok(false);
        }
        match self.claim(&rooms, now).await {
            Ok((claimed, until)) => {
                self.start(&claimed, until).await;
                Ok(true)
            }
            Err(error) => {
                self.lanes.not_claimed(&rooms);
                Err(error)
            }
        }
    }

    /// Finds out whether the present stepped back, as the database's machine may make it, and lets
    /// every wait here last as long as it would have.
    fn take_in_steps(&mut self, now: Millis) {
        let elapsed_ms = self.core.clock.elapsed_ms();
        let (before, was_ms) = std::mem::replace(&mut self.looked_at, (now, elapsed_ms));
        let back_ms = before.plus_ms(elapsed_ms.saturating_sub(was_ms)).since_ms(now);
        if back_ms > STEP_MS_MIN {
            tracing::warn!(back_ms, "the clock was set back");
            self.poll_at = self.poll_at.plus_ms(-back_ms);
            self.not_before = self.not_before.plus_ms(-back_ms);
            self.lanes.step_back(back_ms);
        }
    }

    /// Takes in all that happened since.
    fn take_in(&mut self) {
        let now = self.core.store.now();
        self.take_in_steps(now);
        while let Ok(note) = self.slots.try_recv() {
            self.note(&note, now);
        }
        let nodes = self.core.store.nodes();
        self.config.borrow_and_update();
        let snapshot = self.core.store.snapshot();
        if self.configured != Some(snapshot.change_seq) || nodes != self.nodes {
            self.configured = Some(snapshot.change_seq);
            self.nodes = nodes;
            self.lanes.configure(&snapshot, nodes);
            self.core.renderers.keep_only(&snapshot);
            self.core.tokens.keep_only(&snapshot);
        }
        if self.poll_at <= now {
            self.poll_at = now.plus_ms(POLL_MS);
            self.lanes.want_all();
            self.core.grants.resume_all();
        }
        match self.core.store.hints().take_lanes() {
            Some(lanes) => self.lanes.want(lanes),
            None => self.lanes.want_all(),
        }
        self.lanes.wake(now);
        self.lanes.grant(&mut self.core.grants.offer().free, now);
        self.core.stats.breakers_open.store(self.lanes.breakers_open(), Relaxed);
    }

    fn note(&mut self, note: &Note, now: Millis) {
        match note {
            Note::Reserved(lane) => self.lanes.reserved(*lane),
            Note::Ended { lane, retry, report } => {
                self.lanes.ended(*lane, *retry, report, now);
                if report.suspended {
                    // Only once the lane is granted what it may have from now on.
                    self.lanes.grant(&mut self.core.grants.offer().free, now);
                    self.core.grants.resume(*lane);
                }
            }
        }
    }

    async fn wait(&mut self) {
        let now = self.core.store.now();
        let wake = self.lanes.next_wake().map_or(self.poll_at, |at| at.min(self.poll_at));
        let wake = wake.max(self.not_before.min(self.poll_at));
        let core = Arc::clone(&self.core);
        tokio::select! {
            Some(note) = self.slots.recv() => self.note(&note, now),
            () = core.store.hints().lanes_changed() => {}
            Ok(()) = self.config.changed() => {}
            () = core.sleep_until(wake) => {}
            () = core.reached(Phase::Draining) => {}
        }
    }

    async fn claim(
        &self,
        rooms: &[LaneRoom],
        now: Millis,
    ) -> Result<(Claimed, Millis), StoreError> {
        let store = &self.core.store;
        let until = lease_until(store, self.core.limits.lease_ms);
        let token = store.new_id::<TaskId>().uuid();
        let claim = Claim { lanes: rooms.to_vec(), now, lease_until: until, token };
        Ok((store.claim(claim).await?, until))
    }

    async fn start(&mut self, claimed: &Claimed, until: Millis) {
        let core = &self.core;
        core.stats.claimed.fetch_add(claimed.deliveries.len() as u64, Relaxed);
        if *core.phase.borrow() != Phase::Running {
            let stopped = claimed.deliveries.iter().map(|d| GiveBack::untried(d, core.store.now()));
            give_back(core, stopped.collect()).await;
            return;
        }
        self.lanes.claimed(claimed);
        let now = core.store.now();
        let mut started = Vec::with_capacity(claimed.deliveries.len());
        for delivery in &claimed.deliveries {
            let retry = delivery.attempts > 0;
            self.lanes.started(delivery.target, retry, now);
            core.leases.hold(delivery, until);
            let slot = Slot::new(
                (delivery.target, retry),
                (delivery.id, delivery.token),
                core.notes.clone(),
                Arc::clone(&core.leases),
                Arc::clone(&core.stats),
            );
            started.push((delivery.clone(), slot));
        }
        while !started.is_empty() {
            let rest = started.split_off(started.len().min(READ_TOGETHER));
            let together = std::mem::replace(&mut started, rest);
            tokio::spawn(carry_together(Arc::clone(core), together));
        }
    }
}

/// Reads the leads of deliveries that were claimed together at once, and carries each.
async fn carry_together(core: Arc<Core>, claimed: Vec<(ClaimedDelivery, Slot)>) {
    let version_of = |d: &ClaimedDelivery| Some((d.workspace, d.lead?, d.data_version));
    let first_attempts = claimed.iter().map(|(d, _)| d).filter(|d| d.attempts == 0);
    let wanted: Vec<LeadVersion> = first_attempts.filter_map(version_of).collect();
    // What is not found so is looked for again by the delivery itself, which knows what to do.
    let read = AssertUnwindSafe(core.store.lead_views(&wanted)).catch_unwind().await;
    let leads = read.ok().and_then(Result::ok).unwrap_or_default();
    for (delivery, slot) in claimed {
        let lead = version_of(&delivery).and_then(|version| leads.get(&version));
        let lead = lead.filter(|lead| lead.state != LeadState::Erased).cloned().map(Box::new);
        tokio::spawn(carry(Arc::clone(&core), delivery, lead, slot));
    }
}

/// Carries one delivery through one attempt and gives the slot back. The lead is given where it is
/// at hand, and read otherwise.
pub(crate) async fn carry(
    core: Arc<Core>,
    claimed: ClaimedDelivery,
    lead: Option<Box<LeadView>>,
    mut slot: Slot,
) {
    let work = AssertUnwindSafe(attempt::run(&core, &claimed, lead)).catch_unwind();
    let done = tokio::select! {
        biased;
        () = core.reached(Phase::Killing) => None,
        done = work => Some(done),
    };
    slot.report = match done {
        Some(Ok(report)) => report,
        Some(Err(_)) => {
            count(&core.stats.panics);
            tracing::error!(delivery = %claimed.id, "the task of a delivery panicked");
            let due = due_after_internal_fault(&core, &claimed);
            give_back(&core, vec![GiveBack { claimed: &claimed, due, counts: true }]).await;
            Report { next_at: Some(due), ..Report::default() }
        }
        None => {
            give_back(&core, vec![GiveBack::untried(&claimed, core.store.now())]).await;
            Report::default()
        }
    };
}

/// A delivery that is given back.
pub(crate) struct GiveBack<'a> {
    pub claimed: &'a ClaimedDelivery,
    /// When it is due again.
    pub due: Millis,
    /// Whether this was a start that came to nothing.
    pub counts: bool,
}

impl<'a> GiveBack<'a> {
    /// One that had no chance to show whether it can be sent.
    pub(crate) fn untried(claimed: &'a ClaimedDelivery, due: Millis) -> Self {
        Self { claimed, due, counts: false }
    }
}

/// Gives deliveries back without spending an attempt.
pub(crate) async fn give_back(core: &Core, deliveries: Vec<GiveBack<'_>>) {
    let releases: Vec<Release> = deliveries
        .into_iter()
        .map(|GiveBack { claimed, due, counts }| Release {
            workspace: claimed.workspace,
            delivery: claimed.id,
            token: claimed.token,
            due,
            counts,
        })
        .collect();
    release(core, releases).await;
}

/// Writes releases down, again and again while the database is away.
pub(crate) async fn release(core: &Core, releases: Vec<Release>) {
    let mut failures = 0;
    while let Err(error) = core.store.release(releases.clone()).await {
        log_failure!(error, "a delivery could not be given back; trying again");
        if *core.phase.borrow() >= Phase::Killing {
            return;
        }
        failures += 1;
        tokio::select! {
            () = core.sleep(backoff_ms(failures)) => {}
            () = core.reached(Phase::Killing) => {}
        }
    }
    core.stats.released.fetch_add(releases.len() as u64, Relaxed);
}
