//! Every loop of an engine panics, once or again and again: each is started again and does its work.

use crate::house::{Engines, House, MINUTE};
use crate::telling::{ask_for_probe, probe_result};
use baton_domain::config::Workspace;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_domain::probe::ProbeTarget;
use baton_engine::{EngineLimits, Hooks, Part};
use baton_store::docs::Expect;
use baton_store::leads::LeadFilter;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Panics in the first rounds of every loop, and counts the rounds.
struct Panicking {
    times: u32,
    rounds: Mutex<HashMap<Part, u32>>,
}

impl Panicking {
    fn rounds(&self, part: Part) -> u32 {
        self.rounds.lock().unwrap().get(&part).copied().unwrap_or(0)
    }
}

impl Hooks for Panicking {
    fn before_round(&self, part: Part) {
        let round = {
            let mut rounds = self.rounds.lock().unwrap();
            let round = rounds.entry(part).or_insert(0);
            *round += 1;
            *round
        };
        if round <= self.times {
            // Without the hook that prints: a trace of each of these is long and tells nothing.
            std::panic::resume_unwind(Box::new("a panic on purpose"));
        }
    }
}

async fn goes_on_after(database: Engines, times: u32) {
    let mut house = House::built_on_engine(database).await;
    let body = Workspace::new(house.workspace, "W");
    house.write_workspace(&body).await;
    let old = house.capture(LeadState::Rejected, &[]).await.lead;
    house.clock.advance(31 * 24 * 60 * MINUTE);
    let crm = house.destination("/crm", json!({})).await;
    let hook = house.subscription("/hook", json!({"events": ["lead.created"]})).await;
    let delivery = house.lead(crm).await;
    let hooks = Arc::new(Panicking { times, rounds: Mutex::default() });
    house.start_with(EngineLimits::default(), Arc::clone(&hooks) as Arc<dyn Hooks>).await;

    // Every loop comes past its panics, the slowest one waits for a change of the configuration.
    house
        .until_ticking("all loops go", 50, || async {
            Part::ALL.into_iter().all(|part| hooks.rounds(part) > times)
        })
        .await;
    assert_eq!(house.engine().stats().faults, u64::from(times) * Part::ALL.len() as u64);

    // And each does what it is there for.
    house
        .until_ticking("delivered", 20, || async {
            house.delivery(delivery).await.state == DeliveryState::Accepted
        })
        .await;
    house
        .until_ticking("told", 20, || async {
            let rows = house.deliveries_to(hook.uuid()).await;
            rows.iter().any(|row| row.state == DeliveryState::Accepted)
        })
        .await;
    let task = house.store.new_id();
    let target = json!({"url": house.sandbox.url("/hook"), "events": []});
    let target = ProbeTarget::Subscription(Box::new(serde_json::from_value(target).unwrap()));
    ask_for_probe(&house, task, target).await;
    house.until_ticking("tried", 20, || async { probe_result(&house, task).await.is_some() }).await;
    let workspace = house.store.workspace(house.workspace);
    house
        .until_ticking("removed", 20, || async { workspace.lead(old).await.unwrap().is_none() })
        .await;
    let exact = Some("jane@example.com".to_owned());
    let filter = LeadFilter { exact, limit: 10, ..Default::default() };
    house
        .until_ticking("found", 20, || async {
            !workspace.leads(&filter).await.unwrap().rows.is_empty()
        })
        .await;
    // A round of the retention lasts until the next one is due.
    house
        .until_ticking("well", 5_000, || async { house.engine().stats().degraded.len() < 2 })
        .await;
    house.write_campaign(true, Expect::Any).await;
    let held = house.capture(LeadState::Held, &[]).await.lead;
    let seen = hooks.rounds(Part::Release);
    house.until_ticking("looked", 20, || async { hooks.rounds(Part::Release) > seen + 1 }).await;
    house.write_campaign(false, Expect::Any).await;
    house
        .until_ticking("let go", 20, || async {
            workspace.lead(held).await.unwrap().unwrap().state == LeadState::Delivered
        })
        .await;
}

async fn every_loop_goes_on_after_one_panic(database: Engines) {
    goes_on_after(database, 1).await;
}

async fn every_loop_goes_on_after_panics_in_a_row(database: Engines) {
    goes_on_after(database, 4).await;
}

crate::on_both! {
    every_loop_goes_on_after_one_panic
    every_loop_goes_on_after_panics_in_a_row
}
