use baton_domain::time::{Clock, Millis};
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock: the one place that reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the system's clock, handed to everything else as an argument"
    )]
    fn now(&self) -> Millis {
        // A clock before 1970 is not set; 0 is as wrong as any other answer.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
