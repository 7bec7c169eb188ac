//! Time that can be waited for: the machine's, or one that tests move.

use baton_domain::time::{Clock, Millis};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A clock whose instants can be waited for.
pub trait EngineClock: Clock {
    /// Returns at that instant, at once if it has passed.
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()>;
}

/// The clock of a real process: tells the time by the clock it is given, waits on Tokio's timer.
pub struct SystemTimer(Arc<dyn Clock>);

impl SystemTimer {
    /// Waits for instants of `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(clock)
    }
}

impl Clock for SystemTimer {
    fn now(&self) -> Millis {
        self.0.now()
    }
}

impl EngineClock for SystemTimer {
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        // The span is taken once: if the wall clock is set back meanwhile, the sleep still ends.
        let ms = u64::try_from(at.since_ms(self.0.now())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

/// A clock that stands until it is moved; moving it wakes who waits. For tests.
pub struct ManualClock(watch::Sender<i64>);

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn new(at: Millis) -> Self {
        Self(watch::Sender::new(at.0))
    }

    /// Moves it on by `ms` milliseconds.
    pub fn advance(&self, ms: i64) {
        self.0.send_modify(|now| *now = now.saturating_add(ms));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        Millis(*self.0.borrow())
    }
}

impl EngineClock for ManualClock {
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| *now >= at.0).await.is_err() {
                // The clock is gone: its time does not come any more.
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn moving_the_clock_wakes_who_waits_and_nobody_else() {
        let clock = ManualClock::new(Millis(1_000));
        let mut early = clock.sleep_until(Millis(1_500));
        let mut late = clock.sleep_until(Millis(3_000));
        assert!((&mut early).now_or_never().is_none());
        clock.advance(500);
        assert!(early.now_or_never().is_some());
        assert!((&mut late).now_or_never().is_none());
        assert_eq!(clock.now(), Millis(1_500));
    }
}
