//! What failed, and resending it: one, a group, many.

use crate::api_client::{Api, fields, id};
use crate::app::TestApp;
use crate::receiving::{End, receive};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::DeliveryId;
use baton_domain::verdict::Verdict;
use serde_json::{Value, json};

/// A lead whose delivery ended so.
async fn ended(app: &TestApp, end: End) -> DeliveryId {
    app.clock.advance_ms(1);
    app.capture(json!({"email": "jane@example.com"})).await.created("received");
    receive(app, end).await
}

async fn through(app: &TestApp) {
    while app.store.job_slice().await.unwrap() {}
}

#[tokio::test]
async fn failures_are_shown_in_groups_whose_members_can_be_listed() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let none = api.read("/api/v1/deliveries/failures").await;
    assert_eq!(none, json!({"data": [], "total": 0, "total_is_exact": true, "disabled": []}));
    let mut members = Vec::new();
    for _ in 0..3 {
        members.insert(0, ended(&app, End::failed("500 & more")).await);
    }
    let held =
        End { state: DeliveryState::Held, verdict: Verdict::AuthOrConfig, ..End::failed("401") };
    ended(&app, held).await;
    let failures = api.read("/api/v1/deliveries/failures").await;
    assert_eq!((&failures["total"], &failures["total_is_exact"]), (&json!(4), &json!(true)));
    let group = &failures["data"][1];
    assert_eq!((&group["count"], &group["count_is_exact"]), (&json!(3), &json!(true)));
    assert_eq!((&group["destination"], &group["state"]), (&json!("CRM"), &json!("failed")));
    assert_eq!(group["sample_delivery_id"], json!(members[0]));
    assert_eq!(group["destination_disabled"], json!(false));
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["destination_id", "state", "verdict", "note"] {
        query.append_pair(name, group[name].as_str().unwrap());
    }
    query.append_pair("resent", "false");
    let listed = api.read(&format!("/api/v1/deliveries?{}", query.finish())).await;
    let found: Vec<&str> = listed["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(found, members.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_destination_that_is_switched_off_is_told_of() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let path = format!("/api/v1/destinations/{}", app.destinations[0]);
    let off = json!({"disabled": "the receiver answered 410"});
    assert_eq!(api.patch(&path, off).await.status, 200);
    let failures = api.read("/api/v1/deliveries/failures").await;
    let notice = &failures["disabled"][0];
    assert_eq!(notice["destination_id"], json!(app.destinations[0]));
    assert_eq!(notice["reason"], "the receiver answered 410");
    api.patch(&path, json!({"disabled": null})).await;
    let failures = api.read("/api/v1/deliveries/failures").await;
    assert_eq!(failures["disabled"], json!([]));
}

#[tokio::test]
async fn one_is_resent_as_it_was_or_as_it_would_be_now() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let sent = ended(&app, End::failed("body 1")).await;
    let unsent = ended(&app, End { sent: false, ..End::failed("never") }).await;
    let resend = async |of: DeliveryId, body: Value| {
        api.post(&format!("/api/v1/deliveries/{of}/resend"), body).await
    };
    let same = resend(sent, json!({"payload": "same"})).await;
    assert_eq!(same.status, 201, "{}", same.json());
    let made: DeliveryId = id(&same.json()).parse().unwrap();
    let workspace = app.store.workspace(app.workspace);
    let request = workspace.request(made, 0).await.unwrap().unwrap();
    assert_eq!(request.request.body, b"body 1");
    resend(unsent, json!({"payload": "same"})).await.problem(409, "conflict");
    let current = resend(unsent, json!({})).await;
    let current: DeliveryId = id(&current.json()).parse().unwrap();
    assert!(workspace.request(current, 0).await.unwrap().is_none());
    assert_eq!(fields(&resend(sent, json!({"payload": "old"})).await), ["payload"]);
    let row = api.read(&format!("/api/v1/deliveries/{sent}")).await;
    assert_eq!(row["resent_by_id"], json!(made));
    assert_eq!(api.read("/api/v1/deliveries/failures").await["total"], json!(0));
}

#[tokio::test]
async fn many_are_resent_by_a_job_once() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for _ in 0..3 {
        ended(&app, End::failed("500")).await;
    }
    let filter = json!({"state": "failed", "destination_id": app.destinations[0],
        "verdict": "transient", "note": "given up: 500"});
    let path = "/api/v1/deliveries/bulk-resend";
    let dry = api.act(path, json!({"filter": filter, "dry_run": true})).await;
    assert_eq!(dry, json!({"count": 3, "count_is_exact": true}));
    assert_eq!(api.read("/api/v1/jobs").await["data"], json!([]));
    let body = json!({"filter": filter});
    let headers = [("idempotency-key", "retry-all")];
    let made = api.call("POST", path, &headers, Some(&body)).await;
    assert_eq!((made.status, &made.json()["state"]), (202, &json!("waiting")));
    let again = api.call("POST", path, &headers, Some(&body)).await;
    assert_eq!((again.status, again.body.clone()), (202, made.body.clone()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let second = api.post(path, body).await.json();
    assert_eq!(api.read("/api/v1/jobs").await["data"].as_array().unwrap().len(), 2);
    through(&app).await;
    let job = async |job: &Value| api.read(&format!("/api/v1/jobs/{}", id(job))).await;
    let (first, second) = (job(&made.json()).await, job(&second).await);
    let counts = |job: &Value| [&job["done"], &job["skipped"]].map(|n| n.as_i64().unwrap());
    let ([done, skipped], [more, left]) = (counts(&first), counts(&second));
    assert_eq!((done + more, skipped + left), (3, 3), "{first} {second}");
    assert_eq!((&first["state"], &second["state"]), (&json!("done"), &json!("done")));
    api.post(&format!("/api/v1/jobs/{}/cancel", id(&first)), json!({}))
        .await
        .problem(409, "conflict");
    let audit = api.read("/api/v1/audit?action=delivery.bulk_resend").await;
    assert_eq!(audit["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_job_is_stopped_before_it_is_through() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let delivery = ended(&app, End::failed("500")).await;
    let job = api.post("/api/v1/deliveries/bulk-resend", json!({"ids": [delivery]})).await.json();
    let path = format!("/api/v1/jobs/{}", id(&job));
    assert_eq!(api.act(&format!("{path}/cancel"), json!({})).await["state"], "cancelled");
    through(&app).await;
    let left = api.read(&path).await;
    assert_eq!((&left["state"], &left["done"]), (&json!("cancelled"), &json!(0)));
}

#[tokio::test]
async fn what_cannot_be_resent_so_is_refused() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let delivery = ended(&app, End::failed("500")).await;
    let other: DeliveryId = app.store.new_id();
    let cases = [
        (json!({}), "ids"),
        (json!({"ids": [delivery], "filter": {"state": "failed"}}), "ids"),
        (json!({"ids": []}), "ids"),
        (json!({"ids": vec![other; 1_001]}), "ids"),
        (json!({"filter": {"state": "accepted"}}), "filter.state"),
        (json!({"filter": {"state": "gone"}}), "filter.state"),
        (json!({"filter": {}}), "filter.state"),
        (json!({"filter": {"state": "failed", "note": "x".repeat(1_001)}}), "filter.note"),
    ];
    for (body, field) in cases {
        assert_eq!(fields(&api.post("/api/v1/deliveries/bulk-resend", body).await), [field]);
    }
    let gone: baton_domain::id::DestinationId = app.store.new_id();
    let body = json!({"filter": {"state": "failed", "destination_id": gone}});
    api.post("/api/v1/deliveries/bulk-resend", body).await.problem(404, "not_found");
}
