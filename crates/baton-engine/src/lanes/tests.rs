use super::*;
use crate::breaker::Health;
use crate::lane::WINDOW_START;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DeliveryId, WorkspaceId};
use baton_store::{ClaimedDelivery, TargetKind};

const T: Millis = Millis(1_000_000);

fn lane(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Lanes 1 to `count`, with wide windows, all wanted.
fn lanes(count: u128, in_flight: u32, most: u32) -> Lanes {
    let mut lanes = Lanes::new(EngineLimits { in_flight: most, ..EngineLimits::default() });
    for n in 1..=count {
        let limits = LaneLimits { version: 1, in_flight, rate: None };
        lanes.configure_lane(lane(n), limits, 1, true);
        for _ in 0..in_flight {
            lanes.started(lane(n), false, T);
            lanes.ended(lane(n), false, &well(), T);
        }
    }
    lanes.want_all();
    lanes
}

fn well() -> Report {
    Report { health: Health::Well, ..Report::default() }
}

fn claimed(lane: Uuid, more: bool) -> Claimed {
    let id = Uuid::nil();
    let delivery = ClaimedDelivery {
        id: DeliveryId::from_uuid(id),
        workspace: WorkspaceId::from_uuid(id),
        lead: None,
        data_version: 1,
        event: None,
        target_kind: TargetKind::Destination,
        target: lane,
        cause: DeliveryCause::Lead,
        parent: None,
        was: DeliveryState::Pending,
        starts: 1,
        attempts: 0,
        last_verdict: None,
        answered: None,
        queued_at: None,
        asked: 0,
        created_at: T,
        due: T,
        token: id,
    };
    let more = if more { vec![lane] } else { Vec::new() };
    Claimed { deliveries: vec![delivery], next_due: Vec::new(), more }
}

fn totals(rooms: &[LaneRoom]) -> Vec<u32> {
    let mut totals: Vec<u32> = rooms.iter().map(|r| r.total).collect();
    totals.sort_unstable();
    totals
}

#[test]
fn only_wanted_lanes_are_asked() {
    let mut lanes = lanes(3, 8, 512);
    assert_eq!(lanes.rooms(T).len(), 3);
    assert_eq!(lanes.rooms(T).len(), 0, "nothing was heard since");
    lanes.want([lane(2), lane(99)]);
    assert_eq!(lanes.rooms(T).iter().map(|r| r.lane).collect::<Vec<_>>(), [lane(2)]);
    lanes.claimed(&claimed(lane(2), true));
    assert_eq!(lanes.rooms(T).len(), 1, "more is due there");
}

#[test]
fn a_full_lane_is_asked_again_when_a_slot_is_freed() {
    let mut lanes = lanes(1, 2, 512);
    lanes.started(lane(1), false, T);
    lanes.started(lane(1), false, T);
    assert_eq!(totals(&lanes.rooms(T)), [0; 0]);
    lanes.ended(lane(1), false, &well(), T);
    assert_eq!(totals(&lanes.rooms(T)), [1]);
}

#[test]
fn a_lane_wakes_when_its_time_has_come() {
    let mut lanes = lanes(1, 2, 512);
    drop(lanes.rooms(T));
    lanes.started(lane(1), false, T);
    let at = T.plus_ms(60_000);
    lanes.ended(lane(1), false, &Report { next_at: Some(at), ..Report::default() }, T);
    assert_eq!(lanes.next_wake(), Some(at));
    lanes.wake(at.plus_ms(-1));
    assert_eq!(lanes.rooms(at).len(), 0);
    lanes.wake(at);
    assert_eq!(lanes.rooms(at).len(), 1);
    assert_eq!(lanes.next_wake(), None);
}

#[test]
fn many_wakes_of_one_lane_take_the_room_of_one() {
    let mut lanes = lanes(1, 2, 512);
    for n in (1..1_000).rev() {
        lanes.wake_at(lane(1), T.plus_ms(n));
        lanes.wake_at(lane(1), T.plus_ms(n + 5_000));
    }
    assert_eq!((lanes.wakes.len(), lanes.next_wake()), (1, Some(T.plus_ms(1))));
}

#[test]
fn slots_are_shared_evenly() {
    let check = |count, in_flight, most, want: &[u32]| {
        let mut lanes = lanes(count, in_flight, most);
        assert_eq!(totals(&lanes.rooms(T)), want, "{count} lanes of {in_flight}, {most} slots");
    };
    check(2, 8, 512, &[8, 8]);
    check(2, 100, 64, &[24, 24]);
    check(4, 10, 64, &[10, 10, 10, 10]);
    check(4, 20, 64, &[12, 12, 12, 12]);
    check(1, 100, 64, &[48]);
}

#[test]
fn a_hanging_crowd_leaves_slots_for_another_lane() {
    let mut lanes = lanes(200, 32, 512);
    for _ in 0..1_000 {
        let rooms = lanes.rooms(T);
        if rooms.is_empty() {
            break;
        }
        for room in &rooms {
            for _ in 0..room.total {
                lanes.started(room.lane, false, T);
            }
        }
        let more = rooms.iter().map(|r| r.lane).collect();
        let deliveries = rooms.iter().flat_map(|r| claimed(r.lane, false).deliveries).collect();
        lanes.claimed(&Claimed { deliveries, next_due: Vec::new(), more });
    }
    let limits = LaneLimits { version: 1, in_flight: 32, rate: None };
    lanes.configure_lane(lane(1_000), limits, 1, true);
    lanes.want([lane(1_000)]);
    let rooms = lanes.rooms(T);
    let own = rooms.iter().find(|r| r.lane == lane(1_000));
    assert_eq!(own.map(|r| r.total), Some(RESERVED_EACH), "{} fly", lanes.flying);
}

#[test]
fn retries_whose_share_is_used_up_do_not_spin() {
    let mut lanes = lanes(1, 4, 512);
    for _ in 0..3 {
        lanes.started(lane(1), true, T);
    }
    let rooms = lanes.rooms(T);
    assert_eq!(rooms.iter().map(|r| (r.total, r.retry)).collect::<Vec<_>>(), [(1, 0)]);
    lanes.claimed(&Claimed { more: vec![lane(1)], ..Claimed::default() });
    assert_eq!(lanes.rooms(T).len(), 0);
    lanes.ended(lane(1), true, &well(), T);
    assert_eq!(lanes.rooms(T).len(), 1);
}

#[test]
fn a_new_lane_starts_small() {
    let mut lanes = Lanes::new(EngineLimits::default());
    let limits = LaneLimits { version: 1, in_flight: 32, rate: None };
    lanes.configure_lane(lane(1), limits, 1, true);
    lanes.want_all();
    assert_eq!(totals(&lanes.rooms(T)), [WINDOW_START]);
}

/// What captures are granted of lane 1 after `change`, and the room that is left beside it.
fn granted(change: impl FnOnce(&mut Lanes, &mut HashMap<Uuid, u32>)) -> (u32, Vec<u32>) {
    let mut lanes = lanes(1, 40, 512);
    let mut free = HashMap::new();
    drop(lanes.rooms(T));
    lanes.grant(&mut free, T);
    change(&mut lanes, &mut free);
    lanes.grant(&mut free, T);
    let left = free.get(&lane(1)).copied().unwrap_or(0);
    lanes.want([lane(1)]);
    (left, totals(&lanes.rooms(T)))
}

#[test]
fn captures_are_granted_slots_of_a_lane_in_which_nothing_waits() {
    let take = |free: &mut HashMap<Uuid, u32>, n| *free.get_mut(&lane(1)).unwrap() -= n;
    assert_eq!(granted(|_, _| {}), (GRANT_EACH, vec![40 - GRANT_EACH]));
    assert_eq!(granted(|lanes, _| lanes.want([lane(1)])), (0, vec![40]), "something is due");
    let heard = granted(|lanes, free| {
        take(free, 3);
        (0..3).for_each(|_| lanes.reserved(lane(1)));
    });
    assert_eq!(heard, (GRANT_EACH, vec![40 - 3 - GRANT_EACH]), "what was taken is granted anew");
    let unheard = granted(|lanes, free| {
        take(free, 3);
        lanes.regrant.insert(lane(1));
    });
    assert_eq!(unheard, (GRANT_EACH - 3, vec![40 - GRANT_EACH]), "but not before we know");
    let broken = granted(|lanes, free| {
        take(free, 1);
        lanes.reserved(lane(1));
        let report = Report { health: Health::Refusing, ..Report::default() };
        lanes.ended(lane(1), false, &report, T);
    });
    assert_eq!(broken.0, 0, "the breaker is open");
}

#[test]
fn a_rate_limited_lane_and_the_last_quarter_are_not_granted() {
    let mut lanes = lanes(1, 64, 64);
    let rate = Some(baton_domain::config::RateLimit { count: 5, per_s: 1 });
    lanes.configure_lane(lane(2), LaneLimits { version: 1, in_flight: 64, rate }, 1, true);
    lanes.want_all();
    drop(lanes.rooms(T));
    let mut free = HashMap::new();
    lanes.grant(&mut free, T);
    assert_eq!(free, HashMap::from([(lane(1), 16)]));
    (0..44).for_each(|_| lanes.started(lane(1), false, T));
    lanes.regrant.insert(lane(1));
    lanes.grant(&mut free, T);
    assert_eq!(free, HashMap::from([(lane(1), 4)]));
}
