//! The rate limit of a lane: a token bucket that never lets more than the agreed number through in
//! any span of the agreed length.
//!
//! A tenth of the number may go at once; the rest comes at an even pace. The pace is set so that
//! burst and pace together stay within the number: vendors count in windows of their own.

use baton_domain::config::RateLimit;
use baton_domain::time::Millis;

/// The bucket holds one part in so many of the agreed number.
const BURST_PART: i64 = 10;

/// One lane's token bucket. It is kept as the instant at which it is full again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RateLimiter {
    /// Microseconds until one token comes back.
    every_us: i64,
    /// Microseconds until an empty bucket is full.
    depth_us: i64,
    /// When it is full again, in microseconds since the epoch.
    full_at_us: i64,
}

impl RateLimiter {
    /// The share of one of `nodes` nodes of a limit.
    pub(crate) fn new(limit: RateLimit, nodes: u32) -> Self {
        let span_us = i64::from(limit.per_s.max(1)) * 1_000_000;
        let nodes = i64::from(nodes.max(1));
        // Fewer than one a node: the span grows instead.
        let count = (i64::from(limit.count) / nodes).max(1);
        let span_us = if i64::from(limit.count) < nodes { span_us * nodes } else { span_us };
        let burst = (count / BURST_PART).max(1);
        let every_us = span_us.div_euclid(count - burst + 1).max(1);
        Self { every_us, depth_us: every_us * burst, full_at_us: 0 }
    }

    /// How many may start now.
    pub(crate) fn available(&self, now: Millis) -> u32 {
        let now_us = now.0.saturating_mul(1_000);
        let missing = (self.full_at_us - now_us).max(0);
        u32::try_from((self.depth_us - missing).max(0) / self.every_us).unwrap_or(0)
    }

    /// When the next one may start.
    pub(crate) fn next_at(&self) -> Millis {
        let at_us = self.full_at_us - self.depth_us + self.every_us;
        Millis(at_us.div_euclid(1_000) + i64::from(at_us.rem_euclid(1_000) > 0))
    }

    /// The clock stepped back: what is to come comes after the same time.
    pub(crate) fn step_back(&mut self, ms: i64) {
        self.full_at_us = self.full_at_us.saturating_sub(ms.saturating_mul(1_000));
    }

    /// One starts.
    pub(crate) fn take(&mut self, now: Millis) {
        self.full_at_us = self.full_at_us.max(now.0.saturating_mul(1_000)) + self.every_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_node_gets_its_share() {
        let check = |count, per_s, nodes, at_once, then_ms| {
            let now = Millis(1_000_000);
            let mut limiter = RateLimiter::new(RateLimit { count, per_s }, nodes);
            assert_eq!(limiter.available(now), at_once, "{count}/{per_s} s, {nodes} nodes");
            for _ in 0..at_once {
                limiter.take(now);
            }
            assert_eq!(limiter.available(now), 0);
            assert_eq!(limiter.next_at().since_ms(now), then_ms, "{count}/{per_s} s");
            assert_eq!(limiter.available(limiter.next_at()), 1);
        };
        check(1, 1, 1, 1, 1_000);
        check(60, 60, 1, 6, 1_091);
        check(60, 60, 2, 3, 2_143);
        check(1, 1, 3, 1, 3_000);
        check(1_000, 1, 1, 100, 2);
    }

    proptest! {
        #[test]
        fn no_span_ever_sees_more_than_the_limit(
            count in 1u32..200,
            per_s in 1u32..120,
            gaps in prop::collection::vec(0i64..3_000, 1..400),
        ) {
            let mut limiter = RateLimiter::new(RateLimit { count, per_s }, 1);
            let mut now = Millis(1_000_000);
            let mut starts = std::collections::VecDeque::new();
            for gap in gaps {
                now = now.plus_ms(gap);
                while limiter.available(now) > 0 {
                    limiter.take(now);
                    starts.push_back(now);
                }
                let span = i64::from(per_s) * 1_000;
                while starts.front().is_some_and(|first| now.since_ms(*first) >= span) {
                    starts.pop_front();
                }
                prop_assert!(starts.len() <= count as usize, "{} in {per_s} s", starts.len());
            }
        }
    }
}
