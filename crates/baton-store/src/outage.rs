//! What the log says while the database is away: one line when it goes, one from time to time, one
//! when it is back. Callers and loops fail by the thousand meanwhile and say nothing of it.

use crate::error::StoreError;
use baton_domain::time::Millis;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Time between two lines about one outage.
const REMIND_MS: i64 = 60_000;
/// How long nothing must have failed before the database counts as back: a full disk lets some
/// calls through.
const SETTLED_MS: i64 = 5_000;

/// An outage that goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Away {
    since: Millis,
    failed_at: Millis,
    told_at: Millis,
    failures: u64,
}

/// A line for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Gone,
    StillGone { for_ms: i64, failures: u64 },
    Back { for_ms: i64, failures: u64 },
}

/// What a failure at `now` makes of the outage, and what is said about it.
fn failed(away: Option<Away>, now: Millis) -> (Away, Option<Line>) {
    let Some(mut away) = away else {
        let begun = Away { since: now, failed_at: now, told_at: now, failures: 1 };
        return (begun, Some(Line::Gone));
    };
    away.failed_at = now;
    away.failures += 1;
    if now.since_ms(away.told_at) < REMIND_MS {
        return (away, None);
    }
    away.told_at = now;
    let line = Line::StillGone { for_ms: now.since_ms(away.since), failures: away.failures };
    (away, Some(line))
}

/// The same of a success.
fn went_well(away: Away, now: Millis) -> (Option<Away>, Option<Line>) {
    if now.since_ms(away.failed_at) < SETTLED_MS {
        return (Some(away), None);
    }
    let for_ms = away.failed_at.since_ms(away.since);
    (None, Some(Line::Back { for_ms, failures: away.failures }))
}

/// Follows the outages of one kind of call.
#[derive(Debug)]
pub(crate) struct Outages {
    calls: &'static str,
    is_away: AtomicBool,
    away: Mutex<Option<Away>>,
}

impl Outages {
    /// Of calls that people know as `calls`.
    pub(crate) fn of(calls: &'static str) -> Self {
        Self { calls, is_away: AtomicBool::new(false), away: Mutex::new(None) }
    }

    /// Notes how a call went. Costs nothing while all is well.
    pub(crate) fn note<T>(&self, done: &Result<T, StoreError>, now: impl FnOnce() -> Millis) {
        let reason = match done {
            Err(StoreError::Unavailable(reason)) => Some(reason.as_str()),
            // Anything else was said by a database that is there, or by nobody.
            Ok(_) if self.is_away.load(Ordering::Relaxed) => None,
            _ => return,
        };
        let mut slot = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match (reason, *slot) {
            (Some(_), away) => {
                let (away, line) = failed(away, now());
                *slot = Some(away);
                line
            }
            (None, Some(away)) => {
                let (away, line) = went_well(away, now());
                *slot = away;
                line
            }
            (None, None) => None,
        };
        self.is_away.store(slot.is_some(), Ordering::Relaxed);
        drop(slot);
        if let Some(line) = line {
            self.tell(line, reason.unwrap_or_default());
        }
    }

    fn tell(&self, line: Line, reason: &str) {
        let calls = self.calls;
        match line {
            Line::Gone => {
                tracing::error!(
                    calls,
                    reason,
                    "the database is not available; leads are refused and deliveries wait until it is back"
                );
            }
            Line::StillGone { for_ms, failures } => {
                let seconds = for_ms / 1_000;
                tracing::error!(
                    calls,
                    reason,
                    seconds,
                    failures,
                    "the database is still not available"
                );
            }
            Line::Back { for_ms, failures } => {
                let seconds = for_ms / 1_000;
                tracing::warn!(calls, seconds, failures, "the database is available again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs calls at instants in ms, true for well; what is said, with its instant.
    fn lines(calls: &[(i64, bool)]) -> Vec<(i64, Line)> {
        let mut away = None;
        let mut said = Vec::new();
        for (at, well) in calls {
            let line = match (well, away) {
                (false, was) => {
                    let (now, line) = failed(was, Millis(*at));
                    away = Some(now);
                    line
                }
                (true, Some(was)) => {
                    let (now, line) = went_well(was, Millis(*at));
                    away = now;
                    line
                }
                (true, None) => None,
            };
            said.extend(line.map(|line| (*at, line)));
        }
        said
    }

    #[test]
    fn an_outage_is_told_once_reminded_of_and_its_end_told() {
        assert_eq!(lines(&[(0, true), (1, true)]), []);
        let mut calls: Vec<(i64, bool)> = (0..130_000).step_by(10).map(|at| (at, false)).collect();
        calls.extend([(130_100, true), (135_100, true), (135_200, true)]);
        let (for_ms, failures) = (129_990, 13_000);
        assert_eq!(
            lines(&calls),
            [
                (0, Line::Gone),
                (60_000, Line::StillGone { for_ms: 60_000, failures: 6_001 }),
                (120_000, Line::StillGone { for_ms: 120_000, failures: 12_001 }),
                (135_100, Line::Back { for_ms, failures }),
            ]
        );
    }

    #[test]
    fn what_works_now_and_then_is_one_outage() {
        let calls: Vec<(i64, bool)> =
            (0..50_000).step_by(100).map(|at| (at, at % 300 == 0)).collect();
        assert_eq!(lines(&calls), [(100, Line::Gone)]);
    }
}
