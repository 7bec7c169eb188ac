//! Hints within a process: something may be due, something ended. A lost hint costs one poll
//! interval, never a lead.

use crate::command::Effects;
use baton_domain::id::LeadId;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// The hints of one store.
#[derive(Debug)]
pub struct Hints {
    lanes: Mutex<HashSet<Uuid>>,
    lanes_changed: Notify,
    all_lanes: Mutex<bool>,
    events: watch::Sender<u64>,
    tasks: Notify,
    releases: watch::Sender<u64>,
    imports: Notify,
    config: watch::Sender<i64>,
    stale: Notify,
    outcomes: Mutex<HashMap<Uuid, Arc<Notify>>>,
    lost: AtomicBool,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            lanes: Mutex::default(),
            lanes_changed: Notify::new(),
            all_lanes: Mutex::new(false),
            events: watch::Sender::new(0),
            tasks: Notify::new(),
            releases: watch::Sender::new(0),
            imports: Notify::new(),
            config: watch::Sender::new(0),
            stale: Notify::new(),
            outcomes: Mutex::default(),
            lost: AtomicBool::new(false),
        }
    }
}

/// A wait for a lead's or task's outcome; dropping it ends the interest.
#[derive(Debug)]
pub struct OutcomeWait {
    hints: Arc<Hints>,
    of: Uuid,
    notify: Arc<Notify>,
}

impl OutcomeWait {
    /// Returns when something about it was committed since the last call (or before the first).
    pub async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for OutcomeWait {
    fn drop(&mut self) {
        let mut outcomes = self.hints.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        // Two: the map's and ours. More means that somebody else waits too.
        if Arc::strong_count(&self.notify) <= 2 {
            outcomes.remove(&self.of);
        }
    }
}

impl Hints {
    /// Takes the lanes in which something may have become due; `None` means look at all.
    #[must_use]
    pub fn take_lanes(&self) -> Option<HashSet<Uuid>> {
        let mut all = self.all_lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        if std::mem::take(&mut *all) { None } else { Some(lanes) }
    }

    /// Returns when lanes were hinted at since they were last taken.
    pub async fn lanes_changed(&self) {
        self.lanes_changed.notified().await;
    }

    /// Counts up with every commit that wrote events.
    #[must_use]
    pub fn events(&self) -> watch::Receiver<u64> {
        self.events.subscribe()
    }

    /// The number of the last configuration change taken in.
    #[must_use]
    pub fn config(&self) -> watch::Receiver<i64> {
        self.config.subscribe()
    }

    /// Counts up when deliveries are to be let go or made, slice by slice.
    #[must_use]
    pub fn releases(&self) -> watch::Receiver<u64> {
        self.releases.subscribe()
    }

    /// Returns when a task was made.
    pub async fn tasks_changed(&self) {
        self.tasks.notified().await;
    }

    /// Returns when an import has something to do.
    pub async fn imports_changed(&self) {
        self.imports.notified().await;
    }

    /// Waits for the outcome of a lead; register before the lead is committed.
    #[must_use]
    pub fn wait_for_lead(self: &Arc<Self>, lead: LeadId) -> OutcomeWait {
        self.wait_for(baton_domain::id::TypedId::uuid(lead))
    }

    /// Waits for the outcome of a task; register before it is made.
    #[must_use]
    pub fn wait_for(self: &Arc<Self>, of: Uuid) -> OutcomeWait {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let notify = Arc::clone(outcomes.entry(of).or_default());
        OutcomeWait { hints: Arc::clone(self), of, notify }
    }

    /// Loses every hint from now on, those of other nodes included: for tests that show that the
    /// polls find all there is to do.
    #[doc(hidden)]
    pub fn lose_all(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    fn are_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn look_at_all(&self) {
        if self.are_lost() {
            return;
        }
        *self.all_lanes.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.lanes_changed.notify_one();
    }

    /// Another node changed the configuration: whoever watches should refresh.
    pub(crate) fn config_is_stale(&self) {
        if self.are_lost() {
            return;
        }
        self.stale.notify_one();
    }

    /// Returns when another node said that it changed the configuration.
    pub async fn config_stale(&self) {
        self.stale.notified().await;
    }

    pub(crate) fn config_is_at(&self, change_seq: i64) {
        if self.are_lost() {
            return;
        }
        self.config.send_replace(change_seq);
    }

    pub(crate) fn tell(&self, effects: &Effects) {
        if self.are_lost() {
            return;
        }
        if !effects.lanes.is_empty() {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            lanes.extend(effects.lanes.iter().copied());
            drop(lanes);
            self.lanes_changed.notify_one();
        }
        if effects.events {
            self.events.send_modify(|n| *n += 1);
        }
        if effects.releases {
            self.releases.send_modify(|n| *n += 1);
        }
        if effects.tasks {
            self.tasks.notify_one();
        }
        if effects.imports {
            self.imports.notify_one();
        }
        let ended = effects
            .leads
            .iter()
            .map(|l| baton_domain::id::TypedId::uuid(*l))
            .chain(effects.finished_tasks.iter().copied());
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        for of in ended {
            if let Some(notify) = outcomes.get(&of) {
                notify.notify_waiters();
                notify.notify_one();
            }
        }
    }
}
