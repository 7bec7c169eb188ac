//! Making, reading, changing and deleting configuration documents.

use crate::api_client::{Api, fields, id};
use crate::app::TestApp;
use baton_domain::id::TypedId;
use serde_json::{Value, json};

#[tokio::test]
async fn a_script_sets_up_everything_with_five_calls() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let campaign = api
        .make(
            "/api/v1/campaigns",
            json!({"name":"Solar","reference":"SOLAR","country":"GB","currency":"GBP",
                "fields":[{"name":"email","type":"email","required":true},
                          {"name":"phone","type":"phone"}]}),
        )
        .await;
    let source = json!({"campaign_id": campaign["id"], "kind": "endpoint", "name": "Partner A"});
    let source = api.make("/api/v1/sources", source).await;
    let posting = source["inbound_url"].as_str().unwrap();
    assert_eq!(
        posting,
        format!("http://test/api/inbound/w/{}/leads", source["webhook_id"].as_str().unwrap())
    );
    let destination = json!({"campaign_id": campaign["id"], "connector": "webhook", "name": "CRM",
        "settings": {"url": "https://crm.example/leads"},
        "mapping": [{"to":"Mobile","from":"phone","transform":["e164"]},
                    {"to":"origin","value":"baton"}],
        "retry": {"schedule": ["0s","1m","5m","30m","2h"]}, "failover_id": null});
    let destination = api.make("/api/v1/destinations", destination).await;
    assert!(destination["secret"].as_str().unwrap().starts_with("whsec_"));
    let webhook = json!({"url": "https://hooks.example/", "events": ["lead.created"]});
    let webhook = api.make("/api/v1/webhooks", webhook).await;
    assert!(webhook["secret"].as_str().unwrap().starts_with("whsec_"));
    let key = api.make("/api/v1/keys", json!({"name": "ci", "scopes": ["leads:write"]})).await;
    assert!(key["key"].as_str().unwrap().starts_with("bk_"));
    let path = posting.strip_prefix("http://test").unwrap();
    let lead = app.post(path, &[], json!({"email": "jane@example.com"})).await;
    let lead = lead.created("received");
    let deliveries = api.read(&format!("/api/v1/deliveries?lead_id={lead}")).await;
    assert_eq!(deliveries["data"][0]["destination_id"], destination["id"]);
    let shown = api.read(&format!("/api/v1/leads/{lead}")).await;
    assert_eq!(shown["fields"]["email"], "jane@example.com");
    assert_eq!(shown["campaign"], "SOLAR");
    assert_eq!(shown["source"], "Partner A");
    let timeline = api.read(&format!("/api/v1/leads/{lead}/timeline")).await;
    assert_eq!(timeline["data"][0]["event"]["event"], "lead.created");
    assert_eq!(timeline["data"][0]["event"]["data"]["email"], "jane@example.com");
    assert_eq!(timeline["data"][1]["delivery"]["state"], "pending");
}

#[tokio::test]
async fn documents_are_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let campaign = app.campaign;
    let kinds: [(&str, Value, Value); 5] = [
        ("campaigns", json!({"name": "A"}), json!({"name": "B"})),
        ("sources", json!({"campaign_id": campaign, "name": "A"}), json!({"name": "B"})),
        (
            "destinations",
            json!({"campaign_id": campaign, "connector": "webhook", "name": "A",
                "settings": {"url": "https://a.example/"}}),
            json!({"name": "B", "limits": {"in_flight": 3, "rate": "10/s"}, "timeout": "5s"}),
        ),
        ("webhooks", json!({"url": "https://a.example/"}), json!({"url": "https://b.example/"})),
        ("keys", json!({"name": "A", "scopes": ["leads:read"]}), json!({"name": "B"})),
    ];
    for (kind, new, change) in kinds {
        let list = format!("/api/v1/{kind}");
        let made = api.make(&list, new.clone()).await;
        for (name, value) in new.as_object().unwrap().iter().filter(|(n, _)| *n != "settings") {
            assert_eq!(made[name], *value, "{kind}.{name}");
        }
        let one = format!("{list}/{}", id(&made));
        let read = api.get(&one).await;
        assert_eq!(read.header("etag"), Some("\"1\""));
        let changed = api.patch(&one, change.clone()).await;
        assert_eq!(changed.status, 200, "{}", changed.json());
        assert_eq!(changed.header("etag"), Some("\"2\""));
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(changed.json()[name], *value, "{kind}.{name}");
        }
        assert_eq!(api.read(&one).await, changed.json());
        let unknown = api.patch(&one, json!({"colour": "red"})).await;
        assert_eq!(fields(&unknown), ["colour"], "{kind}");
        let mut odd = new.clone();
        odd["colour"] = "red".into();
        assert_eq!(fields(&api.post(&list, odd).await), ["colour"], "{kind}");
        let rows = api.read(&list).await;
        assert!(rows["data"].as_array().unwrap().iter().any(|r| r["id"] == made["id"]), "{kind}");
        assert_eq!(api.delete(&one).await.status, 204, "{kind}");
        if kind != "keys" {
            api.get(&one).await.problem(404, "not_found");
            api.delete(&one).await.problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages_that_miss_nothing() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for n in 0..5 {
        api.make("/api/v1/campaigns", json!({"name": format!("C{n}")})).await;
        app.capture(json!({"email": format!("a{n}@example.com")})).await.created("received");
        app.clock.advance_ms(1);
    }
    for (list, total) in [("campaigns", 6), ("leads", 5), ("deliveries", 5)] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = api.read(&format!("/api/v1/{list}?limit=2{cursor}")).await;
            let rows = page["data"].as_array().unwrap();
            assert!(rows.len() <= 2);
            seen.extend(rows.iter().map(|row| id(row).to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (total, total), "{list}");
        for bad in ["limit=0", "limit=201", "limit=x", "cursor=nope", "colour=red"] {
            let refused = api.get(&format!("/api/v1/{list}?{bad}")).await;
            refused.problem(400, "invalid_query");
        }
    }
}

#[tokio::test]
async fn leads_are_found_by_their_filters() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let first = app.capture(json!({"email": "first@example.com"})).await.created("received");
    app.clock.advance_ms(60_000);
    let middle = app.store.now().to_rfc3339();
    let second = app.capture(json!({"email": "second@example.com"})).await.created("received");
    let found = async |query: &str| {
        let page = api.read(&format!("/api/v1/leads?{query}")).await;
        let rows = page["data"].as_array().unwrap().clone();
        rows.iter().map(|row| id(row).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [second.clone(), first.clone()]);
    assert_eq!(found(&format!("since={middle}")).await, std::slice::from_ref(&second));
    assert_eq!(found(&format!("until={middle}")).await, std::slice::from_ref(&first));
    assert_eq!(found("state=rejected").await, [""; 0]);
    assert_eq!(found(&format!("campaign_id={}", app.campaign)).await.len(), 2);
    assert_eq!(found(&format!("source_id={}", app.source)).await.len(), 2);
    assert_eq!(found("status=won").await, [""; 0]);
    for bad in ["state=nope", "since=yesterday", "q=ab", "email=a@b.example&q=abc", "campaign_id=x"]
    {
        api.get(&format!("/api/v1/leads?{bad}")).await.problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn the_first_campaign_becomes_the_default_and_has_its_api_source() {
    let app = TestApp::with(|seed| seed.default_campaign = false).await;
    let api = Api::new(&app);
    let first = api.make("/api/v1/campaigns", json!({"name": "Solar UK"})).await;
    // The seed's campaign has that reference.
    assert_eq!(first["reference"], "SOLAR-UK-2");
    let own = &api.read("/api/v1/workspaces").await["data"][0];
    assert_eq!(own["default_campaign"], first["id"]);
    let sources = api.read(&format!("/api/v1/sources?campaign_id={}", id(&first))).await;
    assert_eq!(sources["data"][0]["kind"], "api");
    assert_eq!(sources["data"][0]["inbound_url"], Value::Null);
    let second = api.make("/api/v1/campaigns", json!({"name": "Other"})).await;
    let own = &api.read("/api/v1/workspaces").await["data"][0];
    assert_eq!(own["default_campaign"], first["id"]);
    let source = format!("/api/v1/sources/{}", id(&sources["data"][0]));
    api.delete(&source).await.problem(409, "conflict");
    assert_eq!(api.delete(&format!("/api/v1/campaigns/{}", id(&first))).await.status, 204);
    assert_eq!(api.read("/api/v1/workspaces").await["data"][0]["default_campaign"], Value::Null);
    api.get(&source).await.problem(404, "not_found");
    let taken =
        json!({"name": "x", "reference": second["reference"].as_str().unwrap().to_lowercase()});
    api.post("/api/v1/campaigns", taken).await.problem(409, "taken");
    let path = format!("/api/v1/campaigns/{}", app.campaign);
    api.delete(&path).await.problem(409, "conflict");
}

#[tokio::test]
async fn a_paused_campaign_holds_its_leads_until_it_resumes() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let path = format!("/api/v1/campaigns/{}", app.campaign);
    let paused = api.act(&format!("{path}/pause"), json!({"action": "hold"})).await;
    assert_eq!((&paused["paused"], &paused["when_paused"]), (&json!(true), &json!("hold")));
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("held");
    assert_eq!(app.deliveries(&lead).await.len(), 0);
    let resumed = api.act(&format!("{path}/resume"), json!({})).await;
    assert_eq!(resumed["paused"], json!(false));
    // The engine lets it go: the call itself does the same work for one lead and a million.
    assert_eq!(app.lead(&lead).await.state.as_str(), "held");
    let paused = api.call("POST", &format!("{path}/pause"), &[], None).await;
    assert_eq!(paused.json()["when_paused"], "hold");
    let reject = api.act(&format!("{path}/pause"), json!({"action": "reject"})).await;
    assert_eq!(reject["when_paused"], "reject");
    let refused = app.capture(json!({"email": "jo@example.com"})).await;
    refused.problem(409, "campaign_paused");
}

#[tokio::test]
async fn bad_sources_are_refused_field_by_field() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let check = async |change: Value, expect: &[&str]| {
        let mut body = json!({"campaign_id": app.campaign, "name": "S"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = api.post("/api/v1/sources", body).await;
        if expect.is_empty() {
            assert_eq!(reply.status, 201, "{change}: {}", reply.json());
        } else {
            assert_eq!(fields(&reply), expect, "{change}");
        }
    };
    check(json!({"wait": "5s", "rate_limit": "10/s"}), &[]).await;
    check(json!({"wait": 5000}), &[]).await;
    check(json!({"wait": "61s"}), &["wait"]).await;
    check(json!({"wait": "soon"}), &["wait"]).await;
    check(json!({"rate_limit": "fast"}), &["rate_limit"]).await;
    check(json!({"kind": "api"}), &["kind"]).await;
    check(json!({"kind": "pigeon"}), &["kind"]).await;
    check(
        json!({"allowed_origins": ["https://a.example", "https://a.example/x"]}),
        &["allowed_origins[1]"],
    )
    .await;
    check(json!({"name": ""}), &["name"]).await;
    let signed = json!({"campaign_id": app.campaign, "name": "S", "require_signature": true});
    let made = api.make("/api/v1/sources", signed).await;
    let first = made["secret"].as_str().unwrap();
    let path = format!("/api/v1/sources/{}", id(&made));
    assert_eq!(api.read(&path).await.get("secret"), None);
    let rotated = api.act(&format!("{path}/rotate-secret"), json!({})).await;
    assert_ne!(rotated["secret"].as_str().unwrap(), first);
    let later = format!("/api/v1/sources/{}", app.source);
    let changed = api.patch(&later, json!({"require_signature": true})).await.json();
    assert!(changed["secret"].as_str().unwrap().starts_with("whsec_"));
    let again = api.patch(&later, json!({"name": "T"})).await.json();
    assert_eq!(again.get("secret"), None);
    assert_eq!(fields(&api.patch(&later, json!({"kind": "form"})).await), ["kind"]);
}

#[tokio::test]
async fn bad_destinations_are_refused_field_by_field() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let check = async |change: Value, expect: &[&str]| {
        let mut body = json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
            "settings": {"url": "https://a.example/"}});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = api.post("/api/v1/destinations", body).await;
        assert_eq!(fields(&reply), expect, "{change}");
    };
    check(json!({"connector": "pigeon"}), &["connector"]).await;
    check(json!({"settings": {}}), &["settings.url"]).await;
    check(json!({"settings": {"url": "https://a.example/", "colour": 1}}), &["settings.colour"])
        .await;
    for url in [
        "http://a.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/x",
        "https://169.254.169.254/",
        "https://localhost/",
        "https://2130706433/",
        "https://a.example:22/",
    ] {
        check(json!({"settings": {"url": url}}), &["settings.url"]).await;
    }
    check(
        json!({"mapping": [{"to": "a", "from": "b", "transform": ["nope"]}]}),
        &["mapping[0].transform[0]"],
    )
    .await;
    check(json!({"mapping": [{"to": "a"}]}), &["mapping[0]"]).await;
    check(json!({"mapping": [{"to": "a", "from": "b", "x": 1}]}), &["mapping[0].x"]).await;
    check(
        json!({"responses": [{"match": "regex", "value": "(", "verdict": "accepted"}]}),
        &["responses[0].value"],
    )
    .await;
    check(json!({"retry": {"schedule": ["0s", "9d"]}}), &["retry.schedule"]).await;
    check(json!({"timeout": "121s"}), &["timeout"]).await;
    check(json!({"limits": {"in_flight": 0}}), &["limits.in_flight"]).await;
    check(json!({"limits": {"rate": "x"}}), &["limits.rate"]).await;
    check(
        json!({"failover_id": app.store.new_id::<baton_domain::id::DestinationId>()}),
        &["failover_id"],
    )
    .await;
    check(json!({"on_unmatched": "panic"}), &["on_unmatched"]).await;
}

#[tokio::test]
async fn failovers_stay_in_the_campaign_and_never_go_round() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let (a, b) = (api.destination("A").await, api.destination("B").await);
    let path = |d: &Value| format!("/api/v1/destinations/{}", id(d));
    let to = |d: &Value| json!({"failover_id": d["id"]});
    assert_eq!(fields(&api.patch(&path(&a), to(&a)).await), ["failover_id"]);
    assert_eq!(api.patch(&path(&a), to(&b)).await.status, 200);
    assert_eq!(fields(&api.patch(&path(&b), to(&a)).await), ["failover_id"]);
    api.delete(&path(&b)).await.problem(409, "conflict");
    // Nor where a link is part of the circle.
    let linked = json!({"failover_id": null, "linked": {"on_rejection": [b["id"]]}});
    assert_eq!(api.patch(&path(&a), linked).await.status, 200);
    assert_eq!(fields(&api.patch(&path(&b), to(&a)).await), ["failover_id"]);
    assert_eq!(api.patch(&path(&a), json!({"linked": {}})).await.status, 200);
    assert_eq!(api.patch(&path(&a), json!({"failover_id": null})).await.status, 200);
    let other = api.make("/api/v1/campaigns", json!({"name": "Other"})).await;
    let foreign = json!({"campaign_id": other["id"], "connector": "webhook", "name": "D",
        "settings": {"url": "https://a.example/"}, "failover_id": b["id"]});
    assert_eq!(fields(&api.post("/api/v1/destinations", foreign).await), ["failover_id"]);
    assert_eq!(api.delete(&path(&b)).await.status, 204);
}

#[tokio::test]
async fn a_disabled_destination_stops_and_goes_on() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let path = format!("/api/v1/destinations/{}", app.destinations[0]);
    let off = api.patch(&path, json!({"disabled": "moving house"})).await.json();
    assert_eq!(off["disabled"], "moving house");
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let list = format!("/api/v1/deliveries?lead_id={lead}");
    assert_eq!(api.read(&list).await["data"][0]["stopped"], json!(true));
    let on = api.patch(&path, json!({"disabled": null})).await.json();
    assert_eq!(on["disabled"], Value::Null);
    assert_eq!(api.read(&list).await["data"][0]["stopped"], json!(false));
}

#[tokio::test]
async fn rules_can_be_tried_before_they_are_saved() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let path = format!("/api/v1/destinations/{}/responses/evaluate", app.destinations[0]);
    let saved = api.act(&path, json!({"answer": {"status": 204}})).await;
    assert_eq!((&saved["verdict"], &saved["rule"]), (&json!("accepted"), &json!(0)));
    let tried = json!({"responses": [
            {"match": "keyword", "value": "valid", "verdict": "accepted"},
            {"match": "json_path", "path": "$.outcome", "value": "failure", "verdict": "rejected"}],
        "answer": {"status": 200, "body": "{\"outcome\":\"failure\",\"why\":\"invalid\"}"}});
    let tried = api.act(&path, tried).await;
    assert_eq!(tried["rule"], json!(0));
    assert_eq!(tried["rules"][1]["hit"], json!(true));
    assert_eq!(tried["warnings"].as_array().unwrap().len(), 2);
    let missed = api.act(&path, json!({"answer": {"status": 404}})).await;
    assert_eq!((&missed["verdict"], &missed["rule"]), (&json!("unmatched"), &Value::Null));
    let bad = json!({"responses": [{"match": "regex", "value": "(", "verdict": "accepted"}],
        "answer": {"status": 200}});
    assert_eq!(fields(&api.post(&path, bad).await), ["responses[0].value"]);
}

#[tokio::test]
async fn a_delivery_is_resent_as_one_of_its_own() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let first = app.deliveries(&lead).await[0].0;
    let resent = api.make(&format!("/api/v1/deliveries/{first}/resend"), json!({})).await;
    assert_eq!((&resent["cause"], &resent["parent_id"]), (&json!("resend"), &json!(first)));
    let stored = api.read(&format!("/api/v1/deliveries/{}", id(&resent))).await;
    for (name, value) in resent.as_object().unwrap() {
        assert_eq!(stored[name], *value, "{name}");
    }
    let called_off = api.read(&format!("/api/v1/deliveries/{first}")).await;
    assert_eq!(called_off["state"], "cancelled");
    let gone = format!("/api/v1/destinations/{}", app.destinations[0]);
    assert_eq!(api.delete(&gone).await.status, 204);
    let again = api.post(&format!("/api/v1/deliveries/{first}/resend"), json!({})).await;
    again.problem(409, "conflict");
    assert!(!first.uuid().is_nil());
}

#[tokio::test]
async fn connectors_say_what_their_destinations_set() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let list = api.read("/api/v1/connectors").await;
    let names: Vec<_> = list["data"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert!(names.contains(&&json!("webhook")));
    let webhook = api.read("/api/v1/connectors/webhook").await;
    let settings = webhook["settings"].as_array().unwrap();
    let kind = |name: &str| settings.iter().find(|s| s["name"] == name).map(|s| s["type"].clone());
    assert_eq!(kind("url"), Some(json!("url")));
    assert_eq!(kind("auth_value"), Some(json!("secret")));
    api.get("/api/v1/connectors/pigeon").await.problem(404, "not_found");
}
