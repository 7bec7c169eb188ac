//! What receivers answered: rules tried on it, what no rule matched, and reports of it.

use crate::api_client::{Api, fields, id};
use crate::app::TestApp;
use baton_domain::delivery::DeliveryState;
use baton_domain::exchange::Phases;
use baton_domain::id::{DestinationId, LeadId, TypedId};
use baton_domain::reason::Reason;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::{AttemptRecord, Claim, Finish, LaneRoom, Tally};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;

/// Captures a lead and ends its delivery to the app's destination as an engine would.
async fn answered(app: &TestApp, verdict: Verdict, reason: Option<&str>, body: &str) -> String {
    let number = app.store.random::<4>();
    let email = format!("jane{}@example.com", u32::from_be_bytes(number));
    let lead = app.capture(json!({"email": email})).await.created("received");
    let target: DestinationId = app.destinations[0];
    let token = app.store.new_id::<LeadId>().uuid();
    let now = app.store.now();
    let room = LaneRoom { lane: target.uuid(), first: 1, retry: 1, total: 1 };
    let claim = Claim { lanes: vec![room], now, lease_until: now.plus_ms(60_000), token };
    let claimed = app.store.claim(claim).await.unwrap().deliveries.remove(0);
    let classified = Classified {
        verdict,
        decided_by: "http 200".to_owned(),
        rule: None,
        reason: reason.map(str::to_owned),
        extracted: BTreeMap::new(),
        retry_after_ms: None,
        gone: false,
    };
    let state = match verdict {
        Verdict::Accepted => DeliveryState::Accepted,
        Verdict::Unmatched => DeliveryState::Failed,
        _ => DeliveryState::Rejected,
    };
    let finish = Finish {
        workspace: app.workspace,
        delivery: claimed.id,
        token,
        lead: Some(lead.parse().unwrap()),
        now,
        question: false,
        answered: None,
        lead_fields: None,
        attempt: Some(AttemptRecord {
            steps: Vec::new(),
            question: None,
            sent: None,
            n: 1,
            started_at: now,
            verdict,
            decided_by: classified.decided_by.clone(),
            rule: None,
            reason: classified.reason.clone(),
            status: Some(200),
            fault: None,
            sent_headers: Vec::new(),
            answer_headers: Vec::new(),
            answer: body.as_bytes().to_vec(),
            answer_cut: false,
            phases: Phases::default(),
            extracted: None,
        }),
        request: None,
        state,
        next_at: None,
        note: None,
        lead_delivered: state == DeliveryState::Accepted,
        followups: Vec::new(),
        events: Vec::new(),
        disable: None,
        tally: Some(Tally { destination: target, reason: Reason::of(&classified) }),
    };
    assert!(app.store.finish(finish).await.unwrap());
    claimed.id.to_string()
}

fn own_rules() -> Value {
    json!([{"match": "json_path", "path": "$.outcome", "value": "success",
        "verdict": "accepted"}])
}

async fn with_own_rules() -> TestApp {
    let app = TestApp::start().await;
    let path = format!("/api/v1/destinations/{}", app.destinations[0]);
    let changed = Api::new(&app).patch(&path, json!({"responses": own_rules()})).await;
    assert_eq!(changed.status, 200);
    app
}

fn codes(document: &Value) -> Vec<&str> {
    let all = document["warnings"].as_array().unwrap();
    all.iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_group_of_unmatched_answers_becomes_a_rule_by_one_call() {
    let app = with_own_rules().await;
    let api = Api::new(&app);
    let no = |n: u32| format!(r#"{{"outcome":"failure","reason":"No Demand","lead":{n}}}"#);
    let unmatched = Verdict::Unmatched;
    answered(&app, unmatched, None, &no(1_000_001)).await;
    app.clock.advance_ms(1_000);
    answered(&app, unmatched, None, "<html><title>Oops</title></html>").await;
    app.clock.advance_ms(1_000);
    let last = answered(&app, unmatched, None, &no(1_000_002)).await;
    answered(&app, Verdict::Accepted, None, r#"{"outcome":"success"}"#).await;
    let path = format!("/api/v1/destinations/{}", app.destinations[0]);
    let list = format!("{path}/responses/unmatched");
    let found = api.read(&list).await;
    assert_eq!((&found["looked_at"], &found["matched_now"]), (&json!(3), &json!(0)));
    let group = &found["data"][0];
    assert_eq!(group["count"], 2, "{found}");
    assert_eq!(group["example"]["delivery_id"], last.as_str());
    assert_eq!(group["example"]["answer"]["body"], no(1_000_002).as_str());
    assert!(group["first_at"].as_str() < group["last_at"].as_str());
    assert_eq!(group["suggested_rule"]["value"], "No Demand", "{group}");
    let before = api.read(&path).await;
    assert_eq!(codes(&before), ["uncovered", "never_tested"]);
    assert!(before["warnings"][0]["message"].as_str().unwrap().contains("75 %"), "{before}");
    // Somebody else changed the destination meanwhile.
    let make = format!("{list}/{}/rule", group["id"].as_str().unwrap());
    let input = json!({"verdict": "rejected", "reason": "no demand"});
    let stale = api.call("POST", &make, &[("if-match", "\"1\"")], Some(&input)).await;
    stale.problem(412, "precondition_failed");
    let version = before["version"].to_string();
    let tag = format!("\"{version}\"");
    let made = api.call("POST", &make, &[("if-match", &tag)], Some(&input)).await;
    assert_eq!(made.status, 200, "{}", made.json());
    let made = made.json();
    let rules = made["responses"].as_array().unwrap();
    assert_eq!((rules.len(), &rules[0]["value"]), (2, &json!("success")));
    assert_eq!(
        (&rules[1]["verdict"], &rules[1]["reason"]),
        (&json!("rejected"), &json!("no demand"))
    );
    assert!(made["warnings"][0]["message"].as_str().unwrap().contains("25 %"), "{made}");
    let rest = api.read(&list).await;
    assert_eq!((&rest["looked_at"], &rest["matched_now"]), (&json!(3), &json!(2)));
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);
    api.post(&make, json!({})).await.problem(404, "not_found");
    let other = rest["data"][0]["id"].as_str().unwrap();
    let wrong = json!({"rule": {"match": "word", "value": "nothing", "verdict": "rejected"}});
    let refused = api.post(&format!("{list}/{other}/rule"), wrong).await;
    assert_eq!(fields(&refused), ["rule"]);
}

#[tokio::test]
async fn a_rule_for_a_group_keeps_the_connectors_rules() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let defaults = api.read("/api/v1/connectors/webhook").await["responses"].clone();
    answered(&app, Verdict::Unmatched, None, "busy").await;
    let list = format!("/api/v1/destinations/{}/responses/unmatched", app.destinations[0]);
    // The default of this connector takes any 200, so nothing is left to map.
    let found = api.read(&list).await;
    assert_eq!((&found["matched_now"], &found["data"]), (&json!(1), &json!([])));
    assert!(!defaults.as_array().unwrap().is_empty());
    api.get(&format!("{list}?days=91")).await.problem(400, "invalid_query");
}

#[tokio::test]
async fn rules_are_tried_on_recorded_answers() {
    let app = with_own_rules().await;
    let api = Api::new(&app);
    let delivery = answered(&app, Verdict::Unmatched, None, r#"{"outcome":"no"}"#).await;
    let path = format!("/api/v1/destinations/{}/responses/evaluate", app.destinations[0]);
    let attempt = json!({"delivery_id": delivery});
    let found = api.act(&path, json!({"attempt": attempt})).await;
    assert_eq!((&found["verdict"], &found["rule"]), (&json!("unmatched"), &Value::Null));
    let rules = json!([{"match": "keyword", "value": "valid", "verdict": "accepted"},
        {"match": "word", "value": "no", "verdict": "rejected"}]);
    let found = api.act(&path, json!({"attempt": attempt, "responses": rules})).await;
    assert_eq!((&found["verdict"], &found["rule"]), (&json!("rejected"), &json!(1)));
    assert!(found["warnings"][0].as_str().unwrap().contains("`invalid`"), "{found}");
    let refused = api.post(&path, json!({"attempt": attempt, "answer": {"status": 200}})).await;
    assert_eq!(fields(&refused), ["answer"]);
    assert_eq!(fields(&api.post(&path, json!({})).await), ["answer"]);
    let second = json!({"attempt": {"delivery_id": delivery, "n": 2}});
    api.post(&path, second).await.problem(404, "not_found");
    // Another destination's answers are not this one's.
    let other = api.destination("Other").await;
    let path = format!("/api/v1/destinations/{}/responses/evaluate", id(&other));
    api.post(&path, json!({"attempt": attempt})).await.problem(404, "not_found");
    let limited = json!({"name": "k", "scopes": ["config:read"]});
    let key = api.make("/api/v1/keys", limited).await;
    let limited = Api::with_key(&app, key["key"].as_str().unwrap());
    limited.post(&path, json!({"attempt": attempt})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn rules_of_a_new_destination_are_tried_before_it_is_made() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let path = "/api/v1/destinations/responses/evaluate";
    let answer = json!({"status": 200, "body": "no thanks"});
    // Without rules, the connector's.
    let found = api.act(path, json!({"connector": "webhook", "answer": answer})).await;
    assert_eq!(found["verdict"], "accepted", "{found}");
    let rules = json!([{"match": "word", "value": "no", "verdict": "rejected"}]);
    let input = json!({"connector": "webhook", "responses": rules, "answer": answer});
    let found = api.act(path, input).await;
    assert_eq!((&found["verdict"], &found["rule"]), (&json!("rejected"), &json!(0)));
    let wrong = json!([{"match": "regex", "value": "(", "verdict": "rejected"}]);
    let input = json!({"connector": "webhook", "responses": wrong, "answer": answer});
    assert_eq!(fields(&api.post(path, input).await), ["responses[0].value"]);
    let input = json!({"connector": "none", "answer": answer});
    assert_eq!(fields(&api.post(path, input).await), ["connector"]);
}

#[tokio::test]
async fn rejections_are_reported_by_destination_and_reason() {
    let app = with_own_rules().await;
    let api = Api::new(&app);
    let dup = Some("Duplicate of lead 8127345");
    let first = answered(&app, Verdict::Duplicate, dup, "{}").await;
    let again = Some("duplicate of lead 9999999");
    let second = answered(&app, Verdict::Duplicate, again, "{}").await;
    answered(&app, Verdict::Unmatched, None, "what?").await;
    for _ in 0..5 {
        answered(&app, Verdict::Accepted, None, "{}").await;
    }
    let report = api.read("/api/v1/reports/rejections").await;
    let total = json!({"deliveries": 8, "accepted": 5, "rejected": 2, "unmatched": 1, "failed": 0});
    assert_eq!(report["total"], total);
    assert_eq!(report["destinations"][0]["destination"], "CRM");
    let rows = report["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{report}");
    assert_eq!((&rows[0]["verdict"], &rows[0]["count"]), (&json!("duplicate"), &json!(2)));
    assert_eq!(
        (&rows[0]["reason"], &rows[0]["share"]),
        (&json!("Duplicate of lead #"), &json!("25.00"))
    );
    assert_eq!((&rows[1]["verdict"], &rows[1]["share"]), (&json!("unmatched"), &json!("12.50")));
    let text = |name: &str| rows[0][name].as_str().unwrap();
    let behind = format!(
        "/api/v1/reports/rejections/deliveries?destination_id={}&verdict={}&reason_id={}&limit=1",
        text("destination_id"),
        text("verdict"),
        text("reason_id")
    );
    let page = api.read(&behind).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = api.read(&format!("{behind}&cursor={cursor}")).await;
    let mut found =
        [&page, &next].map(|p| p["data"][0]["delivery_id"].as_str().unwrap().to_owned());
    found.sort_unstable();
    let mut expect = [first, second];
    expect.sort_unstable();
    assert_eq!(found, expect);
    // Another campaign has none, another time has none.
    let other = api.make("/api/v1/campaigns", json!({"name": "Other"})).await;
    let none = api.read(&format!("/api/v1/reports/rejections?campaign_id={}", id(&other))).await;
    assert_eq!((&none["data"], &none["total"]["deliveries"]), (&json!([]), &json!(0)));
    app.clock.advance_ms(2 * HOUR_MS);
    let now = app.store.now().to_rfc3339();
    let later = app.store.now().plus_ms(HOUR_MS).to_rfc3339();
    let range = format!("/api/v1/reports/rejections?from={now}&to={later}");
    assert_eq!(api.read(&range).await["data"], json!([]));
    for bad in ["from=never", "from=2020-01-01T00:00:00Z", "campaign_id=x", "colour=red"] {
        api.get(&format!("/api/v1/reports/rejections?{bad}")).await.problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_destination_that_cannot_tell_a_success_cannot_be_on() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let body = json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
        "settings": {"url": "https://crm.example/"}, "responses": []});
    let refused = api.post("/api/v1/destinations", body.clone()).await;
    assert_eq!(fields(&refused), ["responses"]);
    let mut off = body;
    off["disabled"] = "no rules yet".into();
    let made = api.make("/api/v1/destinations", off).await;
    assert_eq!(codes(&made), ["no_success", "never_tested"]);
    let path = format!("/api/v1/destinations/{}", id(&made));
    assert_eq!(fields(&api.patch(&path, json!({"disabled": null})).await), ["responses"]);
    let both = json!({"disabled": null, "responses":
        [{"match": "status", "value": "200", "verdict": "accepted"}]});
    let on = api.patch(&path, both).await;
    assert_eq!(on.status, 200);
    assert_eq!(codes(&on.json()), ["status_alone", "never_tested"]);
    let bad = json!({"responses": [{"match": "regex", "value": "(", "verdict": "accepted"}]});
    assert_eq!(fields(&api.patch(&path, bad).await), ["responses[0].value"]);
}
