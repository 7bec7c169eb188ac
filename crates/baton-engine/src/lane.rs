//! A lane: one destination's or subscription's queue, and how much of it may be in flight.

use crate::breaker::{Admits, Breaker, Health};
use crate::rate::RateLimiter;
use baton_domain::config::RateLimit;
use baton_domain::time::Millis;

/// How many may be in flight in a lane of which nothing is known yet. Each outcome that does no
/// harm adds one, up to the lane's limit; each harm halves it. A receiver that hangs never gets
/// more than this.
pub(crate) const WINDOW_START: u32 = 4;

/// The limits of a lane as configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LaneLimits {
    /// Version of the document they are from.
    pub version: i64,
    /// Most in flight, over all nodes.
    pub in_flight: u32,
    /// Most starts in a span of time, over all nodes.
    pub rate: Option<RateLimit>,
}

/// What an ended delivery leaves for its lane.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Report {
    /// What it said about the receiver.
    pub health: Health,
    /// The receiver asked for a pause until then.
    pub pause_until: Option<Millis>,
    /// It is due again then.
    pub next_at: Option<Millis>,
    /// The lane's grants stand still until the dispatcher has heard of this.
    pub suspended: bool,
}

/// How much of a lane can start now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// So many in all, of which so many retries.
    Some { total: u32, retry: u32 },
    /// None until something in flight ends.
    Full,
    /// None until that instant.
    NotBefore(Millis),
}

/// One lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    limits: LaneLimits,
    nodes: u32,
    window: u32,
    flying: u32,
    /// Slots granted to captures: still free, or taken without our having heard of it.
    pub granted: u32,
    flying_retries: u32,
    rate: Option<RateLimiter>,
    breaker: Breaker,
    pause_until: Millis,
    /// There may be more due than could start; look again when a slot is freed.
    pub hungry: bool,
    /// When it is to be looked at again.
    pub wake_at: Option<Millis>,
    /// Turn in which it was last asked, for round robin.
    pub turn: u64,
}

impl Lane {
    pub(crate) fn new(limits: LaneLimits, nodes: u32) -> Self {
        Self {
            limits,
            nodes,
            window: WINDOW_START,
            flying: 0,
            granted: 0,
            flying_retries: 0,
            rate: limits.rate.map(|rate| RateLimiter::new(rate, nodes)),
            breaker: Breaker::default(),
            pause_until: Millis(i64::MIN),
            hungry: false,
            wake_at: None,
            turn: 0,
        }
    }

    /// Takes changed limits. A changed document also closes the breaker and ends a pause: somebody
    /// may have mended what was wrong.
    pub(crate) fn configure(&mut self, limits: LaneLimits, nodes: u32) {
        if self.limits == limits && self.nodes == nodes {
            return;
        }
        if self.limits.rate != limits.rate || self.nodes != nodes {
            self.rate = limits.rate.map(|rate| RateLimiter::new(rate, nodes));
        }
        if self.limits.version != limits.version {
            self.breaker = Breaker::default();
            self.pause_until = Millis(i64::MIN);
        }
        self.limits = limits;
        self.nodes = nodes;
    }

    /// The clock stepped back: pauses, pace and probes last as long as they would have.
    pub(crate) fn step_back(&mut self, ms: i64) {
        self.pause_until = self.pause_until.plus_ms(-ms);
        self.wake_at = self.wake_at.map(|at| at.plus_ms(-ms));
        self.breaker.step_back(ms);
        if let Some(rate) = &mut self.rate {
            rate.step_back(ms);
        }
    }

    pub(crate) fn flying(&self) -> u32 {
        self.flying
    }

    pub(crate) fn breaker_is_open(&self) -> bool {
        self.breaker.is_open()
    }

    fn limit(&self) -> u32 {
        (self.limits.in_flight / self.nodes.max(1)).max(1)
    }

    /// How much can start now. Retries never take the last quarter of the slots, so that a storm
    /// of them leaves room for first attempts.
    pub(crate) fn room(&self, now: Millis) -> Room {
        if self.pause_until > now {
            return Room::NotBefore(self.pause_until);
        }
        let limit = self.limit();
        let mut total = limit.min(self.window).saturating_sub(self.flying + self.granted);
        match self.breaker.admits(now) {
            Admits::All => {}
            Admits::Probe => total = total.min(1),
            Admits::Nothing(Some(at)) => return Room::NotBefore(at),
            Admits::Nothing(None) => return Room::Full,
        }
        if total == 0 {
            return Room::Full;
        }
        if let Some(rate) = &self.rate {
            total = total.min(rate.available(now));
            if total == 0 {
                return Room::NotBefore(rate.next_at());
            }
        }
        let for_retries = limit.min(self.window);
        let for_retries = for_retries - if for_retries > 1 { for_retries.div_ceil(4) } else { 0 };
        Room::Some { total, retry: total.min(for_retries.saturating_sub(self.flying_retries)) }
    }

    /// How many slots captures may be granted, those they have included.
    pub(crate) fn spare(&self, now: Millis) -> u32 {
        let calm = self.rate.is_none()
            && self.pause_until <= now
            && !self.hungry
            && self.breaker.admits(now) == Admits::All;
        if calm { self.limit().min(self.window).saturating_sub(self.flying) } else { 0 }
    }

    /// A capture took a granted slot.
    pub(crate) fn reserved(&mut self) {
        self.granted = self.granted.saturating_sub(1);
        self.flying += 1;
    }

    pub(crate) fn started(&mut self, retry: bool, now: Millis) {
        self.flying += 1;
        self.flying_retries += u32::from(retry);
        self.breaker.started();
        if let Some(rate) = &mut self.rate {
            rate.take(now);
        }
    }

    pub(crate) fn ended(&mut self, retry: bool, report: &Report, now: Millis) {
        self.flying = self.flying.saturating_sub(1);
        self.flying_retries = self.flying_retries.saturating_sub(u32::from(retry));
        self.breaker.ended(report.health, now);
        match report.health {
            Health::Well => self.window = self.window.saturating_add(1).min(self.limit()).max(1),
            Health::Harmed | Health::Refusing => self.window = (self.window / 2).max(1),
            Health::Untold => {}
        }
        if let Some(until) = report.pause_until {
            self.pause_until = self.pause_until.max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Millis = Millis(1_000_000);

    fn lane(in_flight: u32, nodes: u32) -> Lane {
        let mut lane = Lane::new(LaneLimits { version: 1, in_flight, rate: None }, nodes);
        lane.window = u32::MAX;
        lane
    }

    fn report(health: Health) -> Report {
        Report { health, ..Report::default() }
    }

    #[test]
    fn room_is_the_nodes_share_less_what_flies_and_a_quarter_for_first_attempts() {
        let check = |in_flight, nodes, firsts, retries, want| {
            let mut lane = lane(in_flight, nodes);
            for n in 0..firsts + retries {
                lane.started(n >= firsts, T);
            }
            assert_eq!(lane.room(T), want, "{in_flight}/{nodes}, {firsts}+{retries}");
        };
        check(8, 1, 0, 0, Room::Some { total: 8, retry: 6 });
        check(8, 1, 0, 6, Room::Some { total: 2, retry: 0 });
        check(8, 1, 7, 0, Room::Some { total: 1, retry: 1 });
        check(8, 1, 8, 0, Room::Full);
        check(8, 2, 0, 0, Room::Some { total: 4, retry: 3 });
        check(2, 5, 0, 0, Room::Some { total: 1, retry: 1 });
        check(1, 1, 1, 0, Room::Full);
    }

    #[test]
    fn the_window_grows_with_good_outcomes_and_halves_with_harm() {
        let mut lane = Lane::new(LaneLimits { version: 1, in_flight: 6, rate: None }, 1);
        let total = |lane: &Lane| match lane.room(T) {
            Room::Some { total, .. } => total,
            _ => 0,
        };
        assert_eq!(total(&lane), WINDOW_START);
        for _ in 0..5 {
            lane.started(false, T);
            lane.ended(false, &report(Health::Well), T);
        }
        assert_eq!(total(&lane), 6);
        for expect in [3, 1, 1] {
            lane.started(false, T);
            lane.ended(false, &report(Health::Harmed), T);
            assert_eq!(total(&lane), expect);
        }
    }

    #[test]
    fn a_pause_holds_until_it_is_over_or_the_document_changes() {
        let mut lane = lane(8, 1);
        let until = T.plus_ms(5_000);
        lane.started(false, T);
        lane.ended(false, &Report { pause_until: Some(until), ..Report::default() }, T);
        assert_eq!(lane.room(T), Room::NotBefore(until));
        assert!(matches!(lane.room(until), Room::Some { .. }));
        lane.configure(LaneLimits { version: 2, in_flight: 8, rate: None }, 1);
        assert!(matches!(lane.room(T), Room::Some { .. }));
    }

    #[test]
    fn an_open_breaker_gives_room_for_one_probe() {
        let mut lane = lane(8, 1);
        lane.started(false, T);
        lane.ended(false, &report(Health::Refusing), T);
        let probe_at = T.plus_ms(crate::breaker::PROBE_EVERY_MS);
        assert_eq!(lane.room(T), Room::NotBefore(probe_at));
        assert_eq!(lane.room(probe_at), Room::Some { total: 1, retry: 1 });
        lane.started(false, probe_at);
        assert_eq!(lane.room(probe_at), Room::Full);
    }
}
