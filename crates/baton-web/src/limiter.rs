//! Token buckets: at most so many in a span of time, for each of many keys, in bounded memory.

use baton_domain::config::RateLimit;
use baton_domain::time::Millis;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Most buckets that are remembered. When they are spent, full ones go first, then all: for a
/// moment too much passes, which costs less than memory without end.
pub const BUCKETS_MAX: usize = 65_536;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// When the bucket will be full again.
    full_at: f64,
}

/// The buckets of many keys.
#[derive(Debug)]
pub struct Limiter<K> {
    buckets: Mutex<HashMap<K, Bucket>>,
    buckets_max: usize,
}

impl<K: Eq + Hash> Default for Limiter<K> {
    fn default() -> Self {
        Self::with_capacity(BUCKETS_MAX)
    }
}

impl<K: Eq + Hash> Limiter<K> {
    /// A limiter that remembers at most so many buckets.
    #[must_use]
    pub fn with_capacity(buckets_max: usize) -> Self {
        Self { buckets: Mutex::default(), buckets_max }
    }

    /// Takes one token of the key's bucket.
    ///
    /// # Errors
    /// Seconds to wait, rounded up, when there is none.
    pub fn take(&self, key: K, limit: RateLimit, now: Millis) -> Result<(), u64> {
        let now = now.0 as f64;
        let span_ms = f64::from(limit.per_s.max(1)) * 1000.0;
        if limit.count == 0 {
            return Err(u64::from(limit.per_s.max(1)));
        }
        let token_ms = span_ms / f64::from(limit.count);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.buckets_max && !buckets.contains_key(&key) {
            buckets.retain(|_, b| b.full_at > now);
            if buckets.len() >= self.buckets_max {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { full_at: now });
        // A clock that was set back, or a limit that was raised, must not lock anybody out for
        // longer than the span.
        let full_at = bucket.full_at.clamp(now, now + span_ms);
        let after = full_at + token_ms;
        // Half a millisecond of slack keeps rounding from refusing the last token.
        if after > now + span_ms + 0.5 {
            let wait_ms = after - (now + span_ms);
            return Err(((wait_ms / 1000.0).ceil() as u64).max(1));
        }
        bucket.full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE_A_MINUTE: RateLimit = RateLimit { count: 3, per_s: 60 };

    #[test]
    fn burst_is_the_count_and_refills_over_the_span() {
        let limiter = Limiter::default();
        for _ in 0..3 {
            assert_eq!(limiter.take("a", THREE_A_MINUTE, Millis(0)), Ok(()));
        }
        assert_eq!(limiter.take("a", THREE_A_MINUTE, Millis(0)), Err(20));
        assert_eq!(limiter.take("a", THREE_A_MINUTE, Millis(19_000)), Err(1));
        assert_eq!(limiter.take("a", THREE_A_MINUTE, Millis(20_000)), Ok(()));
        assert_eq!(limiter.take("a", THREE_A_MINUTE, Millis(20_000)), Err(20));
    }

    #[test]
    fn keys_do_not_share_and_refusals_cost_nothing() {
        let limiter = Limiter::default();
        let one = RateLimit { count: 1, per_s: 10 };
        assert_eq!(limiter.take("a", one, Millis(0)), Ok(()));
        for _ in 0..5 {
            assert_eq!(limiter.take("a", one, Millis(0)), Err(10));
        }
        assert_eq!(limiter.take("b", one, Millis(0)), Ok(()));
        assert_eq!(limiter.take("a", one, Millis(10_000)), Ok(()));
    }

    #[test]
    fn nothing_passes_a_limit_of_zero_and_a_clock_set_back_locks_nobody_out() {
        let limiter = Limiter::default();
        assert_eq!(limiter.take("a", RateLimit { count: 0, per_s: 9 }, Millis(0)), Err(9));
        let one = RateLimit { count: 1, per_s: 10 };
        assert_eq!(limiter.take("b", one, Millis(1_000_000)), Ok(()));
        assert_eq!(limiter.take("b", one, Millis(0)), Err(10));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::with_capacity(10);
        for key in 0..1_000 {
            assert_eq!(limiter.take(key, THREE_A_MINUTE, Millis(0)), Ok(()));
            assert!(limiter.buckets.lock().unwrap().len() <= 10);
        }
    }
}
