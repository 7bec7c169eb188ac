//! Instants as Baton stores and compares them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The instant `ms` milliseconds later (earlier when negative); saturates at the ends of `i64`.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` is the earlier one.
    #[must_use]
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-01-28T14:30:00.000Z`.
    ///
    /// Instants outside the years -9999 to 9999 are clamped to that range.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let timestamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        format!("{timestamp:.3}")
    }

    /// Reads an RFC 3339 instant with an offset; `None` when it is not one.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// Where the present comes from. The binary passes the system's clock, tests pass one they move.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, as stored and compared. It does not run backwards where that can be
    /// helped.
    fn now(&self) -> Millis;

    /// What the clock on the wall says, for others to read: it follows every correction at once.
    fn wall(&self) -> Millis {
        self.now()
    }
}

/// One part in so many is taken off the pace of a [`Steady`] present until the wall has caught up.
pub const CATCH_UP_PART: i64 = 10;

/// A present that never runs backwards. When the clock on the wall is set forward it follows at
/// once; when that is set back it goes on from where it was, a tenth slower, until the wall has
/// caught up. What waits for an instant then waits about as long as was meant, and nothing that
/// has happened lies in the future.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steady {
    shown_us: i64,
    elapsed_us: i64,
    /// Passed while ahead of the wall and not yet paid a part of.
    unpaid_us: i64,
}

impl Steady {
    /// Begins at what the wall says; `elapsed_us` is the reading of a clock that is never set, in
    /// microseconds.
    #[must_use]
    pub fn new(wall: Millis, elapsed_us: i64) -> Self {
        Self { shown_us: wall.0.saturating_mul(1_000), elapsed_us, unpaid_us: 0 }
    }

    /// The present at these two readings.
    pub fn at(&mut self, wall: Millis, elapsed_us: i64) -> Millis {
        let passed_us = elapsed_us.saturating_sub(self.elapsed_us).max(0);
        self.elapsed_us = self.elapsed_us.max(elapsed_us);
        let wall_us = wall.0.saturating_mul(1_000);
        let shown_us = self.shown_us.saturating_add(passed_us);
        let ahead_us = shown_us.saturating_sub(wall_us);
        if ahead_us <= 0 {
            (self.shown_us, self.unpaid_us) = (wall_us, 0);
        } else {
            self.unpaid_us = self.unpaid_us.saturating_add(passed_us);
            let paid_us = (self.unpaid_us / CATCH_UP_PART).min(ahead_us).min(passed_us);
            self.unpaid_us %= CATCH_UP_PART;
            self.shown_us = shown_us.saturating_sub(paid_us);
        }
        Millis(self.shown_us.div_euclid(1_000))
    }
}

/// Where randomness comes from. The binary passes the operating system's, tests pass a seeded one.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_US: i64 = 3_600_000_000;

    #[test]
    fn a_wall_set_back_slows_the_present_and_nothing_else() {
        let began = Millis(1_790_000_000_000);
        let mut steady = Steady::new(began, 0);
        let mut check = |wall_ms: i64, elapsed_us: i64, want_ms: i64| {
            let shown = steady.at(began.plus_ms(wall_ms), elapsed_us);
            assert_eq!(shown.since_ms(began), want_ms, "wall {wall_ms}, elapsed {elapsed_us}");
        };
        check(1_000, 1_000_000, 1_000);
        // Set forward: at once.
        check(61_000, 1_000_000, 61_000);
        // Set back by an hour: it stands still for nobody, and goes on a tenth slower.
        check(61_000 - 3_600_000, 1_000_000, 61_000);
        check(71_000 - 3_600_000, 11_000_000, 70_000);
        // Until the wall has caught up: after ten hours.
        check(61_000 + 9 * 3_600_000, 1_000_000 + 10 * HOUR_US, 61_000 + 9 * 3_600_000);
        check(61_001 + 9 * 3_600_000, 1_001_000 + 10 * HOUR_US, 61_001 + 9 * 3_600_000);
    }

    proptest! {
        #[test]
        fn a_steady_present_never_runs_back_nor_lags_and_keeps_nine_tenths_of_the_pace(
            steps in prop::collection::vec((0i64..5_000_000, -100_000i64..100_000), 1..200),
        ) {
            let mut wall = Millis(1_790_000_000_000);
            let (mut elapsed, mut steady) = (0, Steady::new(wall, 0));
            let mut before = steady.at(wall, elapsed);
            for (passed_us, jump_ms) in steps {
                elapsed += passed_us;
                wall = wall.plus_ms(passed_us / 1_000 + jump_ms);
                let shown = steady.at(wall, elapsed);
                prop_assert!(shown >= wall);
                prop_assert!(shown.since_ms(before) >= passed_us * 9 / 10_000 - 1);
                before = shown;
            }
        }

        #[test]
        fn a_steady_present_is_total(readings in prop::collection::vec(any::<(i64, i64)>(), 0..50)) {
            let mut steady = Steady::new(Millis(0), 0);
            for (wall, elapsed_us) in readings {
                steady.at(Millis(wall), elapsed_us);
            }
        }
    }
}
