//! All lanes together: which may be asked for work now, and for how much.
//!
//! A lane is *wanted* when something may be due in it. It stops being wanted when a claim found
//! nothing more; it is *hungry* while more is due than its slots allow, and wanted again as soon as
//! one is freed. Idle lanes cost nothing until the poll.
//!
//! Fairness: slots go to the lane with the fewest in flight first, in turn among equals, and the
//! last quarter of all slots only to lanes with fewer than [`RESERVED_EACH`] in flight: however
//! many receivers hang, another one still gets its calls out.

use crate::lane::{Lane, LaneLimits, Report, Room};
use crate::settings::EngineLimits;
use baton_domain::id::TypedId;
use baton_domain::time::Millis;
use baton_store::{Claimed, LaneRoom, Snapshot};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// A lane with fewer in flight may use the last quarter of all slots.
const RESERVED_EACH: u32 = 2;

/// Most slots of one lane that captures are granted at a time.
const GRANT_EACH: u32 = 32;

/// The lanes of one node.
pub(crate) struct Lanes {
    limits: EngineLimits,
    map: HashMap<Uuid, Lane>,
    /// Lanes of the configuration that are not switched off.
    open: HashSet<Uuid>,
    wanted: HashSet<Uuid>,
    wakes: BTreeSet<(Millis, Uuid)>,
    /// Lanes that got nothing of the last claim because others came first.
    squeezed: HashSet<Uuid>,
    /// Lanes in which only retries are due, whose share is used up until something ends.
    starved: HashSet<Uuid>,
    flying: u32,
    flying_retries: u32,
    /// Slots granted to captures, over all lanes.
    granted: u32,
    /// Lanes whose grant is to be looked at again.
    regrant: HashSet<Uuid>,
    turn: u64,
}

impl Lanes {
    pub(crate) fn new(limits: EngineLimits) -> Self {
        Self {
            limits,
            map: HashMap::new(),
            open: HashSet::new(),
            wanted: HashSet::new(),
            wakes: BTreeSet::new(),
            squeezed: HashSet::new(),
            starved: HashSet::new(),
            flying: 0,
            flying_retries: 0,
            granted: 0,
            regrant: HashSet::new(),
            turn: 0,
        }
    }

    /// Takes the configuration in. All open lanes are wanted afterwards.
    pub(crate) fn configure(&mut self, snapshot: &Snapshot, nodes: u32) {
        self.open.clear();
        for (id, doc) in &snapshot.destinations {
            let limits = LaneLimits {
                version: doc.meta.version,
                in_flight: doc.body.limits.in_flight,
                rate: doc.body.limits.rate,
            };
            self.configure_lane(id.uuid(), limits, nodes, doc.body.disabled.is_none());
        }
        for (id, doc) in &snapshot.subscriptions {
            let limits =
                LaneLimits { version: doc.meta.version, in_flight: doc.body.in_flight, rate: None };
            let open = !doc.body.paused && doc.body.disabled.is_none();
            self.configure_lane(id.uuid(), limits, nodes, open);
        }
        let known: HashSet<Uuid> = (snapshot.destinations.keys().map(|id| id.uuid()))
            .chain(snapshot.subscriptions.keys().map(|id| id.uuid()))
            .collect();
        self.map.retain(|id, lane| known.contains(id) || lane.flying() > 0 || lane.granted > 0);
        let map = &self.map;
        self.wakes.retain(|(_, id)| map.contains_key(id));
        self.want_all();
    }

    fn configure_lane(&mut self, id: Uuid, limits: LaneLimits, nodes: u32, open: bool) {
        self.map
            .entry(id)
            .and_modify(|lane| lane.configure(limits, nodes))
            .or_insert_with(|| Lane::new(limits, nodes));
        if open {
            self.open.insert(id);
        }
    }

    /// Something may be due in these lanes.
    pub(crate) fn want(&mut self, lanes: impl IntoIterator<Item = Uuid>) {
        for id in lanes.into_iter().filter(|id| self.open.contains(id)) {
            self.wanted.insert(id);
            self.regrant.insert(id);
        }
    }

    /// Something may be due anywhere.
    pub(crate) fn want_all(&mut self) {
        self.wanted.clone_from(&self.open);
        self.regrant.extend(self.map.keys());
    }

    /// Wants the lanes whose time has come.
    pub(crate) fn wake(&mut self, now: Millis) {
        while let Some((at, id)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
            self.wakes.remove(&(at, id));
            if let Some(lane) = self.map.get_mut(&id) {
                lane.wake_at = None;
            }
            self.want([id]);
        }
    }

    /// The clock stepped back by `ms`: every wait lasts as long as it would have.
    pub(crate) fn step_back(&mut self, ms: i64) {
        for lane in self.map.values_mut() {
            lane.step_back(ms);
        }
        self.wakes = self.wakes.iter().map(|(at, id)| (at.plus_ms(-ms), *id)).collect();
        self.want_all();
    }

    /// When the next lane's time comes.
    pub(crate) fn next_wake(&self) -> Option<Millis> {
        self.wakes.first().map(|(at, _)| *at)
    }

    fn wake_at(&mut self, id: Uuid, at: Millis) {
        let Some(lane) = self.map.get_mut(&id) else { return };
        if lane.wake_at.is_some_and(|earlier| earlier <= at) {
            return;
        }
        if let Some(later) = lane.wake_at.replace(at) {
            self.wakes.remove(&(later, id));
        }
        self.wakes.insert((at, id));
    }

    /// What may be claimed now.
    pub(crate) fn rooms(&mut self, now: Millis) -> Vec<LaneRoom> {
        let mut able = Vec::new();
        for id in std::mem::take(&mut self.wanted) {
            self.regrant.insert(id);
            let Some(lane) = self.map.get_mut(&id).filter(|_| self.open.contains(&id)) else {
                continue;
            };
            match lane.room(now) {
                Room::Some { total, retry } => {
                    able.push((lane.flying(), lane.turn, id, total, retry))
                }
                Room::Full => lane.hungry = true,
                Room::NotBefore(at) => self.wake_at(id, at),
            }
        }
        able.sort_unstable();
        self.share_out(able)
    }

    fn share_out(&mut self, able: Vec<(u32, u64, Uuid, u32, u32)>) -> Vec<LaneRoom> {
        let all = self.limits.in_flight;
        let mut free = all.saturating_sub(self.flying + self.granted);
        let mut open = free.saturating_sub(all / 4).min(self.limits.claim);
        let mut retries = (all - all / 4).saturating_sub(self.flying_retries);
        let mut rooms = Vec::new();
        let mut lanes_left = u32::try_from(able.len()).unwrap_or(u32::MAX);
        self.turn += 1;
        for (flying, _, id, total, retry) in able {
            let share = total.min(open.div_ceil(lanes_left.max(1)));
            let reserved = RESERVED_EACH.saturating_sub(flying).min(total);
            let take = share.max(reserved).min(free);
            lanes_left = lanes_left.saturating_sub(1);
            if take == 0 || rooms.len() >= self.limits.claim_lanes {
                self.squeezed.insert(id);
                continue;
            }
            let retry = retry.min(retries).min(take);
            retries -= retry;
            free -= take;
            open = open.saturating_sub(take);
            if let Some(lane) = self.map.get_mut(&id) {
                lane.turn = self.turn;
            }
            rooms.push(LaneRoom { lane: id, first: take, retry, total: take });
        }
        rooms
    }

    /// Grants slots to captures: of lanes in which nothing is known to be due, a quarter of all slots
    /// at most, and none of the last quarter. `free` is what captures take from.
    pub(crate) fn grant(&mut self, free: &mut HashMap<Uuid, u32>, now: Millis) {
        let quarter = self.limits.in_flight / 4;
        let most = quarter.min((self.limits.in_flight - quarter).saturating_sub(self.flying));
        for id in std::mem::take(&mut self.regrant) {
            let left = free.remove(&id).unwrap_or(0);
            let Some(lane) = self.map.get_mut(&id) else { continue };
            let unheard = lane.granted.saturating_sub(left);
            self.granted = self.granted.saturating_sub(left);
            let idle = self.open.contains(&id)
                && !self.wanted.contains(&id)
                && !self.squeezed.contains(&id)
                && !self.starved.contains(&id);
            let spare = if idle { lane.spare(now).min(GRANT_EACH) } else { 0 };
            let grant = spare.saturating_sub(unheard).min(most.saturating_sub(self.granted));
            lane.granted = unheard + grant;
            self.granted += grant;
            if grant > 0 {
                free.insert(id, grant);
            }
        }
    }

    /// A capture took a granted slot of a lane.
    pub(crate) fn reserved(&mut self, id: Uuid) {
        self.granted = self.granted.saturating_sub(1);
        self.flying += 1;
        self.regrant.insert(id);
        if let Some(lane) = self.map.get_mut(&id) {
            lane.reserved();
        }
    }

    /// Takes what a claim said about the lanes. The deliveries themselves are started
    /// one by one with [`Self::started`].
    pub(crate) fn claimed(&mut self, claimed: &Claimed) {
        let squeezed = std::mem::take(&mut self.squeezed);
        self.want(squeezed);
        let got: HashSet<Uuid> = claimed.deliveries.iter().map(|d| d.target).collect();
        for id in &claimed.more {
            if got.contains(id) {
                self.want([*id]);
            } else {
                // Asking again at once would find the same.
                self.starved.insert(*id);
            }
        }
        for (id, at) in &claimed.next_due {
            self.wake_at(*id, *at);
        }
    }

    /// A claim for `rooms` failed: they are asked again.
    pub(crate) fn not_claimed(&mut self, rooms: &[LaneRoom]) {
        self.want(rooms.iter().map(|room| room.lane));
    }

    pub(crate) fn started(&mut self, id: Uuid, retry: bool, now: Millis) {
        self.flying += 1;
        self.flying_retries += u32::from(retry);
        if let Some(lane) = self.map.get_mut(&id) {
            lane.started(retry, now);
        }
    }

    /// A delivery gave its slot back.
    pub(crate) fn ended(&mut self, id: Uuid, retry: bool, report: &Report, now: Millis) {
        self.flying = self.flying.saturating_sub(1);
        self.flying_retries = self.flying_retries.saturating_sub(u32::from(retry));
        self.regrant.insert(id);
        if let Some(lane) = self.map.get_mut(&id) {
            lane.ended(retry, report, now);
            if std::mem::take(&mut lane.hungry) {
                self.want([id]);
            }
        }
        if let Some(at) = report.next_at {
            self.wake_at(id, at);
        }
        let waiting = [&mut self.squeezed, &mut self.starved].map(std::mem::take);
        self.want(waiting.into_iter().flatten());
    }

    pub(crate) fn breakers_open(&self) -> u64 {
        self.map.values().filter(|lane| lane.breaker_is_open()).count() as u64
    }
}

#[cfg(test)]
mod tests;
