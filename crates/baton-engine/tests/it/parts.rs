//! Leads that come in parts: who gets which part, and in which order.

use crate::house::{House, MINUTE};
use baton_domain::id::TypedId;
use baton_sandbox::{Behaviour, Reply};
use serde_json::{Value, json};

const BOTH: &str = "partial_and_complete";

fn bodies(house: &House, path: &str) -> Vec<(String, Value)> {
    let received = house.sandbox.received();
    let there = received.iter().filter(|r| r.path.starts_with(path));
    there.map(|r| (r.method.clone(), serde_json::from_slice(&r.body).unwrap_or_default())).collect()
}

#[tokio::test]
async fn each_destination_gets_the_parts_it_asked_for() {
    let house = House::open().await;
    let with = |partials: &str| json!({"partials": partials});
    let none = house.destination("/none", with("none")).await;
    let both = house.destination("/both", with(BOTH)).await;
    let last = house.destination("/last", with("complete_only")).await;
    let all = [none, both, last];
    let partial = house.part(1, 1, true, &all).await;
    assert_eq!(partial.deliveries.len(), 1);
    house.until_state(partial.deliveries[0], "accepted").await;
    let complete = house.part(1, 2, false, &all).await;
    assert_eq!(complete.lead, partial.lead);
    assert_eq!(complete.deliveries.len(), 2);
    for delivery in &complete.deliveries {
        house.until_state(*delivery, "accepted").await;
    }
    let whole = house.part(2, 1, false, &all).await;
    assert_eq!(whole.deliveries.len(), 3, "submitted in one go");
    for delivery in &whole.deliveries {
        house.until_state(*delivery, "accepted").await;
    }
    assert_eq!(bodies(&house, "/none").len(), 1);
    assert_eq!(bodies(&house, "/last").len(), 2);
    let sent = bodies(&house, "/both");
    let marks: Vec<_> = sent.iter().map(|(_, b)| (&b["is_partial_lead"], &b["seq"])).collect();
    assert_eq!(marks[0], (&json!(true), &json!(1)));
    assert_eq!(marks[1], (&Value::Null, &json!(2)), "complete, and newer than the part");
}

#[tokio::test]
async fn a_completed_lead_updates_the_vendors_lead_once_its_id_is_known() {
    let house = House::open().await;
    let queued = json!({"status": "queued", "queue": "q"}).to_string();
    house.sandbox.set_rule("/q/leads", Reply::status(200).body(queued)).unwrap();
    let ok = json!({"status": "ok", "id": "77"}).to_string();
    house.sandbox.set_rule("/q/queue/q", Reply::status(200).body(ok.clone())).unwrap();
    house.sandbox.set_rule("/q/leads/77", Reply::status(200).body(ok)).unwrap();
    let vendor = house.at("queueing", "/q", json!({"partials": BOTH})).await;
    let partial = house.part(1, 1, true, &[vendor]).await;
    house.until_state(partial.deliveries[0], "queued").await;
    let complete = house.part(1, 2, false, &[vendor]).await.deliveries[0];
    // It waits while the vendor can still be asked for the id.
    let due = house.now().plus_ms(11_000);
    house
        .until("put off", || async { house.delivery(complete).await.next_attempt_at == Some(due) })
        .await;
    assert_eq!(house.delivery(complete).await.state.as_str(), "pending");
    house.clock.advance(10_000);
    house.until_state(partial.deliveries[0], "accepted").await;
    house.clock.advance(1_000);
    let row = house.until_state(complete, "accepted").await;
    assert_eq!(row.attempts, 1);
    let sent = bodies(&house, "/q/leads");
    let lines: Vec<_> = sent.iter().map(|(method, b)| (method.as_str(), &b["seq_sent"])).collect();
    assert_eq!(lines, [("POST", &json!(1)), ("PUT", &json!(2))]);
    let stored =
        house.store.workspace(house.workspace).request(complete, 1).await.unwrap().unwrap();
    assert!(stored.request.url.ends_with("/q/leads/77"));
}

#[tokio::test]
async fn a_stale_partial_never_overtakes() {
    let house = House::open().await;
    let answers = Behaviour::Sequence(vec![Reply::status(500).into(), Reply::status(200).into()]);
    house.sandbox.set_rule("/v", answers).unwrap();
    let vendor = house.destination("/v", json!({"partials": BOTH})).await;
    let partial = house.part(1, 1, true, &[vendor]).await.deliveries[0];
    house.until_attempts(partial, 1).await;
    let complete = house.part(1, 2, false, &[vendor]).await.deliveries[0];
    house.until_state(complete, "accepted").await;
    assert_eq!(house.delivery(partial).await.state.as_str(), "superseded");
    house.clock.advance(10 * MINUTE);
    let late = house.part(1, 3, true, &[vendor]).await;
    assert!(late.stale && late.deliveries.is_empty());

    // A partial that is out when the completed lead comes is waited for.
    house.sandbox.set_rule("/w", Reply::status(200).delay_ms(1_500)).unwrap();
    let vendor = house.destination("/w", json!({"partials": BOTH})).await;
    let partial = house.part(2, 1, true, &[vendor]).await.deliveries[0];
    // The third request in all: one that is claimed but not yet made would be called off.
    house.sandbox.wait_for(3).await.unwrap();
    let complete = house.part(2, 2, false, &[vendor]).await.deliveries[0];
    house.until_state(partial, "accepted").await;
    house
        .until_ticking("accepted", 500, || async {
            house.delivery(complete).await.state.as_str() == "accepted"
        })
        .await;
    let seqs: Vec<_> =
        bodies(&house, "/w").into_iter().map(|(_, b)| b["seq_sent"].clone()).collect();
    assert_eq!(seqs, [json!(1), json!(2)]);
    assert_eq!(house.deliveries_to(vendor.uuid()).await.len(), 2);
}

#[tokio::test]
async fn a_partial_lead_is_handed_on_only_to_who_takes_partial_leads() {
    let house = House::open().await;
    let only = |partials: &str| json!({"failover_only": true, "partials": partials});
    let last = house.destination("/last", only("complete_only")).await;
    let both = house.destination("/both", only(BOTH)).await;
    let links = json!({"partials": BOTH, "linked": {"on_success": [last, both]}});
    let first = house.destination("/first", links).await;
    let partial = house.part(1, 1, true, &[first]).await.deliveries[0];
    let row = house.until_state(partial, "accepted").await;
    assert!(row.note.unwrap().contains("`/last` takes no partial leads"));
    house.until("linked", || async { house.deliveries_to(both.uuid()).await.len() == 1 }).await;
    let linked = house.deliveries_to(both.uuid()).await.remove(0).id;
    house.until_state(linked, "accepted").await;
    let complete = house.part(1, 2, false, &[first]).await.deliveries[0];
    house.until_state(complete, "accepted").await;
    for target in [last, both] {
        let got = house.deliveries_to(target.uuid()).await.remove(0).id;
        house.until_state(got, "accepted").await;
    }
    assert_eq!(bodies(&house, "/last").len(), 1);
    assert_eq!(bodies(&house, "/both").len(), 2);
    let down = json!({"partials": BOTH, "failover": last, "retry": {"schedule_ms": [0]}});
    house.sandbox.set_rule("/down", Reply::status(500).body("down")).unwrap();
    let down = house.destination("/down", down).await;
    let partial = house.part(2, 1, true, &[down]).await.deliveries[0];
    let row = house.until_state(partial, "failed").await;
    assert!(row.note.unwrap().contains("`/last` takes no partial leads"));
}
