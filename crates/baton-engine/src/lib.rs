//! What moves leads: claims what is due, sends it, reads the answer, writes down what became of it.
//!
//! ```text
//!           hints, freed slots, due times, a poll
//!                          |
//!   dispatcher -- lanes with room --> store.claim --> one task per delivery (attempt)
//!       ^                                               render or reuse -> sign -> http -> classify
//!       |                                               -> settle -> store.finish
//!       +---------------- slot and report -----------------+
//!
//!   beside it: fanout (events -> deliveries), leases, tasks (test calls), upkeep
//! ```
//!
//! Nothing here decides by real time: the present is the store's clock, waits go through
//! [`EngineClock`]. Only HTTP deadlines and phases run on Tokio's clock.

// Nothing from outside may make a request path panic.
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

mod arrived;
mod attempt;
mod breaker;
mod chain;
mod clock;
mod direct;
mod dispatcher;
mod engine;
mod fanout;
pub mod http;
mod lane;
mod lanes;
mod leases;
mod links;
mod prepare;
mod question;
mod rate;
mod renderers;
mod settings;
mod settle;
mod slot;
mod stats;
mod supervise;
mod talk;
mod target;
mod tasks;
mod tokens;
mod told;
mod trial;
mod upkeep;

pub use breaker::{HARMED_MAX, PROBE_EVERY_MS};
pub use clock::{EngineClock, ManualClock, SystemTimer};
pub use engine::{Engine, EngineHandle};
pub use settings::{EngineLimits, EngineSettings, Hooks, JitterMode, NoHooks};
pub use stats::{Part, StatsView};
