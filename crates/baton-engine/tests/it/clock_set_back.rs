//! The clock of a running engine is set back by hours: waits last as long as was meant, nothing goes
//! out early or again, nobody is locked out.

use crate::house::{Engines, House, MINUTE};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::DeliveryId;
use baton_domain::time::Clock;
use baton_engine::{EngineClock, HARMED_MAX, PROBE_EVERY_MS};
use baton_sandbox::{Behaviour, Reply};
use serde_json::json;
use std::collections::HashMap;

const HOURS: i64 = 3 * 60 * MINUTE;

/// A lead of another destination is delivered: the engine has looked.
async fn looked(house: &House, path: &str) -> DeliveryId {
    let witness = house.destination(path, json!({})).await;
    let seen = house.lead(witness).await;
    house.until_state(seen, "accepted").await;
    seen
}

#[tokio::test]
async fn a_machine_s_clock_set_back_lengthens_no_wait_and_sends_nothing_early_or_again() {
    let house = House::open().await;
    let steps = [500, 200].map(|status| Behaviour::Reply(Reply::status(status)));
    house.sandbox.set_rule("/flaky", Behaviour::Sequence(steps.to_vec())).unwrap();
    let flaky = house.destination("/flaky", json!({})).await;
    let retried = house.lead(flaky).await;
    house.until_attempts(retried, 1).await;
    let slow = json!({"limits": {"in_flight": 8, "rate": {"count": 1, "per_s": 10}}});
    let limited = house.destination("/limited", slow).await;
    let first = house.lead(limited).await;
    house.until_state(first, "accepted").await;
    let second = house.lead(limited).await;
    // One that is made and due now, and that the engine may not start yet.
    let one = json!({"limits": {"in_flight": 1}, "timeout_ms": 60_000});
    house.sandbox.set_rule("/busy", Reply::status(200).delay_ms(300)).unwrap();
    let busy = house.destination("/busy", one).await;
    let due = [house.lead(busy).await, house.lead(busy).await];

    let before = house.clock.now();
    house.clock.set_wall_back(HOURS);
    assert_eq!(house.clock.now(), before);
    for delivery in due {
        house.until_state(delivery, "accepted").await;
    }
    // What is for others to read follows the correction at once.
    let fresh = looked(&house, "/fresh").await;
    let id = fresh.to_string();
    let received = house.sandbox.received();
    let sent = received.iter().find(|r| r.header("webhook-id") == Some(id.as_str())).unwrap();
    let stamp = (before.0 - HOURS).div_euclid(1_000).to_string();
    assert_eq!(sent.header("webhook-timestamp"), Some(stamp.as_str()));

    // Time goes on, a tenth slower until the wall has caught up: never early, hardly late.
    house.clock.advance(9_999);
    looked(&house, "/look1").await;
    assert_eq!(house.delivery(second).await.attempts, 0);
    house.clock.advance(10_000 * 10 / 9 + 2 - 9_999);
    house.until_state(second, "accepted").await;
    house.clock.advance(MINUTE - 10_000 * 10 / 9 - 3);
    looked(&house, "/look2").await;
    assert_eq!(house.delivery(retried).await.attempts, 1);
    house.clock.advance(MINUTE / 9 + 3);
    house.until_state(retried, "accepted").await;

    let mut sent = HashMap::new();
    for request in house.sandbox.received() {
        *sent.entry(request.header("webhook-id").unwrap().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(sent.remove(&retried.to_string()), Some(2));
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    // In the end the wall has caught up.
    house.clock.advance(10 * HOURS);
    assert_eq!(house.clock.now(), house.clock.wall());
}

/// The present itself steps back, as it does where a shared database's machine is set: pauses,
/// pace, probes and polls of the engine last as long as they would have.
async fn a_present_that_steps_back_locks_nobody_out(database: Engines) {
    let house = House::open_on(database).await;
    let slow = json!({"limits": {"in_flight": 8, "rate": {"count": 1, "per_s": 10}}});
    let limited = house.destination("/limited", slow).await;
    let first = house.lead(limited).await;
    house.until_state(first, "accepted").await;

    let told = Reply::status(429).header("Retry-After", "20");
    let steps = vec![Behaviour::Reply(told), Behaviour::Reply(Reply::status(200))];
    house.sandbox.set_rule("/paused", Behaviour::Sequence(steps)).unwrap();
    let paused = house.destination("/paused", json!({"retry": {"schedule_ms": [0]}})).await;
    let refused = house.lead(paused).await;
    house.until_attempts(refused, 1).await;

    house.sandbox.set_rule("/down", Reply::status(503)).unwrap();
    let down = house.destination("/down", json!({"retry": {"schedule_ms": [0]}})).await;
    for _ in 0..HARMED_MAX {
        let delivery = house.lead(down).await;
        house.until_state(delivery, "failed").await;
    }
    house.until("open", || async { house.engine().stats().breakers_open == 1 }).await;
    house.sandbox.set_rule("/down", Reply::status(200)).unwrap();

    house.clock.step_back(HOURS);
    let waiting = [house.lead(limited).await, house.lead(paused).await, house.lead(down).await];
    looked(&house, "/look").await;
    for (delivery, wait_ms) in waiting.into_iter().zip([10_000, 20_000, PROBE_EVERY_MS]) {
        let ends_ms = wait_ms - 1;
        house.clock.advance(ends_ms - house.clock.elapsed_ms());
        looked(&house, &format!("/look{wait_ms}")).await;
        assert_eq!(house.delivery(delivery).await.state, DeliveryState::Pending, "{wait_ms}");
        house.clock.advance(1);
        house.until_state(delivery, "accepted").await;
    }

    // The poll goes on as well: it alone finds this one.
    house.store.hints().lose_all();
    house.clock.step_back(HOURS);
    let from_ms = house.clock.elapsed_ms();
    let polled = house.lead(limited).await;
    house
        .until_ticking("polled", 5, || async {
            house.delivery(polled).await.state == DeliveryState::Accepted
        })
        .await;
    let took_ms = house.clock.elapsed_ms() - from_ms;
    assert!(took_ms < HOURS / 2, "{took_ms} ms");
}

crate::on_both! { a_present_that_steps_back_locks_nobody_out }
