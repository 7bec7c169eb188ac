//! Many at once: hanging receivers, a flood that waits, a stop with hundreds of requests out.

use crate::house::House;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_engine::{EngineLimits, NoHooks};
use baton_sandbox::{Behaviour, Reply};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Deliveries that one tenant has waiting.
const FLOOD: u32 = 20_000;

#[tokio::test]
async fn a_flood_that_waits_delays_nobody_else() {
    let mut house = House::built().await;
    let limits = EngineLimits { in_flight: 16, ..EngineLimits::default() };
    let flooded = house.destination("/flooded", json!({"limits": {"in_flight": 16}})).await;
    let other = house.destination("/other", json!({})).await;
    let first = house.lead(flooded).await;
    let id = first.uuid().simple();
    let copies = format!(
        "INSERT INTO deliveries (ws, id, lead, data_version, event, target_kind, lane, class, \
         cause, parent, state, starts, attempts, due_at, wake_at, created_at, updated_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FLOOD}) \
         SELECT ws, randomblob(16), lead, data_version, event, target_kind, lane, class, cause, \
         parent, state, starts, attempts, due_at, wake_at, created_at, updated_at \
         FROM deliveries, n WHERE id = X'{id}'"
    );
    assert_eq!(house.meddle(&copies, "").await, u64::from(FLOOD));
    house.start_with(limits, Arc::new(NoHooks)).await;
    house.sandbox.wait_for(50).await.unwrap();
    for _ in 0..20 {
        let before = house.sandbox.received_count();
        let lead = house.lead(other).await;
        house.until_state(lead, "accepted").await;
        // Those that were out or claimed when it came, and what was sent while the test looked.
        let between = house.sandbox.received_count() - before;
        assert!(between < 200, "{between} went before it");
    }
    assert!(house.sandbox.received_count() < u64::from(FLOOD) / 2);
}

#[tokio::test]
async fn two_hundred_hanging_receivers_leave_slots_for_another() {
    let house = House::open().await;
    house.sandbox.set_rule("/hang", Behaviour::Hang).unwrap();
    let slow = json!({"timeout_ms": 60_000});
    let mut hanging = Vec::new();
    for _ in 0..200 {
        hanging.push(house.destination("/hang", slow.clone()).await);
    }
    for _ in 0..4 {
        house.capture(LeadState::Received, &hanging).await;
    }
    // All slots but those kept for lanes that have hardly any out.
    house.sandbox.wait_for(400).await.unwrap();
    let healthy = house.destination("/well", json!({})).await;
    for _ in 0..20 {
        let lead = house.lead(healthy).await;
        house.until_state(lead, "accepted").await;
    }
}

#[tokio::test]
async fn a_stop_with_five_hundred_requests_out_gives_all_of_them_back() {
    const OUT: u32 = 500;
    let mut house = House::built().await;
    let limits = EngineLimits { in_flight: 1_000, claim: 1_000, ..EngineLimits::default() };
    house.start_with(limits, Arc::new(NoHooks)).await;
    house.sandbox.set_rule("/hang", Behaviour::Hang).unwrap();
    let slow = json!({"timeout_ms": 60_000});
    let mut destinations = Vec::new();
    for _ in 0..OUT / 4 {
        destinations.push(house.destination("/hang", slow.clone()).await);
    }
    let mut deliveries = Vec::new();
    for _ in 0..4 {
        deliveries.extend(house.capture(LeadState::Received, &destinations).await.deliveries);
    }
    house.sandbox.wait_for(u64::from(OUT)).await.unwrap();
    house.stop(Duration::ZERO).await;
    for delivery in &deliveries {
        let row = house.delivery(*delivery).await;
        assert_eq!((row.state, row.attempts), (DeliveryState::Pending, 0));
    }
    house.sandbox.set_rule("/hang", Reply::status(200)).unwrap();
    house.start_with(limits, Arc::new(NoHooks)).await;
    for delivery in &deliveries {
        assert_eq!(house.until_state(*delivery, "accepted").await.attempts, 1);
    }
    assert_eq!(house.sandbox.received_count(), 2 * u64::from(OUT));
}
