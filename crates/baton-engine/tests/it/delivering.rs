//! A lead on its way: delivered, retried by its schedule, handed over, resent.

use crate::house::{House, MINUTE, SECRET};
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_domain::secret::Secret;
use baton_domain::signature::hex_signature;
use baton_sandbox::{Behaviour, Reply, SignatureCheck};
use baton_store::docs::Expect;
use serde_json::json;

#[tokio::test]
async fn a_lead_is_delivered_signed_and_written_down() {
    let house = House::open().await;
    let destination = house.destination("/crm", json!({})).await;
    let captured = house.capture(LeadState::Received, &[destination]).await;
    let delivery = captured.deliveries[0];
    let row = house.until_state(delivery, "accepted").await;
    assert_eq!((row.attempts, row.next_attempt_at, row.note), (1, None, None));

    let got = &house.sandbox.received()[0];
    assert_eq!(got.signatures.leadsbot, SignatureCheck::Right);
    assert_eq!(got.signatures.webhook, SignatureCheck::Right);
    assert_eq!(got.header("webhook-id"), Some(delivery.to_string().as_str()));
    let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(body["email"], "jane@example.com");
    assert_eq!(body["campaign"], "SOLAR");
    assert_eq!(body["lead_id"], json!(captured.lead));

    let attempts = house.attempts(delivery).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].verdict, "accepted");
    assert_eq!(attempts[0].body.status, Some(200));
    assert_eq!(attempts[0].answer, br#"{"ok":true}"#);
    assert!(attempts[0].body.phases.total_us > 0);
    let hex = hex_signature(&Secret::new(SECRET), &got.body);
    let sent = &attempts[0].body.sent_headers;
    assert!(sent.contains(&("X-LeadsBot-Signature".to_owned(), hex)), "{sent:?}");
    let workspace = house.store.workspace(house.workspace);
    let stored = workspace.request(delivery, 1).await.unwrap().unwrap();
    assert_eq!(stored.request.body, got.body);
    let lead = workspace.lead(captured.lead).await.unwrap().unwrap();
    assert_eq!(lead.state, LeadState::Delivered);
    assert_eq!(house.events(captured.lead).await, ["lead.created", "delivery.succeeded"]);
}

/// Seed 000: waits of 0, 1, 5, 30, 120 minutes, then failed, then failover, then by hand.
#[tokio::test]
async fn the_retry_schedule_holds_to_the_millisecond() {
    let house = House::open().await;
    house.sandbox.set_rule("/down", Reply::status(500)).unwrap();
    let backup = house.destination("/backup", json!({"failover_only": true})).await;
    let down = house.destination("/down", json!({"failover": backup})).await;
    let captured = house.capture(LeadState::Received, &[down]).await;
    let delivery = captured.deliveries[0];
    let began = house.now();
    let mut at = began;
    house.until_attempts(delivery, 1).await;
    for (attempt, wait) in [(2, 1), (3, 5), (4, 30), (5, 120)] {
        let row = house.delivery(delivery).await;
        assert_eq!(row.state.as_str(), "retrying");
        at = at.plus_ms(wait * MINUTE);
        assert_eq!(row.next_attempt_at, Some(at), "attempt {attempt}");
        house.clock.advance(wait * MINUTE - 1);
        // Another destination's lead makes the engine look; the waiting one may not move yet.
        let witness = house.lead(backup).await;
        house.until_state(witness, "accepted").await;
        assert_eq!(house.delivery(delivery).await.attempts, attempt - 1);
        house.clock.advance(1);
        house.until_attempts(delivery, attempt).await;
    }
    let row = house.delivery(delivery).await;
    assert_eq!(row.state.as_str(), "failed");
    let note = row.note.unwrap();
    assert!(note.contains("`/backup`") && note.contains("`/down`"), "{note}");
    let started: Vec<i64> =
        house.attempts(delivery).await.iter().map(|a| a.started_at.since_ms(began)).collect();
    assert_eq!(started, [0, 1, 6, 36, 156].map(|minutes| minutes * MINUTE));

    let failover = house.deliveries_to(backup.uuid()).await.remove(0);
    assert_eq!((failover.cause, failover.parent), (DeliveryCause::Failover, Some(delivery)));
    house.until_state(failover.id, "accepted").await;
    assert_eq!(
        house.events(captured.lead).await,
        ["lead.created", "delivery.failed", "delivery.succeeded"]
    );

    house.sandbox.set_rule("/down", Reply::status(200)).unwrap();
    let resent = house.store.workspace(house.workspace).resend(delivery).await.unwrap();
    let row = house.until_state(resent, "accepted").await;
    assert_eq!((row.cause, row.parent, row.attempts), (DeliveryCause::Resend, Some(delivery), 1));
    let received = house.sandbox.received();
    let last = received.iter().rfind(|r| r.path == "/down").unwrap();
    assert_eq!(last.header("webhook-id"), Some(delivery.to_string().as_str()));
}

#[tokio::test]
async fn a_receiver_that_fails_five_times_gets_the_same_bytes_and_id_with_new_timestamps() {
    let house = House::open().await;
    let mut steps = vec![Behaviour::Reply(Reply::status(500).body("sorry")); 5];
    steps.push(Behaviour::Reply(Reply::status(200)));
    house.sandbox.set_rule("/flaky", Behaviour::Sequence(steps)).unwrap();
    let retry = json!({"schedule_ms": [0, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE]});
    let flaky = house.destination("/flaky", json!({"retry": retry})).await;
    let delivery = house.lead(flaky).await;
    for attempt in 1..=5 {
        house.until_attempts(delivery, attempt).await;
        // The mapping may change meanwhile: the bytes of a delivery do not.
        let changed = json!({"retry": retry, "mapping": [{"to": "x", "value": attempt}]});
        house.write_destination(flaky, "/flaky", changed, Expect::Any).await;
        house.clock.advance(MINUTE);
    }
    house.until_state(delivery, "accepted").await;
    let attempts = house.attempts(delivery).await;
    let statuses: Vec<_> = attempts.iter().map(|a| a.body.status.unwrap()).collect();
    assert_eq!(statuses, [500, 500, 500, 500, 500, 200]);
    assert_eq!(attempts[0].answer, b"sorry");
    assert_eq!(attempts[0].verdict, "transient");

    let received = house.sandbox.received();
    assert_eq!(received.len(), 6);
    let mut stamps = Vec::new();
    for request in &received {
        assert_eq!(request.body, received[0].body);
        assert_eq!(request.header("webhook-id"), Some(delivery.to_string().as_str()));
        assert_eq!(request.signatures.webhook, SignatureCheck::Right);
        stamps.push(request.header("webhook-timestamp").unwrap().parse::<i64>().unwrap());
    }
    let steps: Vec<i64> = stamps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps, [60; 5]);
}

#[tokio::test]
async fn a_changed_mapping_is_for_new_deliveries_and_resends_and_not_for_retries() {
    let house = House::open().await;
    let steps = [500, 500, 200].map(|status| Behaviour::Reply(Reply::status(status)));
    house.sandbox.set_rule("/crm", Behaviour::Sequence(steps.to_vec())).unwrap();
    let mapped = |to: &str| {
        json!({"retry": {"schedule_ms": [0, MINUTE, MINUTE]},
               "mapping": [{"to": to, "from": "email"}, {"to": "version", "value": to}]})
    };
    let destination = house.destination("/crm", mapped("first")).await;
    let delivery = house.lead(destination).await;
    house.until_attempts(delivery, 1).await;
    house.write_destination(destination, "/crm", mapped("second"), Expect::Any).await;
    let other = house.lead(destination).await;
    house.until_attempts(other, 1).await;
    house.clock.advance(MINUTE);
    house.until_attempts(delivery, 2).await;
    let resent = house.store.workspace(house.workspace).resend(delivery).await.unwrap();
    house.until_state(resent, "accepted").await;

    let ours = delivery.to_string();
    let received = house.sandbox.received();
    let bodies: Vec<serde_json::Value> = received
        .iter()
        .filter(|r| r.header("webhook-id") == Some(ours.as_str()))
        .map(|r| serde_json::from_slice(&r.body).unwrap())
        .collect();
    let sent = |to: &str| json!({to: "jane@example.com", "version": to});
    assert_eq!(bodies, [sent("first"), sent("first"), sent("second")]);
    let first: serde_json::Value = serde_json::from_slice(
        &received.iter().find(|r| r.header("webhook-id") != Some(ours.as_str())).unwrap().body,
    )
    .unwrap();
    assert_eq!(first, sent("second"), "a delivery made after the change goes by it");
}

#[tokio::test]
async fn a_failover_that_fails_too_names_both_and_does_not_loop() {
    let house = House::open().await;
    for path in ["/a", "/b"] {
        house.sandbox.set_rule(path, Reply::status(500)).unwrap();
    }
    let once = json!({"schedule_ms": [0]});
    let b = house.destination("/b", json!({"retry": once, "failover_only": true})).await;
    let a = house.destination("/a", json!({"retry": once, "failover": b})).await;
    let back = json!({"retry": once, "failover_only": true, "failover": a});
    house.write_destination(b, "/b", back, Expect::Any).await;
    let first = house.lead(a).await;
    house.until_state(first, "failed").await;
    let second = house.deliveries_to(b.uuid()).await.remove(0).id;
    let note = house.until_state(second, "failed").await.note.unwrap();
    assert!(note.contains("`/a`") && note.contains("`/b`"), "{note}");
    assert_eq!(house.deliveries_to(a.uuid()).await.len(), 1);
    assert_eq!(house.sandbox.received_count(), 2);
}

#[tokio::test]
async fn a_failover_that_has_the_lead_already_does_not_get_it_again() {
    let house = House::open().await;
    house.sandbox.set_rule("/a", Reply::status(500)).unwrap();
    let b = house.destination("/b", json!({})).await;
    let once = json!({"schedule_ms": [0, MINUTE]});
    let a = house.destination("/a", json!({"retry": once, "failover": b})).await;
    let captured = house.capture(LeadState::Received, &[a, b]).await;
    house.until_state(captured.deliveries[1], "accepted").await;
    house.until_attempts(captured.deliveries[0], 1).await;
    house.clock.advance(MINUTE);
    let note = house.until_state(captured.deliveries[0], "failed").await.note.unwrap();
    assert!(note.contains("has this lead already"), "{note}");
    assert_eq!(house.deliveries_to(b.uuid()).await.len(), 1);
}
