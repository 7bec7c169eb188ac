//! When keys were last used.

use crate::api_client::{Api, id};
use crate::app::TestApp;
use baton_web::auth::KEY_USED_EVERY_MS;
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_says_when_it_was_last_used() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.make("/api/v1/keys", json!({"name": "k", "scopes": ["config:read"]})).await;
    assert_eq!(made["last_used_at"], Value::Null);
    let path = format!("/api/v1/keys/{}", id(&made));
    let key = Api::with_key(&app, made["key"].as_str().unwrap());
    // It is written behind the caller's back.
    let until = async |at: &str| while api.read(&path).await["last_used_at"] != at {};
    let first = app.store.now().to_rfc3339();
    assert_eq!(key.get("/api/v1/campaigns").await.status, 200);
    until(&first).await;
    // Soon again: nothing is written. The version stays, so does what others hold by `If-Match`.
    app.clock.advance_ms(KEY_USED_EVERY_MS - 1);
    // What it may not do is a use as well.
    key.get("/api/v1/leads").await.problem(403, "forbidden");
    app.clock.advance_ms(1);
    let second = app.store.now().to_rfc3339();
    assert_eq!(key.get("/api/v1/campaigns").await.status, 200);
    until(&second).await;
    let listed = api.read("/api/v1/keys").await;
    let rows = listed["data"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == made["id"]).unwrap();
    assert_eq!((&row["last_used_at"], &row["version"]), (&json!(second), &made["version"]));
}
