//! Subscriptions as apps such as Zapier make them.

use crate::api_client::{Api, fields, id};
use crate::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn an_app_subscribes_and_unsubscribes() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let input = json!({"hookUrl": "https://hooks.zapier.com/hooks/1/", "event": "lead.created"});
    let made = api.make("/api/v1/hooks", input).await;
    assert_eq!(made["target_url"], "https://hooks.zapier.com/hooks/1/");
    let webhook = api.read(&format!("/api/v1/webhooks/{}", id(&made))).await;
    assert_eq!(webhook["events"], json!(["lead.created"]));
    let path = format!("/api/v1/hooks/{}", id(&made));
    for _ in 0..2 {
        assert_eq!(api.delete(&path).await.status, 204, "unsubscribing twice is no mistake");
    }
    api.get(&format!("/api/v1/webhooks/{}", id(&made))).await.problem(404, "not_found");
    // A webhook that a person made is none of the app's.
    let own = api.make("/api/v1/webhooks", json!({"url": "https://a.example/"})).await;
    api.delete(&format!("/api/v1/hooks/{}", id(&own))).await.problem(404, "not_found");
    let bad = json!({"target_url": "https://127.0.0.1/", "event": "webhook.test"});
    assert_eq!(fields(&api.post("/api/v1/hooks", bad).await), ["target_url", "event"]);
}

#[tokio::test]
async fn samples_have_the_shape_of_events_and_are_newest_first() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made_up = api.read("/api/v1/hooks/sample?event=lead.created").await;
    assert_eq!(made_up.as_array().unwrap().len(), 1);
    assert_eq!(made_up[0]["data"]["email"], "jane.doe@example.com");
    app.capture(json!({"email": "first@example.com"})).await.created("received");
    app.capture(json!({"email": "second@example.com"})).await.created("received");
    let found = api.read("/api/v1/hooks/sample?event=lead.created&limit=2").await;
    assert_eq!(found[0]["data"]["email"], "second@example.com");
    assert_eq!(found[1]["data"]["email"], "first@example.com");
    let names = |event: &serde_json::Value| -> Vec<String> {
        event.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&made_up[0]), names(&found[0]));
    let listed = api.read("/api/v1/events?events=lead.created").await;
    assert_eq!(listed["data"][1], found[0], "a sample is the event itself");
    for kind in ["delivery.succeeded", "delivery.rejected", "destination.disabled"] {
        let told = api.read(&format!("/api/v1/hooks/sample?event={kind}")).await;
        assert_eq!(told[0]["event"], kind);
    }
    for bad in ["event=nothing", "event=webhook.test", "event=lead.created&limit=11", ""] {
        api.get(&format!("/api/v1/hooks/sample?{bad}")).await.problem(400, "invalid_query");
    }
}
