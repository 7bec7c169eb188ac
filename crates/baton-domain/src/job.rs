//! Jobs: work over many things that a person asked for.

use crate::delivery::states;
use serde::{Deserialize, Serialize};
use std::fmt;

states! {
    /// Where a job stands.
    JobState {
        /// Nothing was done yet.
        Waiting = "waiting",
        /// It gets on.
        Running = "running",
        /// Nothing is left to do.
        Done = "done",
        /// A person stopped it; what was done stays done.
        Cancelled = "cancelled",
        /// It cannot be gone on with.
        Failed = "failed",
    }
}
