//! What an engine counts and how it feels; read by metrics, health pages and tests.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::sync::watch;

/// The loops of an engine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Part {
    /// Claims and starts deliveries.
    Dispatcher,
    /// Renews leases.
    Leases,
    /// Makes deliveries of events.
    Fanout,
    /// Runs test calls.
    Tasks,
    /// Fills the search index.
    Search,
    /// Tells the other nodes that this one lives.
    Heartbeat,
    /// Takes configuration changes in.
    Config,
    /// Removes what is old.
    Retention,
    /// Lets held leads of resumed campaigns go, calls off what waits for deleted targets.
    Release,
    /// Does jobs that people asked for, slice by slice.
    Jobs,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 10] = [
        Self::Dispatcher,
        Self::Leases,
        Self::Fanout,
        Self::Tasks,
        Self::Search,
        Self::Heartbeat,
        Self::Config,
        Self::Retention,
        Self::Release,
        Self::Jobs,
    ];

    /// The word in metrics and on health pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dispatcher => "dispatcher",
            Self::Leases => "leases",
            Self::Fanout => "fanout",
            Self::Tasks => "tasks",
            Self::Search => "search",
            Self::Heartbeat => "heartbeat",
            Self::Config => "config",
            Self::Retention => "retention",
            Self::Release => "release",
            Self::Jobs => "jobs",
        }
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of an engine at one moment; all but the gauges count up from its start.
        #[derive(Clone, PartialEq, Eq, Default, Debug)]
        pub struct StatsView {
            $($(#[$doc])* pub $name: u64,)*
            /// Loops that fail at present and try again; empty when all is well.
            pub degraded: Vec<&'static str>,
        }

        #[derive(Default, Debug)]
        pub(crate) struct Stats {
            $(pub $name: AtomicU64,)*
            degraded: [AtomicBool; Part::ALL.len()],
            changed: watch::Sender<u64>,
        }

        impl Stats {
            pub(crate) fn view(&self) -> StatsView {
                StatsView {
                    $($name: self.$name.load(Relaxed),)*
                    degraded: Part::ALL
                        .into_iter()
                        .filter(|part| self.degraded[*part as usize].load(Relaxed))
                        .map(Part::as_str)
                        .collect(),
                }
            }
        }
    };
}

counters! {
    /// Gauge: deliveries in flight.
    in_flight,
    /// Gauge: lanes whose breaker is not closed.
    breakers_open,
    /// Deliveries claimed.
    claimed,
    /// Deliveries started with the commit of their lead, without a claim.
    direct,
    /// Requests sent.
    sent,
    /// Deliveries accepted or queued.
    accepted,
    /// Deliveries rejected.
    rejected,
    /// Attempts after which another one follows.
    retried,
    /// Deliveries given up.
    failed,
    /// Deliveries held.
    held,
    /// Deliveries called off because target, lead or event is gone.
    cancelled,
    /// Deliveries made for failover destinations.
    failovers,
    /// Deliveries given back without spending an attempt.
    released,
    /// Attempts whose lease was lost before they were written down.
    lost,
    /// Writes of a finished attempt that had to be repeated.
    finish_retries,
    /// Deliveries whose task panicked.
    panics,
    /// Deliveries made of events.
    fanned_out,
    /// Test calls made.
    probes,
    /// Rounds of loops that failed.
    faults,
}

impl Stats {
    /// Tells who watches that something happened.
    pub(crate) fn tell(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Notes how a round of a loop went.
    pub(crate) fn went(&self, part: Part, well: bool) {
        let was_degraded = self.degraded[part as usize].swap(!well, Relaxed);
        if !well {
            self.faults.fetch_add(1, Relaxed);
        }
        if was_degraded == well {
            self.tell();
        }
    }
}

/// Counts one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
