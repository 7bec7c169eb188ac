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
use crate::slot::{Ended, Slot};
use crate::stats::{Part, count};
use crate::supervise::{backoff_ms, report};
use baton_domain::id::{TaskId, TypedId};
use baton_domain::time::Millis;
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
    slots: mpsc::UnboundedReceiver<Ended>,
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
    pub(crate) fn new(core: Arc<Core>, slots: mpsc::UnboundedReceiver<Ended>) -> Self {
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
        while let Ok(ended) = self.slots.try_recv() {
            self.lanes.ended(ended.lane, ended.retry, &ended.report, now);
        }
        let nodes = self.core.store.nodes();
        self.config.borrow_and_update();
        let snapshot = self.core.store.snapshot();
        if self.configured != Some(snapshot.change_seq) || nodes != self.nodes {
            self.configured = Some(snapshot.change_seq);
            self.nodes = nodes;
            self.lanes.configure(&snapshot, nodes);
            self.core.renderers.keep_only(&snapshot);
        }
        if self.poll_at <= now {
            self.poll_at = now.plus_ms(POLL_MS);
            self.lanes.want_all();
        }
        match self.core.store.hints().take_lanes() {
            Some(lanes) => self.lanes.want(lanes),
            None => self.lanes.want_all(),
        }
        self.lanes.wake(now);
        self.core.stats.breakers_open.store(self.lanes.breakers_open(), Relaxed);
    }

    async fn wait(&mut self) {
        let now = self.core.store.now();
        let wake = self.lanes.next_wake().map_or(self.poll_at, |at| at.min(self.poll_at));
        let wake = wake.max(self.not_before.min(self.poll_at));
        let core = Arc::clone(&self.core);
        tokio::select! {
            Some(ended) = self.slots.recv() => {
                self.lanes.ended(ended.lane, ended.retry, &ended.report, now);
            }
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
            let due = core.store.now();
            give_back(core, claimed.deliveries.iter().map(|d| (d, due)).collect()).await;
            return;
        }
        self.lanes.claimed(claimed);
        let now = core.store.now();
        for delivery in &claimed.deliveries {
            let retry = delivery.attempts > 0;
            self.lanes.started(delivery.target, retry, now);
            core.leases.hold(delivery, until);
            let slot = Slot::new(
                (delivery.target, retry, delivery.id),
                core.ended.clone(),
                Arc::clone(&core.leases),
                Arc::clone(&core.stats),
            );
            tokio::spawn(carry(Arc::clone(core), delivery.clone(), slot));
        }
    }
}

/// Carries one delivery through one attempt and gives the slot back.
async fn carry(core: Arc<Core>, claimed: ClaimedDelivery, mut slot: Slot) {
    let work = AssertUnwindSafe(attempt::run(&core, &claimed)).catch_unwind();
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
            give_back(&core, vec![(&claimed, due)]).await;
            Report { next_at: Some(due), ..Report::default() }
        }
        None => {
            give_back(&core, vec![(&claimed, core.store.now())]).await;
            Report::default()
        }
    };
}

/// Gives deliveries back without spending an attempt; each is due at the instant beside it.
pub(crate) async fn give_back(core: &Core, deliveries: Vec<(&ClaimedDelivery, Millis)>) {
    let releases: Vec<Release> = deliveries
        .into_iter()
        .map(|(d, due)| Release { workspace: d.workspace, delivery: d.id, token: d.token, due })
        .collect();
    let mut failures = 0;
    while let Err(error) = core.store.release(releases.clone()).await {
        tracing::warn!(error = %error, "a delivery could not be given back; trying again");
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
