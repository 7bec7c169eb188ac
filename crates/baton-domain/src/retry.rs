//! When a delivery is tried again, and what becomes of it when it is not (DESIGN section 8).

mod classes;
mod outcome;
mod retry_after;
mod schedule;

pub use classes::{OnUnknown, RetryClass, RetryClasses};
pub use outcome::{After, Plain, outcome};
pub use retry_after::parse_retry_after;
pub use schedule::{
    SCHEDULE_PRESETS, ScheduleProblem, duration_ms, parse_schedule, show_duration, show_schedule,
};

use crate::config::{OnUnmatched, RETRY_WAIT_MS_MAX, RetryPolicy};
use crate::time::Millis;
use crate::verdict::Verdict;

/// Longest delay a receiver's `Retry-After` can bring about: 1 hour.
pub const RETRY_AFTER_MS_MAX: i64 = 3_600_000;
/// Jitter is at most one part in so many of the wait: a tenth.
const JITTER_PART: u64 = 10;

/// Where the spread of a wait comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jitter {
    /// No spread: the schedule to the millisecond.
    None,
    /// A random number; any value is allowed.
    Random(u64),
}

impl Jitter {
    /// What is added to a wait of so many milliseconds: 0 to a tenth of it.
    #[must_use]
    pub fn extra_ms(self, wait_ms: i64) -> i64 {
        match self {
            Self::None => 0,
            Self::Random(number) => {
                let most = u64::try_from(wait_ms).unwrap_or(0) / JITTER_PART;
                i64::try_from(number % (most + 1)).unwrap_or(0)
            }
        }
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Another attempt at that instant.
    At(Millis),
    /// None: the verdict is final or the schedule is spent.
    GiveUp,
}

/// When the first attempt of a series that begins at `now` is due.
#[must_use]
pub fn first_attempt(policy: &RetryPolicy, now: Millis, jitter: Jitter) -> Millis {
    let wait = policy.schedule_ms.first().map_or(0, |w| bounded(*w));
    now.plus_ms(wait.saturating_add(jitter.extra_ms(wait)))
}

/// When the attempt after `attempts_made` attempts of this series is due.
///
/// The wait runs from `ended_at`, the end of the last attempt. `retry_after_ms` is what the
/// receiver asked for; it can only postpone, by at most [`RETRY_AFTER_MS_MAX`], and counts for
/// `rate_limited` and `transient` (HTTP defines the header for 429 and 503). Jitter of 0 to 10 %
/// is added to whichever wait holds, so that rows postponed together do not come back together.
#[must_use]
pub fn next_attempt(
    policy: &RetryPolicy,
    on_unmatched: OnUnmatched,
    verdict: Verdict,
    attempts_made: u32,
    ended_at: Millis,
    retry_after_ms: Option<i64>,
    jitter: Jitter,
) -> Next {
    let made = usize::try_from(attempts_made).unwrap_or(usize::MAX);
    let Some(wait) = policy.schedule_ms.get(made).filter(|_| is_retried(verdict, on_unmatched))
    else {
        return Next::GiveUp;
    };
    let asked = retry_after_ms
        .filter(|_| matches!(verdict, Verdict::RateLimited | Verdict::Transient))
        .map_or(0, |ms| ms.clamp(0, RETRY_AFTER_MS_MAX));
    let wait = bounded(*wait).max(asked);
    Next::At(ended_at.plus_ms(wait.saturating_add(jitter.extra_ms(wait))))
}

/// Whether a plain delivery is tried again after this verdict, waits permitting.
#[must_use]
pub fn is_retried(verdict: Verdict, on_unmatched: OnUnmatched) -> bool {
    match verdict {
        Verdict::RateLimited | Verdict::Transient | Verdict::Unknown => true,
        Verdict::Unmatched => on_unmatched == OnUnmatched::Retry,
        Verdict::Accepted
        | Verdict::Queued
        | Verdict::Rejected
        | Verdict::Duplicate
        | Verdict::Invalid
        | Verdict::CapReached
        | Verdict::AuthOrConfig
        | Verdict::Blocked => false,
    }
}

fn bounded(wait_ms: i64) -> i64 {
    wait_ms.clamp(0, RETRY_WAIT_MS_MAX)
}

#[cfg(test)]
mod tests;
