//! Stopping, starting, taking over.

use crate::house::{House, MINUTE};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_sandbox::{Behaviour, Reply};
use baton_store::docs::Expect;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_stop_gives_back_what_hangs_and_the_next_start_takes_over() {
    let mut house = House::open().await;
    house.sandbox.set_rule("/crm", Behaviour::Hang).unwrap();
    let destination = house.destination("/crm", json!({"timeout_ms": 60_000})).await;
    let hanging = [house.lead(destination).await, house.lead(destination).await];
    house.sandbox.wait_for(2).await.unwrap();
    house.stop(Duration::ZERO).await;
    for delivery in hanging {
        let row = house.delivery(delivery).await;
        assert_eq!((row.state, row.attempts), (DeliveryState::Pending, 0));
        assert_eq!(house.attempts(delivery).await.len(), 0);
    }
    house.sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    house.start().await;
    for delivery in hanging {
        assert_eq!(house.until_state(delivery, "accepted").await.attempts, 1);
    }
}

#[tokio::test]
async fn however_often_a_delivery_was_given_back_at_a_stop_it_is_no_poison() {
    let mut house = House::open().await;
    house.sandbox.set_rule("/crm", Behaviour::Hang).unwrap();
    let destination = house.destination("/crm", json!({"timeout_ms": 60_000})).await;
    let delivery = house.lead(destination).await;
    for stops in 1..=25 {
        house.sandbox.wait_for(stops).await.unwrap();
        house.stop(Duration::ZERO).await;
        house.start().await;
    }
    house.sandbox.wait_for(26).await.unwrap();
    house.stop(Duration::ZERO).await;
    house.sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    house.start().await;
    assert_eq!(house.until_state(delivery, "accepted").await.attempts, 1);
}

#[tokio::test]
async fn a_stop_waits_for_what_ends_in_time_and_claims_nothing_more() {
    let mut house = House::open().await;
    house.sandbox.set_rule("/slow", Reply::status(200).delay_ms(300)).unwrap();
    let one = json!({"limits": {"in_flight": 1}});
    let slow = house.destination("/slow", one).await;
    let first = house.lead(slow).await;
    house.sandbox.wait_until(|_| house.engine().stats().in_flight == 1).await.unwrap();
    let second = house.lead(slow).await;
    house.stop(Duration::from_secs(3_600)).await;
    let row = house.delivery(first).await;
    assert!(
        matches!(row.state, DeliveryState::Accepted | DeliveryState::Pending),
        "{:?}",
        row.state
    );
    assert_eq!(house.delivery(second).await.state, DeliveryState::Pending);
}

#[tokio::test]
async fn what_was_in_flight_when_a_process_died_is_due_at_the_next_start() {
    let mut house = House::built().await;
    let destination = house.destination("/crm", json!({})).await;
    let delivery = house.lead(destination).await;
    // A process claims it and dies: its lease never ends by itself here.
    let lane = baton_store::LaneRoom { lane: destination.uuid(), first: 1, retry: 1, total: 1 };
    let claim = baton_store::Claim {
        lanes: vec![lane],
        now: house.now(),
        lease_until: house.now().plus_ms(i64::from(u32::MAX)),
        token: delivery.uuid(),
    };
    assert_eq!(house.store.claim(claim).await.unwrap().deliveries.len(), 1);
    assert_eq!(house.delivery(delivery).await.state, DeliveryState::InFlight);
    house.start().await;
    house.until_state(delivery, "accepted").await;
}

#[tokio::test]
async fn a_lead_held_by_a_paused_campaign_goes_when_it_is_resumed() {
    let house = House::open().await;
    let destination = house.destination("/crm", json!({})).await;
    house.destination("/backup", json!({"failover_only": true})).await;
    house.write_campaign(true, Expect::Any).await;
    let captured = house.capture(LeadState::Held, &[]).await;
    assert_eq!(house.deliveries_to(destination.uuid()).await.len(), 0);
    house.write_campaign(false, Expect::Any).await;
    house
        .until_ticking("delivered", 1_000, || async {
            let workspace = house.store.workspace(house.workspace);
            let lead = workspace.lead(captured.lead).await.unwrap().unwrap();
            lead.state == LeadState::Delivered
        })
        .await;
    assert_eq!(house.sandbox.received_count(), 1);
}

#[tokio::test]
async fn the_search_index_follows_the_captures() {
    let house = House::open().await;
    let captured = house.capture(LeadState::Received, &[]).await;
    let filter = baton_store::leads::LeadFilter {
        exact: Some("jane@example.com".to_owned()),
        limit: 10,
        ..Default::default()
    };
    house
        .until_ticking("found", 100, || async {
            let found = house.store.workspace(house.workspace).leads(&filter).await.unwrap();
            found.rows.iter().any(|row| row.id == captured.lead)
        })
        .await;
}

#[tokio::test]
async fn old_rejected_leads_are_removed() {
    let house = House::open().await;
    let workspace = baton_domain::config::Workspace::new(house.workspace, "W");
    house.write_workspace(&workspace).await;
    let captured = house.capture(LeadState::Rejected, &[]).await;
    house.clock.advance(31 * 24 * 60 * MINUTE);
    house
        .until_ticking("removed", MINUTE, || async {
            house.store.workspace(house.workspace).lead(captured.lead).await.unwrap().is_none()
        })
        .await;
}

#[tokio::test]
async fn a_lead_that_comes_while_nothing_waits_is_started_without_a_claim() {
    let house = House::open().await;
    let to = house.destination("/crm", json!({})).await;
    // The first may find the lane unknown to the dispatcher, or just being looked at.
    let mut last = house.lead(to).await;
    for _ in 0..100 {
        house.until_state(last, "accepted").await;
        if house.engine().stats().direct > 0 {
            break;
        }
        last = house.lead(to).await;
    }
    assert!(house.engine().stats().direct > 0);
    let row = house.delivery(last).await;
    assert_eq!((row.attempts, row.state), (1, DeliveryState::Accepted));
    assert_eq!(house.attempts(last).await.len(), 1);
}
