//! The table of answers, row by row, and the kinds of bodies.

use crate::app::{KEY, TestApp, destination, duplicates};
use baton_domain::config::{PausedAction, Scope, SourceKind};
use baton_domain::id::{CampaignId, TypedId, WorkspaceId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn jane() -> Value {
    json!({"email": "jane@example.com", "phone": "07700 900123", "first_name": "Jane",
           "utm_source": "fb", "favourite": "blue"})
}

#[tokio::test]
async fn lead_is_stored_with_its_context_and_a_delivery() {
    let app = TestApp::start().await;
    let reply = app
        .post(
            &app.inbound(),
            &[("user-agent", "curl/8"), ("referer", "https://shop.example/f")],
            jane(),
        )
        .await;
    let id = reply.created("received");
    assert_eq!(reply.json(), json!({"id": id, "state": "received"}));
    assert!(reply.header("x-request-id").is_some());
    let lead = app.lead(&id).await;
    assert_eq!(lead.source, app.source);
    assert_eq!(lead.data.fields().text("phone").as_deref(), Some("+447700900123"));
    assert_eq!(lead.data.raw.text("phone").as_deref(), Some("07700 900123"));
    assert_eq!(lead.data.raw.text("favourite").as_deref(), Some("blue"));
    assert_eq!(lead.data.context.tracking["utm_source"], "fb");
    assert_eq!(lead.data.context.ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(lead.data.context.user_agent.as_deref(), Some("curl/8"));
    assert_eq!(lead.data.context.page_url.as_deref(), Some("https://shop.example/f"));
    let deliveries = app.deliveries(&id).await;
    let expect = app.destinations[0].uuid();
    assert_eq!(deliveries.iter().map(|d| (d.1, d.2)).collect::<Vec<_>>(), [(expect, "pending")]);
}

#[tokio::test]
async fn body_in_parts_is_the_same_as_a_flat_one() {
    let app = TestApp::start().await;
    let parts = json!({"fields": {"email": "jane@example.com"},
                       "context": {"ip_address": "203.0.113.7", "utm_source": "fb"}, "test": true});
    let lead = app.lead(&app.capture(parts).await.created("received")).await;
    assert!(lead.test);
    assert_eq!(lead.data.context.ip.as_deref(), Some("203.0.113.7"));
    assert_eq!(lead.data.context.tracking["utm_source"], "fb");
    assert_eq!(lead.data.raw.0.len(), 1);
}

#[tokio::test]
async fn forms_multipart_and_text_carry_the_same_lead() {
    let app = TestApp::start().await;
    let multipart = "--B\r\ncontent-disposition: form-data; name=\"email\"\r\n\r\n\
                     jane@example.com\r\n--B\r\ncontent-disposition: form-data; name=\"photo\"; \
                     filename=\"\"\r\n\r\n\r\n--B--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "email=jane%40example.com"),
        ("application/x-www-form-urlencoded", "{\"email\":\"jane@example.com\"}"),
        ("text/plain;charset=UTF-8", "{\"email\":\"jane@example.com\"}"),
        ("application/json; charset=utf-8", "{\"email\":\"jane@example.com\"}"),
        ("multipart/form-data; boundary=B", multipart),
    ] {
        let headers = [("content-type", kind)];
        let reply = app.request("POST", &app.inbound(), &headers, body.as_bytes()).await;
        let lead = app.lead(&reply.created("received")).await;
        assert_eq!(lead.data.raw.text("email").as_deref(), Some("jane@example.com"), "{kind}");
        assert_eq!(lead.data.raw.0.len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn invalid_lead_is_refused_and_kept() {
    let app = TestApp::start().await;
    let body = app
        .capture(json!({"email": "nobody", "phone": "12"}))
        .await
        .problem(422, "validation_failed");
    let errors: Vec<(&str, &str)> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    assert_eq!(errors, [("email", "invalid_email"), ("phone", "invalid_phone")]);
    let id = body["lead_id"].as_str().unwrap();
    let kept = app.lead(id).await;
    assert_eq!(kept.state.as_str(), "rejected");
    assert_eq!(kept.data.raw.text("email").as_deref(), Some("nobody"));
    let problems: Value = serde_json::from_slice(&kept.problems.unwrap()).unwrap();
    assert_eq!(problems, body["errors"]);
    assert!(app.deliveries(id).await.is_empty());
}

#[tokio::test]
async fn listener_never_refuses() {
    let app = TestApp::start().await;
    let (_, webhook) = app.add_source(SourceKind::Listener).await;
    let path = format!("/api/inbound/w/{webhook}/leads");
    let id = app.post(&path, &[], json!({"email": "nobody"})).await.created("quarantined");
    assert!(app.lead(&id).await.problems.is_some());
    assert!(app.deliveries(&id).await.is_empty());
}

#[tokio::test]
async fn duplicates_are_refused_marked_or_put_aside() {
    for (action, status, state) in
        [("reject", 409, "rejected"), ("mark", 201, "received"), ("quarantine", 201, "quarantined")]
    {
        let rule = json!({"fields": ["email"], "action": action, "window_s": 60});
        let app = TestApp::with(|seed| seed.campaign.duplicates = duplicates(rule)).await;
        let first = app.capture(jane()).await.created("received");
        let again = app.capture(json!({"email": " Jane@example.com"})).await;
        let body = again.json();
        assert_eq!((again.status, body["duplicate_of"].as_str()), (status, Some(&*first)));
        let id = body["id"].as_str().or(body["lead_id"].as_str()).unwrap();
        assert_eq!(app.lead(id).await.state.as_str(), state);
        if status == 409 {
            again.problem(409, "duplicate_lead");
        }
        // Through another source it is a duplicate all the same, but not told of which lead.
        let (_, webhook) = app.add_source(SourceKind::Endpoint).await;
        let other = app.post(&format!("/api/inbound/w/{webhook}/leads"), &[], jane()).await;
        assert_eq!((other.status, other.json().get("duplicate_of")), (status, None));
        // The window has passed.
        app.clock.advance_ms(61_000);
        app.capture(json!({"email": "jane@example.com"})).await.created("received");
    }
}

#[tokio::test]
async fn test_leads_keep_no_real_lead_out() {
    let rule = json!({"fields": ["email"]});
    let app = TestApp::with(|seed| seed.campaign.duplicates = duplicates(rule)).await;
    let test = json!({"email": "jane@example.com", "test": true});
    app.capture(test.clone()).await.created("received");
    app.capture(test).await.problem(409, "duplicate_lead");
    app.capture(jane()).await.created("received");
}

#[tokio::test]
async fn paused_campaign_refuses_or_holds() {
    let app = TestApp::with(|seed| seed.campaign.paused = true).await;
    app.capture(jane()).await.problem(409, "campaign_paused");
    assert!(app.leads().await.is_empty());
    app.change_campaign(|c| (c.paused, c.when_paused) = (true, PausedAction::Hold)).await;
    let id = app.capture(jane()).await.created("held");
    assert!(app.deliveries(&id).await.is_empty());
    app.change_campaign(|c| c.paused = false).await;
    app.capture(jane()).await.created("received");
}

#[tokio::test]
async fn partial_lead_grows_and_is_completed_once() {
    let app = TestApp::with(|seed| {
        let mut partials = destination(seed.source.campaign, "Nurture");
        partials.partials = baton_domain::config::Partials::PartialAndComplete;
        seed.destinations.push(partials);
    })
    .await;
    let step = |seq: i64, name: &str| json!({"partial": true, "lead_key": "k1", "seq": seq, "first_name": name});
    let id = app.capture(step(1, "J")).await.created("partial");
    let targets = |ds: Vec<(_, uuid::Uuid, &'static str)>| -> Vec<(uuid::Uuid, &'static str)> {
        ds.into_iter().map(|d| (d.1, d.2)).collect()
    };
    let [crm, nurture] = [0, 1].map(|n| app.destinations[n].uuid());
    assert_eq!(targets(app.deliveries(&id).await), [(nurture, "pending")]);
    assert_eq!(app.capture(step(3, "Jane")).await.created("partial"), id);
    let stale = app.capture(step(2, "Ja")).await;
    assert_eq!(stale.created("partial"), id);
    assert_eq!(stale.json()["stale"], true);
    assert_eq!(app.lead(&id).await.data.raw.text("first_name").as_deref(), Some("Jane"));

    // A refused submission does not spend the key.
    let broken = json!({"lead_key": "k1", "email": "nobody"});
    app.capture(broken).await.problem(422, "validation_failed");
    assert_eq!(app.lead(&id).await.state.as_str(), "partial");

    let complete = json!({"lead_key": "k1", "email": "jane@example.com"});
    assert_eq!(app.capture(complete.clone()).await.created("received"), id);
    let mut open = targets(app.deliveries(&id).await);
    open.retain(|d| d.1 == "pending");
    let open: BTreeSet<_> = open.into_iter().map(|d| d.0).collect();
    assert_eq!(open, BTreeSet::from([crm, nurture]));
    let again = app.capture(complete).await;
    assert_eq!((again.created("received"), &again.json()["stale"]), (id.clone(), &json!(true)));
    assert_eq!(app.capture(step(9, "Late")).await.created("received"), id);
    // Each event has the number of its own version; the completed lead, which came without one, is
    // not older than what came before.
    let events = crate::api_client::Api::new(&app).read("/api/v1/events").await;
    let seen: Vec<_> = events["data"].as_array().unwrap().iter().collect();
    let seq_of = |kind: &str| -> Vec<i64> {
        let of_kind = seen.iter().filter(|e| e["event"] == kind);
        of_kind.map(|e| e["data"]["seq"].as_i64().unwrap()).collect()
    };
    assert_eq!(seq_of("lead.partial"), [1, 3]);
    assert_eq!(seq_of("lead.completed"), [3]);
    assert_eq!(app.lead(&id).await.partial_seq, Some(3));
    assert_eq!(app.lead(&id).await.data.raw.text("first_name"), None);
}

#[tokio::test]
async fn partial_lead_needs_a_key() {
    let app = TestApp::start().await;
    let body = app.capture(json!({"partial": true})).await.problem(422, "validation_failed");
    assert_eq!(body["errors"][0]["field"], "lead_key");
}

#[tokio::test]
async fn failover_only_destinations_wait_for_their_turn_and_disabled_ones_collect() {
    let app = TestApp::with(|seed| {
        let mut backup = destination(seed.source.campaign, "Backup");
        backup.failover_only = true;
        let mut off = destination(seed.source.campaign, "Off");
        off.disabled = Some("by hand".to_owned());
        seed.destinations.extend([backup, off]);
    })
    .await;
    let id = app.capture(jane()).await.created("received");
    let got: BTreeSet<_> = app.deliveries(&id).await.into_iter().map(|d| d.1).collect();
    assert_eq!(got, BTreeSet::from([0, 2].map(|n| app.destinations[n].uuid())));
}

#[tokio::test]
async fn key_posts_to_the_named_or_the_default_campaign() {
    let app = TestApp::start().await;
    let path = format!("/api/inbound/{}/leads", app.workspace);
    let auth = format!("Bearer {KEY}");
    let headers = [("authorization", auth.as_str())];
    for campaign in [json!(null), json!("solar-uk"), json!(app.campaign)] {
        let lead = json!({"email": "jane@example.com", "campaign": campaign,
                          "ip_address": "203.0.113.7"});
        let id = app.post(&path, &headers, lead).await.created("received");
        let lead = app.lead(&id).await;
        assert_eq!(lead.campaign, app.campaign);
        assert_eq!(lead.data.context.ip.as_deref(), Some("203.0.113.7"));
    }
    // One source for all of them, made on the way.
    let sources: std::collections::HashSet<_> =
        app.leads().await.into_iter().map(|l| l.source).collect();
    assert_eq!(sources.len(), 1);
    assert!(!sources.contains(&app.source));
    let body = json!({"email": "jane@example.com", "campaign": "NOPE"});
    app.post(&path, &headers, body).await.problem(404, "not_found");
}

#[tokio::test]
async fn key_must_be_known_live_and_allowed() {
    let app = TestApp::start().await;
    let path = format!("/api/inbound/{}/leads", app.workspace);
    let lead = json!({"email": "jane@example.com"});
    let refused = app.post(&path, &[], lead.clone()).await;
    refused.problem(401, "unauthorized");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    for auth in ["Bearer nope", "Basic abc", "Bearer "] {
        let headers = [("authorization", auth)];
        app.post(&path, &headers, lead.clone()).await.problem(401, "unauthorized");
    }
    app.add_key(app.workspace, "reader", vec![Scope::LeadsRead]).await;
    let headers = [("authorization", "Bearer reader")];
    app.post(&path, &headers, lead).await.problem(403, "forbidden");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn ids_of_another_workspace_are_unknown() {
    let app = TestApp::start().await;
    let (workspace, campaign) = app.other_workspace("other").await;
    let headers = [("authorization", "Bearer other")];
    let lead = |campaign: CampaignId| json!({"email": "a@example.com", "campaign": campaign});
    let path = |workspace: WorkspaceId| format!("/api/inbound/{workspace}/leads");
    let ours = app.post(&path(app.workspace), &headers, lead(campaign)).await;
    ours.problem(404, "not_found");
    let theirs = app.post(&path(workspace), &headers, lead(app.campaign)).await;
    theirs.problem(404, "not_found");
    app.post(&path(workspace), &headers, lead(campaign)).await.created("received");
    assert!(app.leads().await.is_empty());
}

#[tokio::test]
async fn workspace_without_a_default_campaign_asks_for_one() {
    let app = TestApp::with(|seed| seed.default_campaign = false).await;
    let auth = format!("Bearer {KEY}");
    let path = format!("/api/inbound/{}/leads", app.workspace);
    let lead = json!({"email": "jane@example.com"});
    let body = app.post(&path, &[("authorization", &auth)], lead).await;
    assert_eq!(body.problem(422, "validation_failed")["errors"][0]["field"], "campaign");
}

#[tokio::test]
async fn unknown_sources_and_sources_without_a_public_door_are_404() {
    let app = TestApp::start().await;
    let (_, api) = app.add_source(SourceKind::Api).await;
    let unknown: baton_domain::id::WebhookId = app.store.new_id();
    for id in [api.to_string(), unknown.to_string(), "in_x".to_owned(), "%00".to_owned()] {
        app.post(&format!("/api/inbound/w/{id}/leads"), &[], jane())
            .await
            .problem(404, "not_found");
    }
}
