//! Everything Baton remembers: SQLite inside by default, PostgreSQL for several nodes.
//!
//! One set of methods, two engines. Only `db`, `sqlite`, `postgres` and the twin statements in
//! `sql` know that there are two. Writes are [`command::Command`]s: data that can be run again. A
//! writer takes all that is queued, runs it in one transaction with one fsync, then answers each
//! caller; see `writer`.
//!
//! Reads are bound to a workspace: [`Store::workspace`] gives the only way to them.

// Nothing from outside may make a request path panic.
#![cfg_attr(
    not(test),
    warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)
)]

pub mod accounts;
pub mod audit;
mod backup;
pub mod capture;
mod claim;
mod command;
mod db;
pub mod deliveries;
pub mod direct;
pub mod docs;
mod error;
pub mod events;
mod finish;
mod held;
mod hints;
mod idempotency;
pub mod imports;
mod inspect;
pub mod jobs;
pub mod key_uses;
pub mod leads;
mod migrations;
mod nodes;
mod orphans;
mod outage;
pub mod outcomes;
mod page;
mod postgres;
mod proof;
mod replay;
mod retention;
pub mod sealing;
mod search;
mod snapshot;
mod sql;
mod sqlite;
mod steps;
mod store;
mod system;
pub mod tasks;
mod writer;

pub use backup::{BackupReport, restore};
pub use claim::{Claim, Claimed, ClaimedDelivery, LaneRoom, TargetKind};
pub use error::{OpenError, StoreError};
pub use finish::{
    AttemptRecord, DisableTarget, Finish, Followup, GivenFields, NewEvent, Release, StoredRequest,
    Tally,
};
pub use held::HELD_SLICE;
pub use hints::{Hints, OutcomeWait};
pub use inspect::{
    Inspection, SQLITE_VERSION_MIN, backup_file, inspect_directory, inspect_postgres,
    sqlite_is_fit, sqlite_version,
};
#[doc(hidden)]
pub use migrations::Migration;
pub use proof::Durability;
pub use retention::{AUDIT_DAYS, IDEMPOTENCY_HOURS, Retention, RetentionReport};
pub use snapshot::{Doc, Snapshot};
pub use sqlite::DATABASE_FILE;
pub use steps::{STEP_BODY_BYTES_MAX, ShownRequest, Step, StepKind};
pub use store::{Location, Store, StoreSettings, WorkspaceStore};
pub use system::DatabaseSize;
