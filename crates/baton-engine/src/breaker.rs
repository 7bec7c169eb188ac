//! The breaker of a lane: a receiver that fails again and again is left alone and asked now and
//! then whether it is well.
//!
//! ```text
//!            HARMED_MAX harms in a row, or one call that says the settings are wrong
//!   closed ------------------------------------------------------------------------> open
//!     ^  ^                                                                           |  ^
//!     |  +-- an earlier call comes back well ----------------------------------------+  |
//!     |                                                             PROBE_EVERY_MS   |  |
//!     |                                                                       passed |  |
//!     |                                                                              v  |
//!     +------------------ the probe went well ---------------------------------- half open
//!                                          the probe was harmed: open, wait again ------+
//!                                          the probe told nothing: open, probe at once -+
//! ```
//!
//! While it is open, rows wait unclaimed in the table and spend no attempt. A business "no" is
//! well: the receiver answered.

use baton_domain::time::Millis;

/// Harmful outcomes in a row that open a breaker.
pub const HARMED_MAX: u32 = 10;
/// How long an open breaker waits before each probe, in milliseconds.
pub const PROBE_EVERY_MS: i64 = 30_000;

/// What an ended delivery said about its receiver.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Health {
    /// Nothing: it was never called, or the fault was ours.
    #[default]
    Untold,
    /// It answers.
    Well,
    /// It does not, or with faults.
    Harmed,
    /// It refuses us: every further call would be refused too.
    Refusing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Closed { harmed: u32 },
    Open { probe_at: Millis },
    HalfOpen,
}

/// What a breaker lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Admits {
    /// Anything.
    All,
    /// One call, the probe.
    Probe,
    /// Nothing before that instant; `None`: nothing until the probe is back.
    Nothing(Option<Millis>),
}

/// One lane's breaker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Breaker(State);

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Closed { harmed: 0 })
    }
}

impl Breaker {
    pub(crate) fn admits(&self, now: Millis) -> Admits {
        match self.0 {
            State::Closed { .. } => Admits::All,
            State::Open { probe_at } if probe_at <= now => Admits::Probe,
            State::Open { probe_at } => Admits::Nothing(Some(probe_at)),
            State::HalfOpen => Admits::Nothing(None),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.0, State::Closed { .. })
    }

    /// The clock stepped back: the probe comes after the same time.
    pub(crate) fn step_back(&mut self, ms: i64) {
        if let State::Open { probe_at } = &mut self.0 {
            *probe_at = probe_at.plus_ms(-ms);
        }
    }

    /// A call began.
    pub(crate) fn started(&mut self) {
        if self.is_open() {
            self.0 = State::HalfOpen;
        }
    }

    /// A call ended.
    pub(crate) fn ended(&mut self, health: Health, now: Millis) {
        let open = State::Open { probe_at: now.plus_ms(PROBE_EVERY_MS) };
        self.0 = match (self.0, health) {
            (_, Health::Well) => State::Closed { harmed: 0 },
            (State::Closed { harmed }, Health::Harmed) if harmed + 1 < HARMED_MAX => {
                State::Closed { harmed: harmed + 1 }
            }
            (State::Closed { .. }, Health::Harmed | Health::Refusing) => open,
            (State::HalfOpen, Health::Harmed | Health::Refusing) => open,
            (State::HalfOpen, Health::Untold) => State::Open { probe_at: now },
            (state, _) => state,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Health::{Harmed, Refusing, Untold, Well};

    const T: Millis = Millis(1_000_000);

    fn after(steps: &[Health]) -> Breaker {
        let mut breaker = Breaker::default();
        for step in steps {
            breaker.ended(*step, T);
        }
        breaker
    }

    #[test]
    fn only_harms_in_a_row_open_it() {
        let ten = [Harmed; HARMED_MAX as usize];
        let check = |steps: &[Health], open: bool| {
            assert_eq!(after(steps).is_open(), open, "{steps:?}");
        };
        check(&[], false);
        check(&ten[1..], false);
        check(&ten, true);
        check(&[&ten[1..], &[Well], &ten[1..]].concat(), false);
        check(&[&ten[1..], &[Untold, Harmed]].concat(), true);
        check(&[Refusing], true);
        check(&[&ten[..], &[Well]].concat(), false);
        check(&[&ten[..], &[Harmed]].concat(), true);
    }

    #[test]
    fn an_open_one_probes_with_one_call_at_a_time() {
        let mut breaker = after(&[Harmed; HARMED_MAX as usize]);
        let probe_at = T.plus_ms(PROBE_EVERY_MS);
        assert_eq!(breaker.admits(T), Admits::Nothing(Some(probe_at)));
        assert_eq!(breaker.admits(probe_at), Admits::Probe);
        breaker.started();
        assert_eq!(breaker.admits(probe_at), Admits::Nothing(None));
        breaker.ended(Harmed, probe_at);
        let again = probe_at.plus_ms(PROBE_EVERY_MS);
        assert_eq!(breaker.admits(probe_at), Admits::Nothing(Some(again)));
        breaker.started();
        breaker.ended(Untold, again);
        assert_eq!(breaker.admits(again), Admits::Probe);
        breaker.started();
        breaker.ended(Well, again);
        assert_eq!(breaker.admits(again), Admits::All);
    }
}
