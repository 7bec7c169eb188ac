//! Connectors that need more than one exchange: a token, a bid, questions about a queued lead.

use crate::house::{House, MINUTE};
use baton_domain::id::TypedId;
use baton_domain::lead::LeadState;
use baton_sandbox::{Behaviour, Received, Reply};
use baton_store::StepKind;
use baton_store::docs::Expect;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const SECOND: i64 = 1_000;

fn reply(body: &Value) -> Reply {
    Reply::status(200).body(body.to_string())
}

fn steps(replies: Vec<Reply>) -> Behaviour {
    Behaviour::Sequence(replies.into_iter().map(Behaviour::Reply).collect())
}

fn to(house: &House, path: &str) -> Vec<Arc<Received>> {
    house.sandbox.received().into_iter().filter(|r| r.path == path).collect()
}

fn token(n: u32, lasts_s: i64) -> Reply {
    reply(&json!({"access_token": format!("secret-token-{n}"), "expires_in": lasts_s}))
}

#[tokio::test]
async fn one_token_serves_all_until_it_ends_and_is_stored_nowhere() {
    let house = House::open().await;
    let tokens = steps(vec![token(1, 600), token(2, 600)]);
    house.sandbox.set_rule("/keyed/token", tokens).unwrap();
    let keyed = house.at("keyed", "/keyed", json!({})).await;
    let mut deliveries = Vec::new();
    for _ in 0..12 {
        deliveries.push(house.lead(keyed).await);
    }
    for delivery in &deliveries {
        house.until_state(*delivery, "accepted").await;
    }
    assert_eq!(to(&house, "/keyed/token").len(), 1, "fetched once for all");
    let bearers: Vec<_> = to(&house, "/keyed/leads")
        .iter()
        .map(|r| r.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(bearers, vec!["Bearer secret-token-1"; 12]);
    let mut fetched = 0;
    for delivery in &deliveries {
        let workspace = house.store.workspace(house.workspace);
        let stored = workspace.request(*delivery, 1).await.unwrap().unwrap();
        let shown = format!("{:?} {:?}", stored.request.headers, house.attempts(*delivery).await);
        assert!(!shown.contains("secret-token"), "{shown}");
        fetched += house.attempts(*delivery).await[0].body.steps.len();
    }
    assert_eq!(fetched, 1, "the attempt that fetched it shows it");
    // A minute before its end it is fetched anew.
    house.clock.advance(9 * MINUTE);
    let later = house.lead(keyed).await;
    house.until_state(later, "accepted").await;
    let last = to(&house, "/keyed/leads").pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer secret-token-2"));
    assert_eq!(to(&house, "/keyed/token").len(), 2);
    let step = house.attempts(later).await[0].body.steps.remove(0);
    assert_eq!((step.kind, step.status), (StepKind::Token, Some(200)));
    assert!(step.phases.total_us > 0 && step.request.is_none() && step.answer.is_none());
}

#[tokio::test]
async fn a_stale_token_is_refreshed_once_and_spends_no_attempt() {
    let house = House::open().await;
    house.sandbox.set_rule("/keyed/token", steps(vec![token(1, 600), token(2, 600)])).unwrap();
    let refused = Reply::status(401).body("secret-token-1 is over");
    let answers = steps(vec![refused, Reply::status(200)]);
    house.sandbox.set_rule("/keyed/leads", answers).unwrap();
    let keyed = house.at("keyed", "/keyed", json!({})).await;
    let delivery = house.lead(keyed).await;
    let row = house.until_state(delivery, "accepted").await;
    assert_eq!(row.attempts, 1);
    let sent: Vec<_> = to(&house, "/keyed/leads");
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!(sent[1].header("authorization"), Some("Bearer secret-token-2"));
    let attempt = house.attempts(delivery).await.remove(0);
    let kinds: Vec<_> = attempt.body.steps.iter().map(|s| (s.kind, s.status.unwrap())).collect();
    let expect = [(StepKind::Token, 200), (StepKind::Refused, 401), (StepKind::Token, 200)];
    assert_eq!(kinds, expect);

    // One that is refused again is a matter of credentials.
    house.sandbox.set_rule("/keyed/leads", Reply::status(401)).unwrap();
    let held = house.lead(keyed).await;
    let row = house.until_state(held, "held").await;
    assert_eq!((row.attempts, row.verdict.as_deref()), (1, Some("auth_or_config")));
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_attempt_says_why() {
    let house = House::open().await;
    house.sandbox.set_rule("/keyed/token", steps(vec![Reply::status(503), token(1, 600)])).unwrap();
    let keyed = house.at("keyed", "/keyed", json!({})).await;
    let delivery = house.lead(keyed).await;
    let row = house.until_attempts(delivery, 1).await;
    assert_eq!((row.state.as_str(), row.verdict.as_deref()), ("retrying", Some("transient")));
    assert!(to(&house, "/keyed/leads").is_empty());
    let attempt = house.attempts(delivery).await.remove(0);
    assert_eq!(attempt.body.decided_by, "token: http 503");
    assert_eq!(attempt.body.steps[0].status, Some(503));
    house.clock.advance(MINUTE);
    house.until_state(delivery, "accepted").await;
    house.sandbox.set_rule("/keyed/token", Reply::status(400)).unwrap();
    house.clock.advance(20 * MINUTE);
    let refused = house.lead(keyed).await;
    house.until_state(refused, "held").await;
}

#[tokio::test]
async fn a_bid_comes_before_the_lead_and_both_are_on_record() {
    let house = House::open().await;
    let bid = json!({"status": "yes", "id": "b-7", "price": "12.50"});
    house.sandbox.set_rule("/b/ping", reply(&bid)).unwrap();
    let bidding = house.at("bidding", "/b", json!({})).await;
    let captured = house.capture(LeadState::Received, &[bidding]).await;
    let delivery = captured.deliveries[0];
    house.until_state(delivery, "accepted").await;
    let ping = to(&house, "/b/ping").remove(0);
    let asked: Value = serde_json::from_slice(&ping.body).unwrap();
    assert_eq!(asked, json!({"first_name": "Jane"}), "nothing that says who the person is");
    let posted: Value = serde_json::from_slice(&to(&house, "/b/post")[0].body).unwrap();
    assert_eq!((&posted["ping_id"], &posted["email"]), (&json!("b-7"), &json!("jane@example.com")));
    let attempt = house.attempts(delivery).await.remove(0);
    assert_eq!(attempt.body.extracted["price"], "12.50", "the bid's price is the price");
    let step = &attempt.body.steps[0];
    assert_eq!((step.kind, step.status), (StepKind::Ping, Some(200)));
    assert!(step.request.as_ref().unwrap().body.contains("Jane"));
    assert!(step.answer.as_ref().unwrap().contains("b-7"));
    let stored =
        house.store.workspace(house.workspace).request(delivery, 1).await.unwrap().unwrap();
    assert!(stored.request.url.ends_with("/b/post"));
}

#[tokio::test]
async fn without_a_bid_the_lead_stays_here() {
    let house = House::open().await;
    house.sandbox.set_rule("/b/ping", reply(&json!({"status": "no"}))).unwrap();
    let bidding = house.at("bidding", "/b", json!({})).await;
    let delivery = house.lead(bidding).await;
    let row = house.until_state(delivery, "rejected").await;
    assert_eq!(row.attempts, 1);
    assert!(house.attempts(delivery).await[0].body.decided_by.starts_with("ping: rule 2"));
    // Nobody knows what became of the ping: it is asked again, as nobody was sold anything.
    let bids = vec![
        Behaviour::Reset,
        Behaviour::Reply(reply(&json!({"status": "yes", "id": "b-8"}))),
        Behaviour::Reply(reply(&json!({"status": "yes", "id": "b-9"}))),
    ];
    house.sandbox.set_rule("/b/ping", Behaviour::Sequence(bids)).unwrap();
    house.sandbox.set_rule("/b/post", steps(vec![Reply::status(500), Reply::status(200)])).unwrap();
    let delivery = house.lead(bidding).await;
    let row = house.until_attempts(delivery, 1).await;
    assert_eq!(row.verdict.as_deref(), Some("transient"));
    house.clock.advance(MINUTE);
    house.until_attempts(delivery, 2).await;
    house.clock.advance(5 * MINUTE);
    house.until_state(delivery, "accepted").await;
    let last: Value = serde_json::from_slice(&to(&house, "/b/post")[1].body).unwrap();
    assert_eq!(last["ping_id"], "b-9", "each attempt asks for a bid of its own");

    let direct = json!({"settings": {"base_url": house.sandbox.url("/d"), "bid": false}});
    let direct = house.at("bidding", "/d", direct).await;
    let delivery = house.lead(direct).await;
    house.until_state(delivery, "accepted").await;
    assert_eq!(to(&house, "/d/direct").len(), 1);
}

#[tokio::test]
async fn a_queued_lead_is_asked_after_on_time_until_it_is_settled() {
    let mut house = House::open().await;
    let queued = json!({"status": "queued", "queue": "q-1"});
    house.sandbox.set_rule("/q/leads", reply(&queued)).unwrap();
    let pending = reply(&json!({"status": "pending"}));
    let ok = reply(&json!({"status": "ok", "id": "77", "price": "3.00"}));
    let answers = steps(vec![pending.clone(), Reply::status(500), ok]);
    house.sandbox.set_rule("/q/queue/q-1", answers).unwrap();
    let next = house.destination("/next", json!({"failover_only": true})).await;
    let queueing = house.at("queueing", "/q", json!({"linked": {"on_success": [next]}})).await;
    let captured = house.capture(LeadState::Received, &[queueing]).await;
    let delivery = captured.deliveries[0];
    let row = house.until_state(delivery, "queued").await;
    assert_eq!(row.next_attempt_at, Some(house.now().plus_ms(10 * SECOND)));
    assert_eq!(house.events(captured.lead).await, ["lead.created"]);
    for asked in 1..=2 {
        house.clock.advance(10 * SECOND - 1);
        let witness = house.lead(next).await;
        house.until_state(witness, "accepted").await;
        assert_eq!(house.delivery(delivery).await.asked, asked - 1);
        if asked == 2 {
            // What is due survives a restart.
            house.stop(Duration::from_secs(1)).await;
            house.start().await;
        }
        house.clock.advance(1);
        house.until("asked", || async { house.delivery(delivery).await.asked == asked }).await;
        let row = house.delivery(delivery).await;
        assert_eq!((row.state.as_str(), row.attempts), ("queued", 1));
        assert_eq!(row.verdict.as_deref(), Some("queued"));
    }
    house.clock.advance(10 * SECOND);
    let row = house.until_state(delivery, "accepted").await;
    assert_eq!((row.attempts, row.asked, row.next_attempt_at), (1, 3, None));
    let lead = house.store.workspace(house.workspace).lead(captured.lead).await.unwrap().unwrap();
    assert_eq!(lead.state, LeadState::Delivered);
    let log = house.attempts(delivery).await;
    let questions: Vec<_> = log.iter().map(|a| (a.n, a.body.question)).collect();
    assert_eq!(questions, [(1, None), (1, Some(2)), (1, Some(3))], "what told something is kept");
    assert_eq!(log[2].body.extracted["price"], "3.00");
    assert!(log[2].body.sent.as_ref().unwrap().url.ends_with("/q/queue/q-1"));
    let linked = house.deliveries_to(next.uuid()).await;
    let linked: Vec<_> = linked.iter().filter(|d| d.parent == Some(delivery)).collect();
    assert_eq!(linked.len(), 1, "linked once it is accepted");
    house.until_state(linked[0].id, "accepted").await;
    let events = house.events(captured.lead).await;
    assert_eq!(events, ["lead.created", "delivery.succeeded", "delivery.succeeded"]);
}

#[tokio::test]
async fn a_queue_that_says_no_rejects_and_one_that_never_decides_is_left() {
    let house = House::open().await;
    house.sandbox.set_rule("/q/leads", reply(&json!({"status": "queued", "queue": "q"}))).unwrap();
    house.sandbox.set_rule("/q/queue/q", reply(&json!({"status": "no"}))).unwrap();
    let queueing = house.at("queueing", "/q", json!({})).await;
    let captured = house.capture(LeadState::Received, &[queueing]).await;
    house.until_state(captured.deliveries[0], "queued").await;
    house.clock.advance(10 * SECOND);
    house.until_state(captured.deliveries[0], "rejected").await;
    assert_eq!(house.events(captured.lead).await, ["lead.created", "delivery.rejected"]);

    house.sandbox.set_rule("/q/queue/q", reply(&json!({"status": "pending"}))).unwrap();
    let captured = house.capture(LeadState::Received, &[queueing]).await;
    let delivery = captured.deliveries[0];
    house.until_state(delivery, "queued").await;
    for asked in 1..=6 {
        house.clock.advance(10 * SECOND);
        house.until("asked", || async { house.delivery(delivery).await.asked == asked }).await;
    }
    let row = house.delivery(delivery).await;
    assert_eq!((row.state.as_str(), row.next_attempt_at), ("queued", None));
    assert!(row.note.unwrap().contains("had not decided after 6 questions"));
    assert_eq!(house.events(captured.lead).await, ["lead.created", "delivery.succeeded"]);
}

#[tokio::test]
async fn nobody_is_asked_while_the_destination_is_off_and_somebody_is_afterwards() {
    let house = House::open().await;
    house.sandbox.set_rule("/q/leads", reply(&json!({"status": "queued", "queue": "q"}))).unwrap();
    let queueing = house.at("queueing", "/q", json!({})).await;
    let witness = house.destination("/w", json!({})).await;
    let delivery = house.lead(queueing).await;
    house.until_state(delivery, "queued").await;
    let body = |disabled: Value| {
        json!({"connector": "queueing", "settings": {"base_url": house.sandbox.url("/q")},
               "disabled": disabled})
    };
    house.write_destination(queueing, "/q", body(json!("by hand")), Expect::Any).await;
    // Longer than the receiver would be asked at all.
    house.clock.advance(10 * MINUTE);
    let seen = house.lead(witness).await;
    house.until_state(seen, "accepted").await;
    assert!(to(&house, "/q/queue/q").is_empty());
    assert_eq!(house.delivery(delivery).await.asked, 0);
    house.sandbox.set_rule("/q/queue/q", reply(&json!({"status": "ok", "id": "77"}))).unwrap();
    house.write_destination(queueing, "/q", body(Value::Null), Expect::Any).await;
    let row = house.until_state(delivery, "accepted").await;
    assert_eq!(row.asked, 1);
}

#[tokio::test]
async fn a_connector_that_must_not_send_twice_leaves_the_unknown_to_a_person() {
    let house = House::open().await;
    house.sandbox.set_rule("/c", Behaviour::Hang).unwrap();
    let careful = house.at("careful", "/c", json!({"timeout_ms": 200})).await;
    let captured = house.capture(LeadState::Received, &[careful]).await;
    let row = house.until_state(captured.deliveries[0], "unknown").await;
    assert_eq!((row.attempts, row.next_attempt_at), (1, None));
    assert!(row.note.unwrap().contains("before you resend"));
    assert_eq!(house.events(captured.lead).await, ["lead.created", "delivery.failed"]);
}
