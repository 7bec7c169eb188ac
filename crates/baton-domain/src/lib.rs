//! The nouns of Baton and the decisions made about them.
//!
//! Nothing here reads a clock, makes a random number, opens a socket or awaits: time, randomness
//! and ids come in as arguments, data goes out. `ARCHITECTURE.md` has the map.

// Nothing from outside may make a request path panic.
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

pub mod account;
pub mod audit;
pub mod config;
pub mod connector;
pub mod delivery;
pub mod event;
pub mod exchange;
pub mod export;
pub mod guard;
pub mod id;
pub mod import;
pub mod job;
pub mod lead;
pub mod outcome;
pub mod personal;
pub mod probe;
pub mod reason;
pub mod retry;
pub mod secret;
pub mod sequel;
pub mod signature;
pub mod time;
pub mod verdict;
