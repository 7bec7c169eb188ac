//! Repeated and colliding requests: idempotency keys, versions.

use crate::api_client::{Api, id};
use crate::app::TestApp;
use serde_json::{Value, json};

fn creations(app: &TestApp, delivery: &str) -> Vec<(String, Value)> {
    let campaign = app.campaign;
    let at = |path: &str| format!("/api/v1/{path}");
    vec![
        (at("campaigns"), json!({"name": "Once", "reference": "ONCE"})),
        (at("sources"), json!({"campaign_id": campaign, "name": "S", "require_signature": true})),
        (
            at("destinations"),
            json!({"campaign_id": campaign, "connector": "webhook", "name": "D",
                "settings": {"url": "https://a.example/"}}),
        ),
        (at("webhooks"), json!({"url": "https://a.example/"})),
        (at("keys"), json!({"name": "k", "scopes": ["leads:write"]})),
        (at(&format!("deliveries/{delivery}/resend")), json!({})),
    ]
}

async fn delivery(app: &TestApp) -> String {
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    app.deliveries(&lead).await[0].0.to_string()
}

#[tokio::test]
async fn a_repeated_creation_gives_the_same_bytes() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let delivery = delivery(&app).await;
    for (at, (path, body)) in creations(&app, &delivery).into_iter().enumerate() {
        let key = format!("key-{at}");
        let headers = [("idempotency-key", key.as_str())];
        let first = api.call("POST", &path, &headers, Some(&body)).await;
        assert_eq!(first.status, 201, "{path}: {}", first.json());
        assert_eq!(first.header("idempotent-replayed"), None, "{path}");
        app.clock.advance_ms(1_000);
        let again = api.call("POST", &path, &headers, Some(&body)).await;
        assert_eq!((again.status, &again.body), (201, &first.body), "{path}");
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
        assert_eq!(again.header("etag"), first.header("etag"), "{path}");
        let mut other = body.clone();
        other["name"] = "another".into();
        let other = api.call("POST", &path, &headers, Some(&other)).await;
        other.problem(422, "idempotency_mismatch");
    }
    let campaigns = api.read("/api/v1/campaigns").await;
    let once = campaigns["data"].as_array().unwrap().iter().filter(|c| c["name"] == "Once");
    assert_eq!(once.count(), 1);
    // The same key and body at another place is another request.
    let headers = [("idempotency-key", "key-3")];
    let body = json!({"url": "https://a.example/"});
    let elsewhere = api.call("POST", "/api/v1/campaigns", &headers, Some(&body)).await;
    elsewhere.problem(422, "idempotency_mismatch");
}

#[tokio::test]
async fn many_at_once_make_one() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let delivery = delivery(&app).await;
    for (at, (path, body)) in creations(&app, &delivery).into_iter().enumerate() {
        let key = format!("key-{at}");
        let headers = [("idempotency-key", key.as_str())];
        let call = || api.call("POST", &path, &headers, Some(&body));
        let replies = futures_util::future::join_all((0..10).map(|_| call())).await;
        for reply in &replies {
            assert_eq!((reply.status, &reply.body), (201, &replies[0].body), "{path}");
        }
        let replayed = replies.iter().filter(|r| r.header("idempotent-replayed").is_some());
        assert_eq!(replayed.count(), 9, "{path}");
    }
}

#[tokio::test]
async fn keys_of_idempotency_belong_to_their_api_key() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let all = json!({"name": "k", "scopes": ["config:write"]});
    let second = api.make("/api/v1/keys", all).await;
    let second = Api::with_key(&app, second["key"].as_str().unwrap());
    let headers = [("idempotency-key", "same")];
    let body = json!({"name": "A"});
    let one = api.call("POST", "/api/v1/campaigns", &headers, Some(&body)).await.json();
    let two = second.call("POST", "/api/v1/campaigns", &headers, Some(&body)).await.json();
    assert_ne!(one["id"], two["id"]);
    for bad in ["", "x".repeat(256).as_str()] {
        let headers = [("idempotency-key", bad)];
        let refused = api.call("POST", "/api/v1/campaigns", &headers, Some(&body)).await;
        refused.problem(400, "invalid_header");
    }
}

#[tokio::test]
async fn a_change_of_what_was_not_read_is_refused() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.make("/api/v1/webhooks", json!({"url": "https://a.example/"})).await;
    let path = format!("/api/v1/webhooks/{}", id(&made));
    let change = json!({"description": "mine"});
    let with = async |method: &str, path: &str, tag: &str, body: Option<&Value>| {
        api.call(method, path, &[("if-match", tag)], body).await
    };
    assert_eq!(with("PATCH", &path, "\"1\"", Some(&change)).await.status, 200);
    let refused = with("PATCH", &path, "\"1\"", Some(&change)).await;
    assert_eq!(refused.problem(412, "precondition_failed")["current_version"], json!(2));
    let pause = format!("{path}/pause");
    with("POST", &pause, "\"1\"", Some(&json!({}))).await.problem(412, "precondition_failed");
    with("DELETE", &path, "\"1\"", None).await.problem(412, "precondition_failed");
    with("PATCH", &path, "2", Some(&change)).await.problem(400, "invalid_header");
    assert_eq!(with("PATCH", &path, "*", Some(&change)).await.status, 200);
    assert_eq!(with("PATCH", &path, "\"1\", \"3\"", Some(&change)).await.status, 200);
    assert_eq!(with("DELETE", &path, "\"4\"", None).await.status, 204);
}

#[tokio::test]
async fn changes_at_once_lose_nothing() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.make("/api/v1/webhooks", json!({"url": "https://a.example/"})).await;
    let path = format!("/api/v1/webhooks/{}", id(&made));
    let changes =
        [json!({"description": "mine"}), json!({"in_flight": 7}), json!({"timeout": "5s"})];
    let replies =
        futures_util::future::join_all(changes.iter().map(|c| api.patch(&path, c.clone()))).await;
    assert!(replies.iter().all(|r| r.status == 200));
    let read = api.read(&path).await;
    for change in &changes {
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(read[name], *value, "{name}");
        }
    }
}

#[tokio::test]
async fn a_first_start_makes_one_workspace_and_says_its_key_once() {
    use baton_domain::secret::Secret;
    use baton_web::keys::{bootstrap, create_workspace, ensure_workspace};
    let app = TestApp::start().await;
    // On a database that is not empty nothing is made.
    let given = Secret::new("abcdefghijklmnopqrstuvwx");
    assert!(bootstrap(&app.store, "x", &given).await.unwrap().is_none());
    let start = ensure_workspace(&app.store, Some(&given)).await.unwrap();
    assert_eq!((start.workspace, start.key.is_none()), (app.workspace, true));
    assert_eq!(Api::with_key(&app, given.reveal()).get("/api/v1/leads").await.status, 401);
    create_workspace(&app.store, "Second", &given).await.unwrap();
    assert_eq!(Api::with_key(&app, given.reveal()).get("/api/v1/leads").await.status, 200);
    assert!(bootstrap(&app.store, "x", &Secret::new("short")).await.is_err());
}
