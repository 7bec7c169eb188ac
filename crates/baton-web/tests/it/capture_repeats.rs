//! `Idempotency-Key`: a repeated request gets the same bytes and makes nothing.

use crate::app::{KEY, Reply, TestApp, duplicates};
use baton_domain::config::SourceKind;
use serde_json::{Value, json};
use std::collections::HashSet;

async fn post(app: &TestApp, key: &str, lead: Value) -> Reply {
    app.post(&app.inbound(), &[("idempotency-key", key)], lead).await
}

#[tokio::test]
async fn fifty_at_once_make_one_lead() {
    let app = TestApp::start().await;
    let lead = json!({"email": "jane@example.com"});
    let posts = (0..50).map(|_| post(&app, "k", lead.clone()));
    let replies = futures_util::future::join_all(posts).await;
    assert!(replies.iter().all(|r| r.status == 201));
    let bodies: HashSet<_> = replies.iter().map(|r| r.body.clone()).collect();
    assert_eq!(bodies.len(), 1);
    let fresh = replies.iter().filter(|r| r.header("idempotent-replayed").is_none()).count();
    assert_eq!(fresh, 1);
    assert_eq!(app.leads().await.len(), 1);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let app = TestApp::start().await;
    post(&app, "k", json!({"email": "jane@example.com"})).await.created("received");
    let other = post(&app, "k", json!({"email": "john@example.com"})).await;
    other.problem(422, "idempotency_mismatch");
    assert_eq!(app.leads().await.len(), 1);
    // Keys belong to their source.
    let (_, webhook) = app.add_source(SourceKind::Endpoint).await;
    let path = format!("/api/inbound/w/{webhook}/leads");
    let lead = json!({"email": "john@example.com"});
    app.post(&path, &[("idempotency-key", "k")], lead).await.created("received");
}

#[tokio::test]
async fn refusals_are_repeated_byte_for_byte() {
    let rule = json!({"fields": ["email"]});
    let app = TestApp::with(|seed| seed.campaign.duplicates = duplicates(rule)).await;
    app.capture(json!({"email": "jane@example.com"})).await.created("received");
    for (key, lead, status) in [
        ("invalid", json!({"email": "nobody"}), 422),
        ("duplicate", json!({"email": "jane@example.com"}), 409),
    ] {
        let first = post(&app, key, lead.clone()).await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (status, None));
        // Neither a later change of the fields nor the time changes what was said.
        app.change_campaign(|c| c.fields.retain(|f| f.name != "email")).await;
        app.clock.advance_ms(1_000);
        let again = post(&app, key, lead).await;
        assert_eq!((again.status, &again.body), (status, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    assert_eq!(app.leads().await.len(), 3);
}

#[tokio::test]
async fn pause_does_not_change_what_was_answered() {
    let app = TestApp::start().await;
    let lead = json!({"email": "jane@example.com"});
    let first = post(&app, "k", lead.clone()).await;
    app.change_campaign(|c| c.paused = true).await;
    let again = post(&app, "k", lead.clone()).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    post(&app, "k", json!({"email": "john@example.com"}))
        .await
        .problem(422, "idempotency_mismatch");
    // What was refused because of the pause may be tried again after it.
    post(&app, "new", lead.clone()).await.problem(409, "campaign_paused");
    app.change_campaign(|c| c.paused = false).await;
    post(&app, "new", lead).await.created("received");
}

#[tokio::test]
async fn keys_must_be_readable_and_short() {
    let app = TestApp::start().await;
    let lead = json!({"email": "jane@example.com"});
    for key in ["", &"k".repeat(256)] {
        post(&app, key, lead.clone()).await.problem(400, "invalid_header");
    }
    post(&app, &"k".repeat(255), lead).await.created("received");
}

#[tokio::test]
async fn api_keys_have_their_own_idempotency_keys() {
    let app = TestApp::start().await;
    app.add_key(app.workspace, "second", baton_domain::config::Scope::ALL.to_vec()).await;
    let path = format!("/api/inbound/{}/leads", app.workspace);
    let mut ids = HashSet::new();
    for key in [KEY, "second", KEY] {
        let auth = format!("Bearer {key}");
        let headers = [("authorization", auth.as_str()), ("idempotency-key", "k")];
        let lead = json!({"email": "jane@example.com"});
        ids.insert(app.post(&path, &headers, lead).await.created("received"));
    }
    assert_eq!(ids.len(), 2);
}
