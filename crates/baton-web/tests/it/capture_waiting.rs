//! Sources that wait for the outcome. The engine is played by the test: it claims and finishes.

use crate::app::TestApp;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::TypedId;
use baton_domain::verdict::Verdict;
use baton_store::{AttemptRecord, Claim, Finish, LaneRoom};
use serde_json::{Value, json};
use uuid::Uuid;

/// Takes the one due delivery, whenever it comes, and ends it.
async fn answer(app: &TestApp, verdict: Verdict, state: DeliveryState, extracted: Value) {
    let lane = app.destinations[0].uuid();
    let token = Uuid::from_u128(1);
    let delivery = loop {
        let claim = Claim {
            lanes: vec![LaneRoom { lane, first: 1, retry: 1, total: 1 }],
            now: app.store.now(),
            lease_until: app.store.now().plus_ms(45_000),
            token,
        };
        match app.store.claim(claim).await.unwrap().deliveries.pop() {
            Some(delivery) => break delivery,
            None => app.store.hints().lanes_changed().await,
        }
    };
    let attempt = AttemptRecord {
        n: 1,
        started_at: app.store.now(),
        verdict,
        decided_by: "test".to_owned(),
        rule: None,
        reason: None,
        status: Some(200),
        fault: None,
        sent_headers: Vec::new(),
        answer_headers: Vec::new(),
        answer: Vec::new(),
        answer_cut: false,
        phases: Default::default(),
        extracted: Some(extracted.to_string().into_bytes()),
        steps: Vec::new(),
        question: None,
        sent: None,
    };
    let finish = Finish {
        workspace: app.workspace,
        delivery: delivery.id,
        token,
        lead: delivery.lead,
        now: app.store.now(),
        attempt: Some(attempt),
        request: None,
        state,
        next_at: None,
        question: false,
        answered: None,
        lead_fields: None,
        note: None,
        lead_delivered: state == DeliveryState::Accepted,
        followups: Vec::new(),
        events: Vec::new(),
        disable: None,
        tally: None,
    };
    assert!(app.store.finish(finish).await.unwrap());
}

#[tokio::test]
async fn acceptance_comes_with_price_and_redirect() {
    let app = TestApp::with(|seed| seed.source.wait_ms = Some(20_000)).await;
    let extracted = json!({"price": "25.50", "redirect_url": "https://buyer.example/thanks"});
    let (reply, ()) = tokio::join!(
        app.capture(json!({"email": "jane@example.com"})),
        answer(&app, Verdict::Accepted, DeliveryState::Accepted, extracted)
    );
    let body = reply.json();
    assert_eq!((reply.status, &body["outcome"]), (201, &json!("accepted")), "{body}");
    assert_eq!(body["price"], "25.50");
    assert_eq!(body["redirect_url"], "https://buyer.example/thanks");
}

#[tokio::test]
async fn an_outcome_of_which_no_hint_comes_is_found() {
    let app = TestApp::with(|seed| seed.source.wait_ms = Some(20_000)).await;
    let lead = json!({"email": "jane@example.com"});
    let answered = async {
        // The lead is there; from now on nobody is told of anything.
        while app.leads().await.is_empty() {
            tokio::task::yield_now().await;
        }
        app.store.hints().lose_all();
        answer(&app, Verdict::Accepted, DeliveryState::Accepted, json!({"price": "25.50"})).await;
    };
    let (reply, ()) = tokio::join!(app.capture(lead), answered);
    assert_eq!(reply.json()["price"], "25.50");
}

#[tokio::test]
async fn refusal_is_told_and_brings_nobody_anywhere() {
    let app = TestApp::with(|seed| seed.source.wait_ms = Some(20_000)).await;
    let extracted = json!({"redirect_url": "https://buyer.example/sorry"});
    let (reply, ()) = tokio::join!(
        app.capture(json!({"email": "jane@example.com"})),
        answer(&app, Verdict::Rejected, DeliveryState::Rejected, extracted)
    );
    let body = reply.json();
    assert_eq!((reply.status, &body["outcome"]), (201, &json!("rejected")), "{body}");
    assert_eq!(body["redirect_url"], Value::Null);
}

#[tokio::test]
async fn redirect_that_is_no_web_page_is_left_out() {
    let app = TestApp::with(|seed| seed.source.wait_ms = Some(20_000)).await;
    let extracted = json!({"price": "lots", "redirect_url": "javascript:alert(1)"});
    let (reply, ()) = tokio::join!(
        app.capture(json!({"email": "jane@example.com"})),
        answer(&app, Verdict::Accepted, DeliveryState::Accepted, extracted)
    );
    let body = reply.json();
    assert_eq!((&body["redirect_url"], &body["price"]), (&Value::Null, &Value::Null), "{body}");
}

#[tokio::test]
async fn deadline_without_an_outcome_is_pending() {
    let app = TestApp::with(|seed| seed.source.wait_ms = Some(50)).await;
    let body = app.capture(json!({"email": "jane@example.com"})).await.json();
    assert_eq!((&body["outcome"], &body["state"]), (&json!("pending"), &json!("received")));
}

#[tokio::test]
async fn nobody_to_wait_for_is_no_wait() {
    let app = TestApp::with(|seed| {
        seed.source.wait_ms = Some(60_000);
        seed.destinations.clear();
    })
    .await;
    let body = app.capture(json!({"email": "jane@example.com"})).await.json();
    assert_eq!(body["outcome"], "pending");
}

#[tokio::test]
async fn completed_partial_lead_is_waited_for_under_its_own_id() {
    let app = TestApp::with(|seed| seed.source.wait_ms = Some(20_000)).await;
    let part = json!({"partial": true, "lead_key": "k", "first_name": "J"});
    let first = app.capture(part).await;
    let id = first.created("partial");
    assert_eq!(first.json().get("outcome"), None);
    let (reply, ()) = tokio::join!(
        app.capture(json!({"lead_key": "k", "email": "jane@example.com"})),
        answer(&app, Verdict::Accepted, DeliveryState::Accepted, json!({}))
    );
    let body = reply.json();
    assert_eq!((body["id"].as_str(), &body["outcome"]), (Some(&*id), &json!("accepted")));
}
