//! The program: command line, settings, telemetry, and how the parts are started and stopped.
//!
//! It is a library with a thin `main.rs` so that its parts have unit tests; the whole-system tests
//! in `tests/it` run the real binary.

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
