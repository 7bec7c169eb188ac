//! What answers lead to.

use crate::house::{House, MINUTE};
use baton_domain::config::DocKind;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::secret::MASK;
use baton_domain::time::Millis;
use baton_sandbox::{Behaviour, Reply};
use baton_store::docs::Expect;
use baton_store::outcomes::Hours;
use serde_json::json;

#[tokio::test]
async fn gone_switches_the_destination_off_and_what_waits_stays() {
    let house = House::open().await;
    house.sandbox.set_rule("/gone", Reply::status(410)).unwrap();
    let gone = house.destination("/gone", json!({})).await;
    let captured = house.capture(LeadState::Received, &[gone]).await;
    let row = house.until_state(captured.deliveries[0], "held").await;
    assert_eq!(row.verdict.as_deref(), Some("auth_or_config"));
    house
        .until("the snapshot knows", || async {
            house.store.snapshot().destinations[&gone].body.disabled.is_some()
        })
        .await;
    let events = house.events(captured.lead).await;
    assert_eq!(events, ["lead.created", "delivery.failed", "destination.disabled"]);

    let later = house.lead(gone).await;
    let other = house.destination("/other", json!({})).await;
    let witness = house.lead(other).await;
    house.until_state(witness, "accepted").await;
    let row = house.delivery(later).await;
    assert_eq!((row.state, row.stopped, row.attempts), (DeliveryState::Pending, true, 0));

    house.sandbox.set_rule("/gone", Reply::status(200)).unwrap();
    house.write_destination(gone, "/gone", json!({}), Expect::Any).await;
    house.until_state(later, "accepted").await;
    house.store.workspace(house.workspace).release_held(gone).await.unwrap();
    house.until_state(captured.deliveries[0], "accepted").await;
}

#[tokio::test]
async fn retry_after_postpones_within_bounds_and_holds_the_whole_lane() {
    let house = House::open().await;
    let check = async |path: &str, header: Option<&str>, wait_ms: i64, pause_ms: i64| {
        let mut slow = Reply::status(429);
        if let Some(value) = header {
            slow = slow.header("Retry-After", value);
        }
        let steps = vec![Behaviour::Reply(slow), Behaviour::Reply(Reply::status(200))];
        house.sandbox.set_rule(path, Behaviour::Sequence(steps)).unwrap();
        let destination = house.destination(path, json!({})).await;
        let delivery = house.lead(destination).await;
        let row = house.until_attempts(delivery, 1).await;
        assert_eq!(row.verdict.as_deref(), Some("rate_limited"), "{header:?}");
        let next = row.next_attempt_at.unwrap();
        assert_eq!(next, house.now().plus_ms(wait_ms), "{header:?}");
        let second = house.lead(destination).await;
        if pause_ms > 0 {
            house.clock.advance(pause_ms - 1);
            let witness = house.destination(&format!("{path}/witness"), json!({})).await;
            let witness = house.lead(witness).await;
            house.until_state(witness, "accepted").await;
            assert_eq!(house.delivery(second).await.attempts, 0, "{header:?}");
            house.clock.advance(1);
        }
        house.until_state(second, "accepted").await;
        house.clock.advance(next.since_ms(house.now()).max(0));
        house.until_state(delivery, "accepted").await;
    };
    check("/none", None, MINUTE, 0).await;
    check("/seven", Some("7"), MINUTE, 7_000).await;
    check("/ninety", Some("90"), 90_000, 90_000).await;
    check("/minus", Some("-1"), MINUTE, 0).await;
    check("/words", Some("abc"), MINUTE, 0).await;
    check("/years", Some("315360000"), 60 * MINUTE, 60 * MINUTE).await;
}

#[tokio::test]
async fn a_business_no_is_final_and_no_failure() {
    let house = House::open().await;
    house.sandbox.set_rule("/buyer", Reply::status(200).body("Duplicate email")).unwrap();
    let responses = json!([
        {"match": "word", "value": "duplicate", "verdict": "duplicate", "reason": "they have it"},
        {"match": "status", "value": "2xx", "verdict": "accepted"},
    ]);
    let buyer = house.destination("/buyer", json!({"responses": responses})).await;
    let captured = house.capture(LeadState::Received, &[buyer]).await;
    let row = house.until_state(captured.deliveries[0], "rejected").await;
    assert_eq!((row.attempts, row.verdict.as_deref()), (1, Some("duplicate")));
    assert_eq!(house.events(captured.lead).await, ["lead.created", "delivery.rejected"]);
    let attempt = house.attempts(captured.deliveries[0]).await.remove(0);
    assert_eq!(
        (attempt.body.rule, attempt.body.reason.as_deref()),
        (Some(0), Some("they have it"))
    );
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let house = House::open().await;
    let there = house.sandbox.url("/there");
    house.sandbox.set_rule("/moved", Reply::redirect(&there)).unwrap();
    let moved = house.destination("/moved", json!({})).await;
    let delivery = house.lead(moved).await;
    let row = house.until_state(delivery, "failed").await;
    assert_eq!(row.verdict.as_deref(), Some("unmatched"));
    let attempt = house.attempts(delivery).await.remove(0);
    assert!(attempt.body.answer_headers.contains(&("location".to_owned(), there)));
    assert_eq!(house.sandbox.received_count(), 1);
}

#[tokio::test]
async fn settings_that_cannot_work_fail_at_once_and_a_resend_after_mending_works() {
    let house = House::open().await;
    let broken = json!({"settings": {"url": "https://[not a url"}});
    let destination = house.destination("/mended", broken).await;
    let delivery = house.lead(destination).await;
    let row = house.until_state(delivery, "failed").await;
    assert_eq!((row.verdict.as_deref(), row.attempts), (Some("blocked"), 1));
    assert!(row.note.unwrap().contains("url"));
    assert_eq!(house.sandbox.received_count(), 0);
    house.write_destination(destination, "/mended", json!({}), Expect::Any).await;
    let resent = house.store.workspace(house.workspace).resend(delivery).await.unwrap();
    house.until_state(resent, "accepted").await;
}

#[tokio::test]
async fn wrong_credentials_hold_one_lead_and_spare_the_others() {
    let house = House::open().await;
    house.sandbox.set_rule("/locked", Reply::status(401)).unwrap();
    let locked = house.destination("/locked", json!({})).await;
    let first = house.lead(locked).await;
    house.until_state(first, "held").await;
    let open = || async { house.engine().stats().breakers_open == 1 };
    house.until_ticking("left alone", 0, open).await;
    let waiting = house.lead(locked).await;
    let witness = house.destination("/open", json!({})).await;
    let witness = house.lead(witness).await;
    house.until_state(witness, "accepted").await;
    assert_eq!(house.delivery(waiting).await.attempts, 0);
    // The person changes the destination: no probe is waited for.
    house.write_destination(locked, "/mended", json!({}), Expect::Any).await;
    house.until_state(waiting, "accepted").await;
    house.store.workspace(house.workspace).release_held(locked).await.unwrap();
    house.until_state(first, "accepted").await;
    let last = house.sandbox.received().pop().unwrap();
    assert_eq!(last.path, "/mended", "what is let go goes by the mended settings");
    assert_eq!(last.header("webhook-id"), Some(first.to_string().as_str()));
}

#[tokio::test]
async fn a_silent_receiver_is_tried_again_with_the_same_id() {
    let house = House::open().await;
    let steps = vec![Behaviour::Hang, Behaviour::Reply(Reply::status(200))];
    house.sandbox.set_rule("/silent", Behaviour::Sequence(steps)).unwrap();
    let silent = house.destination("/silent", json!({"timeout_ms": 200})).await;
    let delivery = house.lead(silent).await;
    let row = house.until_attempts(delivery, 1).await;
    assert_eq!(row.verdict.as_deref(), Some("unknown"));
    let attempt = house.attempts(delivery).await.remove(0);
    assert_eq!(attempt.body.fault.unwrap().0, "timeout");
    house.clock.advance(MINUTE);
    house.until_state(delivery, "accepted").await;
    let ids: Vec<_> = house.sandbox.received();
    assert_eq!(ids[0].header("webhook-id"), ids[1].header("webhook-id"));
}

/// A destination that reads `dup` as a duplicate and waits 200 ms for answers.
async fn tells_duplicates(house: &House, path: &str, steps: Vec<Behaviour>) -> DestinationId {
    house.sandbox.set_rule(path, Behaviour::Sequence(steps)).unwrap();
    let rules = json!([{"match": "word", "value": "dup", "verdict": "duplicate"}]);
    house.destination(path, json!({"timeout_ms": 200, "responses": rules})).await
}

#[tokio::test]
async fn a_duplicate_after_a_lost_answer_was_delivered_by_it() {
    let house = House::open().await;
    let dup = || Behaviour::Reply(Reply::status(200).body("dup"));
    let down = Behaviour::Reply(Reply::status(503));
    let silent = tells_duplicates(&house, "/silent", vec![Behaviour::Hang, down, dup()]).await;
    let lost = house.lead(silent).await;
    for n in 1..=2 {
        house.until_attempts(lost, n).await;
        house.clock.advance(60 * MINUTE);
    }
    house.until_state(lost, "accepted").await;
    let attempt = house.attempts(lost).await.remove(2);
    assert_eq!(attempt.verdict, "accepted");
    let decided_by = "rule 1 (word `dup`), after an attempt without an answer";
    assert_eq!(attempt.body.decided_by, decided_by);

    // One that had it from somebody else, even where it was once too busy to take it.
    let busy = vec![Behaviour::Reply(Reply::status(503)), dup()];
    let crm = tells_duplicates(&house, "/crm", busy).await;
    let known = house.lead(crm).await;
    house.until_attempts(known, 1).await;
    house.clock.advance(60 * MINUTE);
    house.until_state(known, "rejected").await;
    assert_eq!(house.delivery(known).await.verdict.as_deref(), Some("duplicate"));
}

#[tokio::test]
async fn a_duplicate_after_a_resend_was_delivered_by_what_is_resent() {
    let house = House::open().await;
    let dup = Behaviour::Reply(Reply::status(200).body("dup"));
    let silent = tells_duplicates(&house, "/silent", vec![Behaviour::Hang, dup]).await;
    let lost = house.lead(silent).await;
    house.until_attempts(lost, 1).await;
    let workspace = house.store.workspace(house.workspace);
    let resent = workspace.resend(lost).await.unwrap();
    house.until_state(resent, "accepted").await;
}

#[tokio::test]
async fn what_waits_for_a_deleted_destination_is_called_off() {
    let house = House::open().await;
    house.sandbox.set_rule("/down", Reply::status(500)).unwrap();
    let down = house.destination("/down", json!({})).await;
    let delivery = house.lead(down).await;
    house.until_attempts(delivery, 1).await;
    house.sandbox.set_rule("/locked", Reply::status(401)).unwrap();
    let locked = house.destination("/locked", json!({})).await;
    let held = house.lead(locked).await;
    house.until_state(held, "held").await;
    house.delete_destination(down).await;
    house.delete_destination(locked).await;
    for delivery in [delivery, held] {
        house
            .until_ticking("cancelled", 1_000, || async {
                house.delivery(delivery).await.state == DeliveryState::Cancelled
            })
            .await;
        assert!(house.delivery(delivery).await.note.unwrap().contains("deleted"));
    }
    assert_eq!(house.deliveries_to(down.uuid()).await.len(), 1);
}

#[tokio::test]
async fn what_became_of_deliveries_is_counted_without_secrets_and_answers_are_kept() {
    let house = House::open().await;
    let secret = house_secret();
    let no = format!(r#"{{"outcome":"no","why":"dup of 1234567, key {secret}"}}"#);
    house.sandbox.set_rule("/counted", Reply::status(200).body(no)).unwrap();
    let rules = json!([{"match": "json_path", "path": "$.outcome", "value": "no",
        "verdict": "duplicate", "extract": {"reason": {"json_path": "$.why"}}}]);
    let destination = house.destination("/counted", json!({"responses": rules})).await;
    let refused = house.lead(destination).await;
    house.until_state(refused, "rejected").await;
    house.sandbox.set_rule("/counted", Reply::status(200).body("what?")).unwrap();
    let unmatched = house.lead(destination).await;
    house.until_state(unmatched, "failed").await;
    let workspace = house.store.workspace(house.workspace);
    let hours = Hours::around(house.now().plus_ms(-MINUTE), house.now().plus_ms(MINUTE));
    let counts = workspace.refusal_counts(hours, None).await.unwrap();
    let mut found: Vec<_> =
        counts.iter().map(|c| (c.verdict.as_str(), c.reason.text.as_str(), c.count)).collect();
    found.sort_unstable();
    let masked = format!("dup of # key {MASK}");
    let expect = [("duplicate", masked.as_str(), 1), ("unmatched", "no response rule matches", 1)];
    assert_eq!(found, expect);
    let answers = workspace.unmatched_answers(destination, Millis(0), 10).await.unwrap();
    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].delivery, answers[0].head.as_slice()), (unmatched, &b"what?"[..]));
}

#[tokio::test]
async fn a_hook_ends_when_its_receiver_says_it_is_gone() {
    let house = House::open().await;
    house.sandbox.set_rule("/hook", Reply::status(410)).unwrap();
    let hook = house.subscription("/hook", json!({"hook": true})).await;
    let witness = house.destination("/witness", json!({})).await;
    house.lead(witness).await;
    house
        .until("the hook is gone", || async {
            !house.store.snapshot().subscriptions.contains_key(&hook)
        })
        .await;
    let workspace = house.store.workspace(house.workspace);
    assert!(workspace.was_deleted(DocKind::Subscription, hook.uuid()).await.unwrap());
}

fn house_secret() -> String {
    crate::house::signing()[baton_domain::secret::SIGNING].reveal().to_owned()
}
