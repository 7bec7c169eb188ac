//! What an engine is started with.

use crate::clock::EngineClock;
use crate::http::Client;
use crate::leases::LEASE_MS;
use crate::stats::Part;
use baton_domain::connector::manifest::Registry;
use baton_domain::retry::Jitter;
use baton_store::{ClaimedDelivery, Finish, Store, StoreError};
use std::sync::Arc;

/// How an engine is set up.
pub struct EngineSettings {
    /// The store; its clock and `clock` must tell the same time.
    pub store: Store,
    /// The client every call goes through.
    pub client: Client,
    /// The connectors.
    pub registry: Arc<Registry>,
    /// Time, and waiting for it.
    pub clock: Arc<dyn EngineClock>,
    /// How much at once.
    pub limits: EngineLimits,
    /// Spread of waits.
    pub jitter: JitterMode,
    /// Where tests step in; [`NoHooks`] otherwise.
    pub hooks: Arc<dyn Hooks>,
}

/// How much an engine does at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EngineLimits {
    /// Most deliveries in flight, over all lanes.
    pub in_flight: u32,
    /// Most deliveries taken by one claim.
    pub claim: u32,
    /// Most lanes asked by one claim.
    pub claim_lanes: usize,
    /// Most test calls at once.
    pub probes: usize,
    /// How long a lease lasts without a renewal, in milliseconds, on PostgreSQL; it is renewed
    /// five times in that span.
    pub lease_ms: i64,
    /// Days finished leads are kept in workspaces that do not say; `None` for ever.
    pub retention_days: Option<u32>,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            in_flight: 512,
            claim: 256,
            claim_lanes: 512,
            probes: 8,
            lease_ms: LEASE_MS,
            retention_days: None,
        }
    }
}

/// Whether waits are spread, so that what failed together does not come back together.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum JitterMode {
    /// 0 to 10 %, from the store's source of randomness.
    #[default]
    Random,
    /// None: the schedule to the millisecond.
    None,
}

impl JitterMode {
    pub(crate) fn draw(self, store: &Store) -> Jitter {
        match self {
            Self::Random => Jitter::Random(u64::from_le_bytes(store.random())),
            Self::None => Jitter::None,
        }
    }
}

/// Places where a test can make things go wrong.
pub trait Hooks: Send + Sync + 'static {
    /// Called at the start of every round of a loop. A panic here is a panic of that loop.
    fn before_round(&self, _part: Part) {}

    /// Called before a request is sent. A panic here is a panic of the delivery's task.
    fn before_attempt(&self, _delivery: &ClaimedDelivery) {}

    /// Called before a finish is written; an error counts as the store's.
    ///
    /// # Errors
    /// What the store is to be thought to have answered.
    fn before_finish(&self, _finish: &Finish) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Hooks that do nothing.
pub struct NoHooks;

impl Hooks for NoHooks {}
