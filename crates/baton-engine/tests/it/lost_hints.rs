//! Every hint is lost, those within a process and those between nodes: the polls find all there is to
//! do.

use crate::house::{Engines, House};
use crate::telling::{ask_for_probe, probe_result};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_domain::probe::ProbeTarget;
use baton_engine::EngineClock;
use baton_store::docs::Expect;
use baton_store::leads::LeadFilter;
use serde_json::json;

/// Longest it may take to find work, in milliseconds of the engine's time: a few polls, and what
/// the clock of the test goes on while a busy machine works.
const POLLED_MS_MAX: i64 = 60_000;

/// Lets time pass until the condition holds, and says that it took no longer than a poll does.
async fn polled<F, W>(house: &House, what: &str, condition: F)
where
    F: Fn() -> W,
    W: Future<Output = bool>,
{
    let from_ms = house.clock.elapsed_ms();
    house.until_ticking(what, 5, condition).await;
    let took_ms = house.clock.elapsed_ms() - from_ms;
    assert!(took_ms <= POLLED_MS_MAX, "{what} took {took_ms} ms");
}

async fn the_polls_find_everything(database: Engines) {
    let house = House::open_on(database).await;
    let crm = house.destination("/crm", json!({})).await;
    let hook = house.subscription("/hook", json!({"events": ["lead.created"]})).await;
    house.until("idle", || async { house.engine().stats().degraded.is_empty() }).await;
    house.store.hints().lose_all();

    let captured = house.capture(LeadState::Received, &[crm]).await;
    polled(&house, "the delivery", || async {
        house.delivery(captured.deliveries[0]).await.state == DeliveryState::Accepted
    })
    .await;
    polled(&house, "the event", || async {
        let rows = house.deliveries_to(hook.uuid()).await;
        rows.len() == 1 && rows[0].state == DeliveryState::Accepted
    })
    .await;

    let task = house.store.new_id();
    let target = json!({"url": house.sandbox.url("/hook"), "events": []});
    let target = ProbeTarget::Subscription(Box::new(serde_json::from_value(target).unwrap()));
    ask_for_probe(&house, task, target).await;
    polled(&house, "the test call", || async { probe_result(&house, task).await.is_some() }).await;

    let exact = Some("jane@example.com".to_owned());
    let filter = LeadFilter { exact, limit: 10, ..Default::default() };
    let workspace = house.store.workspace(house.workspace);
    polled(&house, "the search index", || async {
        workspace.leads(&filter).await.unwrap().rows.len() == 1
    })
    .await;

    // A new destination, and a campaign that is resumed.
    let other = house.destination("/other", json!({})).await;
    let delivery = house.lead(other).await;
    polled(&house, "the new destination", || async {
        house.delivery(delivery).await.state == DeliveryState::Accepted
    })
    .await;
    house.write_campaign(true, Expect::Any).await;
    let held = house.capture(LeadState::Held, &[]).await.lead;
    polled(&house, "a look at the paused campaign", || async { true }).await;
    house.clock.advance(2_000);
    house.write_campaign(false, Expect::Any).await;
    polled(&house, "the held lead", || async {
        workspace.lead(held).await.unwrap().unwrap().state == LeadState::Delivered
    })
    .await;
}

crate::on_both! { the_polls_find_everything }

#[tokio::test]
async fn nodes_that_hear_nothing_of_each_other_find_each_other_s_work() {
    let mut house = House::built_on_postgres().await;
    let crm = house.destination("/crm", json!({})).await;
    house.start().await;
    let other = house.another_node().await;
    house.store.hints().lose_all();
    other.store.hints().lose_all();
    house.stop(std::time::Duration::from_secs(5)).await;

    // Made on a node without an engine: only polls bring it to the other one.
    let fresh = house.destination("/fresh", json!({})).await;
    let captured = house.capture(LeadState::Received, &[crm, fresh]).await;
    for delivery in captured.deliveries {
        other.until_state(delivery, "accepted").await;
    }
}
