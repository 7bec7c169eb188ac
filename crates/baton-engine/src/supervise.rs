//! Loops that never end by themselves: an error or a panic is logged, backed off and tried again.

use crate::engine::{Core, Phase};
use crate::stats::Part;
use baton_store::StoreError;
use futures_util::FutureExt as _;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Wait after the first failed round, in milliseconds; doubled with each further one.
const BACKOFF_MS: i64 = 500;
/// Longest wait after a failed round, in milliseconds.
const BACKOFF_MS_MAX: i64 = 30_000;

/// Logs that a call of the store failed. Of an outage the store itself tells, once; each of the many
/// calls that fail meanwhile is a detail.
macro_rules! log_failure {
    ($error:expr, $($rest:tt)+) => {
        if $error.is_outage() {
            tracing::debug!(error = %$error, $($rest)+);
        } else {
            tracing::warn!(error = %$error, $($rest)+);
        }
    };
}
pub(crate) use log_failure;

/// A loop, one round at a time. A round waits for its work itself and may be dropped while it
/// waits.
pub(crate) trait Rounds: Send + 'static {
    /// Which loop it is.
    const PART: Part;
    /// The phase in which it ends.
    const UNTIL: Phase = Phase::Draining;

    /// One round.
    fn round(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How long to wait after so many failures in a row.
pub(crate) fn backoff_ms(failures: u32) -> i64 {
    BACKOFF_MS.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACKOFF_MS_MAX)
}

/// Runs rounds until the engine reaches the loop's last phase.
pub(crate) async fn keep<R: Rounds>(core: Arc<Core>, mut rounds: R) {
    let mut failures = 0;
    let mut phase = core.phase.subscribe();
    loop {
        let round = async {
            core.hooks.before_round(R::PART);
            rounds.round().await
        };
        let round = AssertUnwindSafe(round).catch_unwind();
        let done = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= R::UNTIL) => return,
            done = round => done,
        };
        failures = if report(&core, R::PART, done) { 0 } else { failures + 1 };
        if failures > 0 {
            tokio::select! {
                _ = phase.wait_for(|phase| *phase >= R::UNTIL) => return,
                () = core.sleep(backoff_ms(failures)) => {}
            }
        }
    }
}

/// Notes and logs how a round ended; whether it went well.
pub(crate) fn report(
    core: &Core,
    part: Part,
    done: Result<Result<(), StoreError>, Box<dyn std::any::Any + Send>>,
) -> bool {
    let well = matches!(done, Ok(Ok(())));
    core.stats.went(part, well);
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            log_failure!(error, part = part.as_str(), "a background loop failed; it goes on");
        }
        Err(_) => {
            tracing::error!(part = part.as_str(), "a background loop panicked; it goes on");
        }
    }
    well
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_is_bounded() {
        for (failures, expect) in
            [(1, 500), (2, 1_000), (5, 8_000), (7, 30_000), (500, 30_000), (u32::MAX, 30_000)]
        {
            assert_eq!(backoff_ms(failures), expect, "{failures}");
        }
    }
}
