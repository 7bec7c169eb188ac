use baton_domain::time::{Clock, Millis, Steady};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// The system's clock: the one place that reads it. It does not run backwards when somebody sets
/// that clock back; all its copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

/// Where a clock that is never set began, and the present that goes by it.
struct Readings {
    began: Instant,
    steady: Steady,
}

static READINGS: LazyLock<Mutex<Readings>> = LazyLock::new(|| {
    Mutex::new(Readings { began: Instant::now(), steady: Steady::new(wall(), 0) })
});

#[expect(
    clippy::disallowed_methods,
    reason = "the system's clock, handed to everything else as an argument"
)]
fn wall() -> Millis {
    // A clock before 1970 is not set; 0 is as wrong as any other answer.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let mut readings = READINGS.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_us = i64::try_from(readings.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        readings.steady.at(wall(), elapsed_us)
    }

    fn wall(&self) -> Millis {
        wall()
    }
}
