//! Starting and stopping.

use crate::clock::EngineClock;
use crate::direct::{Direct, Grants};
use crate::dispatcher::Dispatcher;
use crate::fanout::Fanout;
use crate::http::Client;
use crate::leases::{Leases, Renewing};
use crate::renderers::Renderers;
use crate::settings::{EngineLimits, EngineSettings, Hooks, JitterMode};
use crate::slot::Note;
use crate::stats::{Stats, StatsView};
use crate::supervise::keep;
use crate::tasks::Tasks;
use crate::tokens::Tokens;
use crate::upkeep;
use baton_domain::connector::manifest::Registry;
use baton_domain::time::Millis;
use baton_store::{Store, StoreError};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How long a stop waits at most for what was cut off to be given back, on Tokio's clock.
const STOP_HARD: Duration = Duration::from_secs(5);

/// How far an engine's life has come.
///
/// ```text
/// running --stop--> draining (no claims) --all done, or the deadline--> killing (give back)
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    Running,
    Draining,
    Killing,
}

/// What all parts share.
pub(crate) struct Core {
    pub store: Store,
    pub client: Client,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn EngineClock>,
    pub limits: EngineLimits,
    pub jitter: JitterMode,
    pub hooks: Arc<dyn Hooks>,
    pub stats: Arc<Stats>,
    pub leases: Arc<Leases>,
    pub renderers: Renderers,
    pub tokens: Tokens,
    pub phase: watch::Sender<Phase>,
    pub notes: mpsc::UnboundedSender<Note>,
    pub grants: Grants,
    /// Whether deliveries may still come into flight.
    pub claiming: AtomicBool,
}

impl Core {
    /// Waits so many milliseconds of the engine's time.
    pub(crate) fn sleep(&self, ms: i64) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(self.clock.now().plus_ms(ms))
    }

    /// Returns at an instant of the store's clock.
    pub(crate) fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(at.plus_ms(-self.store.clock_offset_ms()))
    }

    /// Returns when the engine has come so far.
    pub(crate) async fn reached(&self, phase: Phase) {
        // The sender lives as long as the core.
        drop(self.phase.subscribe().wait_for(|now| *now >= phase).await);
    }
}

/// The engine.
pub struct Engine;

impl Engine {
    /// Starts an engine: frees what an earlier process left in flight (SQLite), then claims and
    /// sends until it is stopped. Must be called in a Tokio runtime.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn start(settings: EngineSettings) -> Result<EngineHandle, StoreError> {
        let EngineSettings { store, client, registry, clock, limits, jitter, hooks } = settings;
        let freed = store.free_leases().await?;
        if freed > 0 {
            tracing::info!(
                freed,
                "deliveries that were in flight when the last process ended are due again"
            );
        }
        let (notes, slots) = mpsc::unbounded_channel();
        let core = Arc::new(Core {
            store,
            client,
            registry,
            clock,
            limits,
            jitter,
            hooks,
            stats: Arc::default(),
            leases: Arc::default(),
            renderers: Renderers::default(),
            tokens: Tokens::default(),
            phase: watch::Sender::new(Phase::Running),
            notes,
            grants: Grants::default(),
            claiming: AtomicBool::new(true),
        });
        core.store.start_directly(Some(Arc::new(Direct(Arc::downgrade(&core)))));
        let loops = vec![
            tokio::spawn(Dispatcher::new(Arc::clone(&core), slots).run()),
            tokio::spawn(keep(Arc::clone(&core), Renewing(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), Fanout::new(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), Tasks::new(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), upkeep::Search::new(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), upkeep::Heartbeat(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), upkeep::Config(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), upkeep::Retain(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), upkeep::Release::new(Arc::clone(&core)))),
            tokio::spawn(keep(Arc::clone(&core), upkeep::Jobs::new(Arc::clone(&core)))),
        ];
        Ok(EngineHandle { core, loops })
    }
}

/// A running engine. Dropping the handle stops claiming and cuts off what is in flight; use
/// [`EngineHandle::stop`] to end in order.
pub struct EngineHandle {
    core: Arc<Core>,
    loops: Vec<JoinHandle<()>>,
}

impl EngineHandle {
    /// The counters now.
    #[must_use]
    pub fn stats(&self) -> StatsView {
        self.core.stats.view()
    }

    /// Reads the counters from elsewhere, also after the engine has stopped.
    pub fn stats_reader(&self) -> impl Fn() -> StatsView + Send + Sync + 'static {
        let stats = Arc::clone(&self.core.stats);
        move || stats.view()
    }

    /// Changes whenever a delivery ended or a loop's health changed.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.core.stats.watch()
    }

    /// Stops in phases: no more claims; what is in flight may finish within `deadline` of the
    /// engine's clock; the rest is given back without spending an attempt.
    pub async fn stop(mut self, deadline: Duration) {
        self.core.phase.send_replace(Phase::Draining);
        let ms = i64::try_from(deadline.as_millis()).unwrap_or(i64::MAX);
        tokio::select! {
            () = self.drained() => {}
            () = self.core.sleep(ms) => {
                let left = self.stats().in_flight;
                tracing::warn!(left, "the deadline of the stop passed; the rest is given back");
            }
        }
        self.core.phase.send_replace(Phase::Killing);
        let ends = async {
            self.drained().await;
            for part in &mut self.loops {
                // A loop that panicked has nothing left to do.
                drop(part.await);
            }
        };
        if tokio::time::timeout(STOP_HARD, ends).await.is_err() {
            tracing::error!(
                "the database took too long; what is in flight is due again when its lease ends"
            );
        }
    }

    /// Returns when nothing is in flight and nothing can come into flight.
    async fn drained(&self) {
        let mut changed = self.core.stats.watch();
        loop {
            changed.borrow_and_update();
            let claiming = self.core.claiming.load(Ordering::Acquire);
            if !claiming && self.core.stats.view().in_flight == 0 {
                return;
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.core.phase.send_replace(Phase::Killing);
    }
}
