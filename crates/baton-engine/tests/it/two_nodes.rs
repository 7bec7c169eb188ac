//! Two engines on one PostgreSQL.

use crate::house::House;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_sandbox::{Behaviour, Reply};
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

#[tokio::test]
async fn two_nodes_send_every_lead_and_every_event_once() {
    let mut house = House::built_on_postgres().await;
    let destination = house.destination("/crm", json!({})).await;
    let hook = house.subscription("/hook", json!({"events": ["lead.created"]})).await;
    house.start().await;
    let other = house.another_node().await;
    let mut deliveries = Vec::new();
    for n in 0..60 {
        let node = if n % 2 == 0 { &house } else { &other };
        let captured = node.capture(LeadState::Received, &[destination]).await;
        deliveries.extend(captured.deliveries);
    }
    house.sandbox.wait_for(120).await.unwrap();
    let all = house.sandbox.received();
    let ids = |path: &str| -> Vec<String> {
        let ours = all.iter().filter(|r| r.path == path);
        ours.map(|r| r.header("webhook-id").unwrap().to_owned()).collect()
    };
    for path in ["/crm", "/hook"] {
        let ids = ids(path);
        assert_eq!(ids.len(), 60, "{path}");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 60, "{path}");
    }
    let done = || async {
        for delivery in &deliveries {
            if house.delivery(*delivery).await.state != DeliveryState::Accepted {
                return false;
            }
        }
        true
    };
    let (mut here, mut there) = (house.engine().changed(), other.engine().changed());
    let all_accepted = async {
        while !done().await {
            tokio::select! {
                moved = here.changed() => moved.unwrap(),
                moved = there.changed() => moved.unwrap(),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all_accepted).await.unwrap();
    assert_eq!(house.deliveries_to(hook.uuid()).await.len(), 60);
    assert_eq!(house.sandbox.received_count(), 120);
}

#[tokio::test]
async fn what_a_stopped_node_gives_back_the_other_one_sends() {
    let mut house = House::built_on_postgres().await;
    house.sandbox.set_rule("/crm", Behaviour::Hang).unwrap();
    let slow = json!({"timeout_ms": 60_000});
    let destination = house.destination("/crm", slow).await;
    house.start().await;
    let delivery = house.lead(destination).await;
    house.sandbox.wait_for(1).await.unwrap();
    let other = house.another_node().await;
    house.sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    house.stop(Duration::ZERO).await;
    other.until_state(delivery, "accepted").await;
    let row = other.delivery(delivery).await;
    assert_eq!((row.attempts, house.sandbox.received_count()), (1, 2));
}

#[tokio::test]
async fn a_switch_thrown_by_an_answer_holds_on_both_nodes() {
    let mut house = House::built_on_postgres().await;
    house.sandbox.set_rule("/gone", Reply::status(410)).unwrap();
    let gone = house.destination("/gone", json!({})).await;
    house.start().await;
    let other = house.another_node().await;
    let first = house.lead(gone).await;
    house.until_state(first, "held").await;
    let mut config = other.store.hints().config();
    let known =
        config.wait_for(|_| other.store.snapshot().destinations[&gone].body.disabled.is_some());
    tokio::time::timeout(Duration::from_secs(30), known).await.unwrap().unwrap();
    let later = other.lead(gone).await;
    let row = other.delivery(later).await;
    assert_eq!((row.state, row.stopped), (DeliveryState::Pending, true));
    assert_eq!(house.sandbox.received_count(), 1);
}
