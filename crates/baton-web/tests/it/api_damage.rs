//! Damaged bytes in stored rows: what can be shown is shown, the rest is named. Never a 500.

use crate::api_client::Api;
use crate::app::{PATIENCE, TestApp};
use baton_domain::id::{LeadId, TypedId};
use baton_store::deliveries::AttemptBody;
use serde_json::{Value, json};

fn hex(id: uuid::Uuid) -> String {
    format!("X'{}'", id.simple())
}

/// Puts something else into the rows that a condition picks.
fn damage(app: &TestApp, table: &str, set: &str, condition: &str) {
    let sql = format!("UPDATE {table} SET {set} WHERE {condition}");
    assert!(app.foreign_connection().execute(&sql, []).unwrap() > 0, "{sql}");
}

async fn captured(app: &TestApp, email: &str) -> (String, uuid::Uuid) {
    let id = app.capture(json!({"email": email})).await.created("received");
    let uuid = id.parse::<LeadId>().unwrap().uuid();
    (id, uuid)
}

#[tokio::test]
async fn a_damaged_lead_is_named_and_hides_no_other() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let (whole, _) = captured(&app, "whole@example.com").await;
    let (bare, bare_uuid) = captured(&app, "bare@example.com").await;
    let (lost, lost_uuid) = captured(&app, "lost@example.com").await;
    let all = || async { api.read("/api/v1/leads?q=example.com").await };
    tokio::time::timeout(PATIENCE, async {
        while all().await["data"].as_array().unwrap().len() < 3 {
            app.store.index_search().await.unwrap();
        }
    })
    .await
    .expect("the leads are found");
    damage(&app, "lead_data", "body = X'7b'", &format!("lead = {}", hex(bare_uuid)));
    damage(&app, "leads", "state = 'gibberish'", &format!("id = {}", hex(lost_uuid)));

    let list = api.read("/api/v1/leads").await;
    let shown: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect();
    assert!(shown.contains(&whole.as_str()) && shown.contains(&bare.as_str()), "{list}");
    assert_eq!(shown.len(), 2);
    let mut named: Vec<&str> =
        list["damaged"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    named.sort_unstable();
    let mut wanted = [bare.as_str(), lost.as_str()];
    wanted.sort_unstable();
    assert_eq!(named, wanted);
    let found = all().await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");

    for id in [&bare, &lost] {
        let refusal = api.get(&format!("/api/v1/leads/{id}")).await;
        let problem = refusal.problem(503, "damaged");
        assert!(refusal.header("retry-after").is_none(), "it stays so");
        assert!(problem["detail"].as_str().unwrap().contains("a stored lead"), "{problem}");
        // What happened to it can be told all the same.
        let timeline = api.read(&format!("/api/v1/leads/{id}/timeline")).await;
        let event = &timeline["data"][0]["event"];
        assert_eq!((&event["event"], &event["data"]["id"]), (&json!("lead.created"), &json!(id)));
        assert_eq!(event["data"]["damaged"], true, "{timeline}");
    }
    let sound = api.read("/api/v1/leads?email=whole@example.com").await;
    assert!(sound.get("damaged").is_none(), "{sound}");
}

#[tokio::test]
async fn damaged_deliveries_and_attempts_are_shown_as_far_as_they_can_be() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let (lead, lead_uuid) = captured(&app, "jane@example.com").await;
    let delivery = app.deliveries(&lead).await[0].0;
    let at = format!("/api/v1/deliveries/{delivery}");
    let body = serde_json::to_vec(&AttemptBody::default()).unwrap();
    let connection = app.foreign_connection();
    for (n, body) in [(1, body.as_slice()), (2, b"{")] {
        let sql = "INSERT INTO attempts (delivery, n, ws, late, started_at, ended_at, verdict, \
                   body, answer) VALUES (?1, ?2, ?3, 0, 1, 2, 'transient', ?4, X'6f6b')";
        let (id, ws) = (delivery.uuid(), app.workspace.uuid());
        connection
            .execute(sql, (id.as_bytes().as_slice(), n, ws.as_bytes().as_slice(), body))
            .unwrap();
    }
    let sql = "INSERT INTO requests (delivery, revision, ws, sealed, body) \
               VALUES (?1, 2, ?2, 0, X'7b')";
    let (id, ws) = (delivery.uuid(), app.workspace.uuid());
    connection.execute(sql, (id.as_bytes().as_slice(), ws.as_bytes().as_slice())).unwrap();

    let shown = api.read(&at).await;
    let log = shown["attempt_log"].as_array().unwrap();
    assert!(log[0].get("damaged").is_none(), "{shown}");
    assert_eq!(log[1]["damaged"], json!(["record", "request"]), "{shown}");
    assert_eq!((&log[1]["verdict"], &log[1]["request"]), (&json!("transient"), &Value::Null));

    damage(&app, "deliveries", "cause = 'gibberish'", &format!("lead = {}", hex(lead_uuid)));
    let list = api.read("/api/v1/deliveries").await;
    assert_eq!((&list["data"], &list["damaged"]), (&json!([]), &json!([delivery])));
    api.get(&at).await.problem(503, "damaged");
    let timeline = api.read(&format!("/api/v1/leads/{lead}/timeline")).await;
    assert_eq!(timeline["damaged"], json!([delivery]), "{timeline}");
}

#[tokio::test]
async fn a_damaged_event_is_shown_as_such_and_readers_come_past_it() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let mut leads = Vec::new();
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        leads.push(captured(&app, email).await);
    }
    damage(&app, "events", "delta = X'7b'", &format!("lead = {}", hex(leads[0].1)));
    damage(&app, "events", "kind = 'gibberish'", &format!("lead = {}", hex(leads[1].1)));
    let list = api.read("/api/v1/events").await;
    let events = list["data"].as_array().unwrap();
    assert_eq!(events.len(), 2, "{list}");
    assert_eq!(events[0]["data"]["id"], json!(leads[0].0));
    assert_eq!(events[0]["data"]["damaged"], true, "{list}");
    assert_eq!(events[1]["data"]["id"], json!(leads[2].0));
    assert!(events[1]["data"].get("damaged").is_none(), "{list}");
}
