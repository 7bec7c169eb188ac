//! Linked deliveries, and what an answer gives for fields of the lead.

use crate::house::{House, MINUTE};
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::lead::LeadState;
use baton_sandbox::{Behaviour, Reply};
use baton_store::docs::Expect;
use serde_json::{Value, json};

/// Rules that take what the answer says.
fn rules() -> Value {
    json!([
        {"match": "json_path", "path": "$.ok", "value": "true", "verdict": "accepted",
         "extract": {"vendor_id": {"json_path": "$.id"}, "price": {"json_path": "$.price"},
                     "field:buyer_ref": {"json_path": "$.ref"}}},
        {"match": "json_path", "path": "$.ok", "value": "false", "verdict": "rejected",
         "extract": {"reason": {"json_path": "$.why"}}},
    ])
}

/// A destination that is reached by a link only and is sent what the first answer gave.
async fn linked(house: &House, path: &str) -> DestinationId {
    let mapping = json!([
        {"to": "email", "from": "email"},
        {"to": "id", "from": "answer.vendor_id"},
        {"to": "ref", "from": "answer.buyer_ref"},
        {"to": "why", "from": "answer.reason"},
        {"to": "verdict", "from": "answer.verdict"},
        {"to": "by", "from": "answer.destination"},
    ]);
    house.destination(path, json!({"failover_only": true, "mapping": mapping})).await
}

fn last_body(house: &House, path: &str) -> Value {
    let received = house.sandbox.received();
    let last = received.iter().rfind(|r| r.path == path).unwrap();
    serde_json::from_slice(&last.body).unwrap()
}

#[tokio::test]
async fn each_end_goes_on_to_its_own_links_with_what_the_answer_gave() {
    let house = House::open().await;
    let (yes, no, never) =
        (linked(&house, "/yes").await, linked(&house, "/no").await, linked(&house, "/never").await);
    let links = json!({"on_success": [yes], "on_rejection": [no], "on_failure": [never]});
    let retry = json!({"schedule_ms": [0]});
    let first = json!({"responses": rules(), "linked": links, "retry": retry});
    let first = house.destination("/first", first).await;
    for (answer, target, path, expect) in [
        (
            Reply::status(200).body(r#"{"ok":true,"id":"77","ref":"r-1"}"#),
            yes,
            "/yes",
            json!({"email": "jane@example.com", "id": "77", "ref": "r-1", "verdict": "accepted",
                   "by": "/first"}),
        ),
        (
            Reply::status(200).body(r#"{"ok":false,"why":"too far away"}"#),
            no,
            "/no",
            json!({"email": "jane@example.com", "why": "too far away", "verdict": "rejected",
                   "by": "/first"}),
        ),
        (
            Reply::status(500).body("down"),
            never,
            "/never",
            json!({"email": "jane@example.com", "verdict": "transient", "by": "/first"}),
        ),
    ] {
        house.sandbox.set_rule("/first", answer).unwrap();
        let delivery = house.lead(first).await;
        house.until(path, || async { !house.deliveries_to(target.uuid()).await.is_empty() }).await;
        let row = house.deliveries_to(target.uuid()).await.remove(0);
        assert_eq!((row.cause, row.parent), (DeliveryCause::Linked, Some(delivery)));
        house.until_state(row.id, "accepted").await;
        assert_eq!(last_body(&house, path), expect);
    }
    for target in [yes, no, never] {
        assert_eq!(house.deliveries_to(target.uuid()).await.len(), 1);
    }
}

#[tokio::test]
async fn a_resend_does_not_go_on_to_the_same_links_again() {
    let house = House::open().await;
    let next = linked(&house, "/next").await;
    let body = r#"{"ok":true,"id":"77"}"#;
    house.sandbox.set_rule("/first", Reply::status(200).body(body)).unwrap();
    let links = json!({"on_success": [next]});
    let first = json!({"responses": rules(), "linked": links});
    let first = house.destination("/first", first).await;
    let delivery = house.lead(first).await;
    house.until_state(delivery, "accepted").await;
    let workspace = house.store.workspace(house.workspace);
    let again = workspace.resend(delivery).await.unwrap();
    house.until_state(again, "accepted").await;
    let and_again = workspace.resend(delivery).await.unwrap();
    house.until_state(and_again, "accepted").await;
    let linked = house.deliveries_to(next.uuid()).await;
    assert_eq!(linked.len(), 1);
    // The linked one is resent by itself, with the same answer at hand.
    let resent = workspace.resend(linked[0].id).await.unwrap();
    house.until_state(resent, "accepted").await;
    assert_eq!(last_body(&house, "/next")["id"], "77");
}

#[tokio::test]
async fn links_that_were_made_a_circle_since_end_where_they_began() {
    let house = House::open().await;
    let ok = || Reply::status(200).body(r#"{"ok":true}"#);
    house.sandbox.set_rule("/a", ok()).unwrap();
    house.sandbox.set_rule("/b", ok()).unwrap();
    let b = house.destination("/b", json!({"responses": rules(), "failover_only": true})).await;
    let onto = |id| json!({"responses": rules(), "linked": {"on_success": [id]}});
    let a = house.destination("/a", onto(b)).await;
    house.write_destination(b, "/b", onto(a), Expect::Any).await;
    let first = house.lead(a).await;
    house.until_state(first, "accepted").await;
    let second = house.deliveries_to(b.uuid()).await.remove(0).id;
    let row = house.until_state(second, "accepted").await;
    assert!(row.note.unwrap().contains("`/a` is where the lead came from"));
    assert_eq!(house.deliveries_to(a.uuid()).await.len(), 1);
}

#[tokio::test]
async fn an_answer_gives_the_lead_a_field_and_nobody_gets_it_again() {
    let house = House::open().await;
    house
        .sandbox
        .set_rule(
            "/slow",
            Behaviour::Sequence(vec![Reply::status(500).into(), Reply::status(200).into()]),
        )
        .unwrap();
    let body = r#"{"ok":true,"ref":"REF-4711"}"#;
    house.sandbox.set_rule("/first", Reply::status(200).body(body)).unwrap();
    let slow = house.destination("/slow", json!({})).await;
    let first = house.destination("/first", json!({"responses": rules()})).await;
    let watcher = house.subscription("/watch", json!({"events": ["lead.updated"]})).await;
    let captured = house.part(5, 1, false, &[slow, first]).await;
    house.until_attempts(captured.deliveries[0], 1).await;
    house.until_state(captured.deliveries[1], "accepted").await;
    let workspace = house.store.workspace(house.workspace);
    let lead = workspace.lead(captured.lead).await.unwrap().unwrap();
    assert_eq!(lead.data_version, 2);
    assert_eq!(lead.data.fields().get("buyer_ref"), Some(&json!("REF-4711")));
    assert_eq!(lead.data.raw.get("buyer_ref"), None, "what came stays as it came");
    let events = house.events(captured.lead).await;
    assert_eq!(events[events.len() - 2..], ["delivery.succeeded", "lead.updated"]);
    // The other destination's retry goes on: no newer version of the lead was captured.
    house.clock.advance(MINUTE);
    house.until_state(captured.deliveries[0], "accepted").await;
    assert_eq!(house.deliveries_to(slow.uuid()).await.len(), 1);
    house.until("told", || async { !house.deliveries_to(watcher.uuid()).await.is_empty() }).await;
    let told = house.deliveries_to(watcher.uuid()).await.remove(0).id;
    house.until_state(told, "accepted").await;
    assert_eq!(last_body(&house, "/watch")["data"]["buyer_ref"], "REF-4711");
    let found = baton_store::leads::LeadFilter {
        text: Some("ref-4711".to_owned()),
        limit: 5,
        ..Default::default()
    };
    house
        .until_ticking("found", 500, || async {
            workspace.leads(&found).await.unwrap().rows.len() == 1
        })
        .await;
    // The same answer again is no change.
    let again = workspace.resend(captured.deliveries[1]).await.unwrap();
    house.until_state(again, "accepted").await;
    assert_eq!(workspace.lead(captured.lead).await.unwrap().unwrap().data_version, 2);
    assert_eq!(lead.state, LeadState::Delivered);
}

#[tokio::test]
async fn a_field_given_to_a_partial_lead_goes_out_with_the_completed_one() {
    let house = House::open().await;
    let body = r#"{"ok":true,"ref":"REF-1"}"#;
    house.sandbox.set_rule("/first", Reply::status(200).body(body)).unwrap();
    let both = json!({"responses": rules(), "partials": "partial_and_complete"});
    let first = house.destination("/first", both).await;
    let second = house.destination("/second", json!({"partials": "complete_only"})).await;
    let partial = house.part(7, 1, true, &[first, second]).await;
    house.until_state(partial.deliveries[0], "accepted").await;
    let complete = house.part(7, 2, false, &[first, second]).await;
    for delivery in &complete.deliveries {
        house.until_state(*delivery, "accepted").await;
    }
    for path in ["/first", "/second"] {
        let sent = last_body(&house, path);
        assert_eq!((&sent["buyer_ref"], &sent["seq_sent"]), (&json!("REF-1"), &json!(2)), "{path}");
    }
    let lead = house.store.workspace(house.workspace).lead(complete.lead).await.unwrap().unwrap();
    assert_eq!(lead.data.raw.get("buyer_ref"), None, "the form said nothing of it");
}
