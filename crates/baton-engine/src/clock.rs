//! Time that can be waited for: the machine's, or one that tests move.

use baton_domain::time::{Clock, Millis, Steady};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A clock whose instants can be waited for.
pub trait EngineClock: Clock {
    /// Returns at that instant, at once if it has passed.
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()>;

    /// Milliseconds since some beginning, by a clock that is never set.
    fn elapsed_ms(&self) -> i64;
}

/// The clock of a real process: tells the time by the clock it is given, waits on Tokio's timer.
pub struct SystemTimer {
    clock: Arc<dyn Clock>,
    began: tokio::time::Instant,
}

impl SystemTimer {
    /// Waits for instants of `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, began: tokio::time::Instant::now() }
    }
}

impl Clock for SystemTimer {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn wall(&self) -> Millis {
        self.clock.wall()
    }
}

impl EngineClock for SystemTimer {
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        // The span is taken once: if the wall clock is set back meanwhile, the sleep still ends.
        let ms = u64::try_from(at.since_ms(self.clock.now())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

#[derive(Clone, Copy, Debug)]
struct Hands {
    elapsed_ms: i64,
    wall: Millis,
    steady: Steady,
    now: Millis,
}

impl Hands {
    fn turn(&mut self, passed_ms: i64, wall_ms: i64) {
        self.elapsed_ms = self.elapsed_ms.saturating_add(passed_ms);
        self.wall = self.wall.plus_ms(wall_ms);
        self.now = self.steady.at(self.wall, self.elapsed_ms.saturating_mul(1_000));
    }
}

/// A clock that stands until it is moved; moving it wakes who waits. For tests.
pub struct ManualClock(watch::Sender<Hands>);

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn new(at: Millis) -> Self {
        let hands = Hands { elapsed_ms: 0, wall: at, steady: Steady::new(at, 0), now: at };
        Self(watch::Sender::new(hands))
    }

    /// Moves it on by `ms` milliseconds: so much time passes.
    pub fn advance(&self, ms: i64) {
        self.0.send_modify(|hands| hands.turn(ms, ms));
    }

    /// Somebody sets the machine's clock back by `ms` milliseconds; its present stays steady.
    pub fn set_wall_back(&self, ms: i64) {
        self.0.send_modify(|hands| hands.turn(0, -ms));
    }

    /// The present itself steps back by `ms` milliseconds, as that of a database's machine can.
    pub fn step_back(&self, ms: i64) {
        self.0.send_modify(|hands| {
            hands.wall = hands.wall.plus_ms(-ms);
            hands.steady = Steady::new(hands.wall, hands.elapsed_ms.saturating_mul(1_000));
            hands.now = hands.wall;
        });
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.0.borrow().now
    }

    fn wall(&self) -> Millis {
        self.0.borrow().wall
    }
}

impl EngineClock for ManualClock {
    fn elapsed_ms(&self) -> i64 {
        self.0.borrow().elapsed_ms
    }

    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        let mut hands = self.0.subscribe();
        // As with the machine's timer, the span is taken once.
        let ends_ms = {
            let hands = hands.borrow();
            hands.elapsed_ms.saturating_add(at.since_ms(hands.now))
        };
        Box::pin(async move {
            if hands.wait_for(|hands| hands.elapsed_ms >= ends_ms).await.is_err() {
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
