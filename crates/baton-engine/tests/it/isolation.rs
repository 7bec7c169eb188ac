//! One bad destination, task or write harms nobody else.

use crate::house::{House, MINUTE};
use baton_domain::delivery::DeliveryState;
use baton_engine::{EngineLimits, HARMED_MAX, Hooks, PROBE_EVERY_MS};
use baton_sandbox::{Behaviour, Reply};
use baton_store::{ClaimedDelivery, Finish, StoreError};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test]
async fn a_hanging_receiver_stops_nobody_else() {
    let mut house = House::built().await;
    let limits = EngineLimits { in_flight: 8, ..EngineLimits::default() };
    house.start_with(limits, Arc::new(baton_engine::NoHooks)).await;
    house.sandbox.set_rule("/hang", Behaviour::Hang).unwrap();
    let two = json!({"limits": {"in_flight": 2}});
    let hanging = house.destination("/hang", two).await;
    let healthy = house.destination("/well", json!({})).await;
    for _ in 0..50 {
        house.lead(hanging).await;
    }
    house.sandbox.wait_for(2).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..50 {
        deliveries.push(house.lead(healthy).await);
    }
    for delivery in deliveries {
        house.until_state(delivery, "accepted").await;
    }
    let hung = house.sandbox.received().iter().filter(|r| r.path == "/hang").count();
    assert_eq!(hung, 2);
    house.until("only they fly", || async { house.engine().stats().in_flight == 2 }).await;
}

#[tokio::test]
async fn a_rate_limit_delays_and_spends_nothing() {
    let house = House::open().await;
    let limits = json!({"limits": {"in_flight": 32, "rate": {"count": 1, "per_s": 10}}});
    let slow = house.destination("/slow", limits).await;
    let witness = house.destination("/witness", json!({})).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(house.lead(slow).await);
    }
    // Which of them goes first is open: they became due in the same millisecond.
    let accepted = async || {
        let mut n = 0;
        for delivery in &waiting {
            let row = house.delivery(*delivery).await;
            n += usize::from(row.state == DeliveryState::Accepted && row.attempts == 1);
        }
        n
    };
    for n in 1..=3 {
        house.until("the next one", || async { accepted().await == n }).await;
        house.clock.advance(9_999);
        let seen = house.lead(witness).await;
        house.until_state(seen, "accepted").await;
        assert_eq!(accepted().await, n);
        house.clock.advance(1);
    }
}

#[tokio::test]
async fn a_breaker_opens_probes_and_closes() {
    let house = House::open().await;
    house.sandbox.set_rule("/down", Reply::status(503)).unwrap();
    let once = json!({"retry": {"schedule_ms": [0]}});
    let down = house.destination("/down", once).await;
    let mut all = Vec::new();
    for _ in 0..HARMED_MAX {
        let delivery = house.lead(down).await;
        house.until_state(delivery, "failed").await;
        all.push(delivery);
    }
    let mut waiting = Vec::new();
    for _ in 0..3 {
        // Due in different milliseconds: that is the order in which they go.
        house.clock.advance(1);
        waiting.push(house.lead(down).await);
    }
    let witness = house.destination("/up", json!({})).await;
    let seen = house.lead(witness).await;
    house.until_state(seen, "accepted").await;
    assert_eq!(house.engine().stats().breakers_open, 1);
    for delivery in &waiting {
        let row = house.delivery(*delivery).await;
        assert_eq!((row.state, row.attempts), (DeliveryState::Pending, 0));
    }
    // The first probe fails: one delivery is spent on it, the others wait on.
    house.clock.advance(PROBE_EVERY_MS);
    house.until_state(waiting[0], "failed").await;
    let seen = house.lead(witness).await;
    house.until_state(seen, "accepted").await;
    assert_eq!(house.delivery(waiting[1]).await.attempts, 0);
    // The second one succeeds and lets everything through.
    house.sandbox.set_rule("/down", Reply::status(200)).unwrap();
    house.clock.advance(PROBE_EVERY_MS);
    house.until_state(waiting[1], "accepted").await;
    house.until_state(waiting[2], "accepted").await;
    house.until("closed", || async { house.engine().stats().breakers_open == 0 }).await;
}

/// Panics at the first attempts of every delivery.
struct Panics(AtomicU32);

impl Hooks for Panics {
    fn before_attempt(&self, _: &ClaimedDelivery) {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        assert!(left.is_err(), "a panic on purpose");
    }
}

#[tokio::test]
async fn a_panic_gives_the_slot_back_and_spends_no_attempt() {
    let mut house = House::built().await;
    let limits = EngineLimits { in_flight: 1, ..EngineLimits::default() };
    house.start_with(limits, Arc::new(Panics(AtomicU32::new(3)))).await;
    let destination = house.destination("/crm", json!({})).await;
    let delivery = house.lead(destination).await;
    house
        .until_ticking("accepted", 50, || async {
            house.delivery(delivery).await.state == DeliveryState::Accepted
        })
        .await;
    assert_eq!(house.delivery(delivery).await.attempts, 1);
    let stats = house.engine().stats();
    assert_eq!((stats.panics, stats.released, stats.sent), (3, 3, 1));
    house.until("the slot is back", || async { house.engine().stats().in_flight == 0 }).await;
}

#[tokio::test]
async fn a_delivery_that_never_comes_to_an_attempt_is_given_up() {
    let mut house = House::built().await;
    house.start_with(EngineLimits::default(), Arc::new(Panics(AtomicU32::new(u32::MAX)))).await;
    let backup = house.destination("/backup", json!({"failover_only": true})).await;
    let poisoned = house.destination("/crm", json!({"failover": backup})).await;
    let delivery = house.lead(poisoned).await;
    house
        .until_ticking("failed", 1_000, || async {
            house.delivery(delivery).await.state == DeliveryState::Failed
        })
        .await;
    let row = house.delivery(delivery).await;
    assert_eq!(row.attempts, 0);
    assert!(row.note.unwrap().contains("started 21 times"));
    assert!(house.engine().stats().panics >= 20);
    assert_eq!(house.sandbox.received_count(), 0);
}

/// The database is away for the first finishes.
struct Away(AtomicU32);

impl Hooks for Away {
    fn before_finish(&self, _: &Finish) -> Result<(), StoreError> {
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
            Ok(_) => Err(StoreError::Unavailable("on purpose".to_owned())),
            Err(_) => Ok(()),
        }
    }
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_is_written_later_and_the_call_is_not_repeated() {
    let mut house = House::built().await;
    house.start_with(EngineLimits::default(), Arc::new(Away(AtomicU32::new(6)))).await;
    let destination = house.destination("/crm", json!({})).await;
    let delivery = house.lead(destination).await;
    house
        .until_ticking("accepted", 100, || async {
            house.delivery(delivery).await.state == DeliveryState::Accepted
        })
        .await;
    assert_eq!(house.engine().stats().finish_retries, 6);
    assert_eq!(house.sandbox.received_count(), 1);
    assert_eq!(house.attempts(delivery).await.len(), 1);
}

#[tokio::test]
async fn retries_leave_slots_for_first_attempts() {
    let house = House::open().await;
    // Fails at once, and hangs when it is tried again.
    let mut steps = vec![Behaviour::Reply(Reply::status(429)); 4];
    steps.extend(vec![Behaviour::Hang; 3]);
    steps.push(Behaviour::Reply(Reply::status(200)));
    house.sandbox.set_rule("/storm", Behaviour::Sequence(steps)).unwrap();
    let four = json!({"limits": {"in_flight": 4}, "timeout_ms": 60_000});
    let storm = house.destination("/storm", four).await;
    for _ in 0..4 {
        let delivery = house.lead(storm).await;
        house.until_attempts(delivery, 1).await;
    }
    house.clock.advance(MINUTE);
    house.sandbox.wait_for(7).await.unwrap();
    let fresh = house.lead(storm).await;
    house.until_state(fresh, "accepted").await;
    house.until("only retries fly", || async { house.engine().stats().in_flight == 3 }).await;
}
