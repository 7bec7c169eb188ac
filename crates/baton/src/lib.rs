//! The program: command line, settings, telemetry, and how the parts are started and stopped.
//!
//! It is a library with a thin `main.rs` so that its parts have unit tests; the whole-system tests
//! in `tests/it` run the real binary.

// Nothing from outside may make a request path panic.
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

pub mod cli;
mod clock;
mod data_dir;
mod entropy;
mod failure;
mod metrics;
mod node;
mod settings;
mod signals;
mod telemetry;
mod terminal;
