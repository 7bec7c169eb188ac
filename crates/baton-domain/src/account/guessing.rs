use crate::time::Millis;

/// Wrong answers about one account before there is a wait.
pub const ACCOUNT_FREE: u32 = 5;
/// Wrong answers from one address before there is a wait: an office is one address.
pub const ADDRESS_FREE: u32 = 20;
/// The first wait, in milliseconds; each further wrong answer doubles it.
pub const WAIT_MS_FIRST: i64 = 2_000;
/// The longest wait, in milliseconds: 15 minutes. There is no lock: whoever knows the answer gets
/// in after it at the latest.
pub const WAIT_MS_MAX: i64 = 15 * 60_000;
/// Wrong answers are forgotten after so many milliseconds without another: one hour.
pub const FORGET_MS: i64 = 60 * 60_000;

/// The wrong answers that were given of late, about one account or from one address.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Failures {
    count: u32,
    last_at: Millis,
}

impl Failures {
    /// With one more at `now`.
    #[must_use]
    pub fn and_one(self, now: Millis) -> Self {
        let count = if self.is_forgotten(now) { 0 } else { self.count };
        Self { count: count.saturating_add(1), last_at: now }
    }

    /// With one taken back: it was right after all.
    #[must_use]
    pub fn less_one(self) -> Self {
        Self { count: self.count.saturating_sub(1), ..self }
    }

    /// Whether nothing is left to remember at `now`.
    #[must_use]
    pub fn is_forgotten(self, now: Millis) -> bool {
        // A clock that was set back must not make anybody wait longer.
        self.count == 0 || now.since_ms(self.last_at).unsigned_abs() >= FORGET_MS.unsigned_abs()
    }

    /// Milliseconds to wait at `now` before the next answer is looked at; `free` wrong ones cost
    /// nothing.
    #[must_use]
    pub fn wait_ms(self, free: u32, now: Millis) -> i64 {
        if self.count < free || self.is_forgotten(now) {
            return 0;
        }
        let doublings = (self.count - free).min(20);
        let wait = WAIT_MS_FIRST.saturating_mul(1 << doublings).min(WAIT_MS_MAX);
        (wait - now.since_ms(self.last_at).max(0)).clamp(0, wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(count: u32) -> Failures {
        (0..count).fold(Failures::default(), |failures, _| failures.and_one(Millis(0)))
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        #[track_caller]
        fn check(count: u32, now: i64, expect: i64) {
            assert_eq!(after(count).wait_ms(ACCOUNT_FREE, Millis(now)), expect, "{count} {now}");
        }
        check(0, 0, 0);
        check(4, 0, 0);
        check(5, 0, 2_000);
        check(5, 1_500, 500);
        check(5, 2_000, 0);
        check(6, 0, 4_000);
        check(7, 0, 8_000);
        check(13, 0, 512_000);
        check(14, 0, WAIT_MS_MAX);
        check(1_000, 0, WAIT_MS_MAX);
        check(1_000, WAIT_MS_MAX, 0);
        check(1_000, FORGET_MS, 0);
        // A clock that was set back.
        check(5, -1_000, 2_000);
        check(5, -FORGET_MS, 0);
    }

    #[test]
    fn what_is_long_ago_or_was_right_does_not_count() {
        let failures = after(20);
        assert!(!failures.is_forgotten(Millis(FORGET_MS - 1)));
        assert!(failures.is_forgotten(Millis(FORGET_MS)));
        assert_eq!(failures.and_one(Millis(FORGET_MS)).wait_ms(2, Millis(FORGET_MS)), 0);
        assert_eq!(after(5).less_one(), after(4));
        assert_eq!(Failures::default().less_one(), Failures::default());
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_the_longest(
            count in any::<u32>(), last in any::<i64>(), now in any::<i64>(), free in any::<u32>(),
        ) {
            let failures = Failures { count, last_at: Millis(last) };
            let wait = failures.wait_ms(free, Millis(now));
            prop_assert!((0..=WAIT_MS_MAX).contains(&wait));
            let _ = failures.and_one(Millis(now)).less_one();
        }
    }
}
