//! Previews and test calls. The engine is played by the test: it takes the task and finishes it.

use crate::api_client::{Api, fields, id};
use crate::app::{PATIENCE, TestApp};
use baton_domain::id::{TaskId, TypedId};
use baton_domain::probe::{
    FORMAT, KIND, PURPOSE, ProbeAnswer, ProbeRequest, ProbeResult, ProbeTarget, ProbeTask,
};
use baton_domain::secret::MASK;
use baton_domain::verdict::Verdict;
use baton_store::tasks::{TaskClaim, TaskFinish};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CREDENTIAL: &str = "Bearer sekret-credential-1";

/// Takes the one task that is made and answers it, echoing the credential.
async fn play_engine(app: &TestApp) -> ProbeTask {
    let token = app.store.new_id::<TaskId>().uuid();
    let taking = async {
        loop {
            let now = app.store.now();
            let claim = TaskClaim { now, lease_until: now.plus_ms(60_000), token };
            if let Some(task) = app.store.claim_task(claim).await.unwrap() {
                return task;
            }
            tokio::task::yield_now().await;
        }
    };
    let task = tokio::time::timeout(PATIENCE, taking).await.expect("a task must be made");
    assert_eq!((task.kind.as_str(), task.format, task.workspace), (KIND, FORMAT, app.workspace));
    let plain = app.store.master().open(PURPOSE, &task.body).unwrap();
    let probe: ProbeTask = serde_json::from_slice(&plain).unwrap();
    let result = ProbeResult {
        request: Some(ProbeRequest {
            method: "POST".to_owned(),
            url: "https://crm.example/leads".to_owned(),
            headers: vec![("Authorization".to_owned(), CREDENTIAL.to_owned())],
            body: "{}".to_owned(),
        }),
        answer: Some(ProbeAnswer {
            status: 200,
            headers: Vec::new(),
            body: format!("you sent {CREDENTIAL}"),
            cut: false,
        }),
        phases: Default::default(),
        verdict: Verdict::Accepted,
        decided_by: "rule 1 (status 2xx)".to_owned(),
        rule: Some(0),
        reason: None,
        extracted: BTreeMap::new(),
        fault: None,
        steps: Vec::new(),
    };
    let result = serde_json::to_vec(&result).unwrap();
    let result = app.store.master().seal(PURPOSE, &result).unwrap();
    let finish = TaskFinish { id: task.id, token, result, now: app.store.now() };
    app.store.finish_task(finish).await.unwrap();
    probe
}

fn document(app: &TestApp) -> Value {
    json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
        "settings": {"url": "https://crm.example/leads", "auth_value": CREDENTIAL},
        "mapping": [{"to": "Mobile", "from": "phone", "transform": ["e164"]}]})
}

#[tokio::test]
async fn a_preview_shows_the_request_with_its_secrets_masked() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let shown = api.act("/api/v1/destinations/preview", document(&app)).await;
    assert_eq!(shown["url"], "https://crm.example/leads");
    let body: Value = serde_json::from_str(shown["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"Mobile": "+447700900123", "test": true}));
    assert!(!shown.to_string().contains("sekret"), "{shown}");
    let mut with_fields = document(&app);
    with_fields["fields"] = json!({"phone": "020 7946 0000"});
    let shown = api.act("/api/v1/destinations/preview", with_fields).await;
    assert!(shown["body"].as_str().unwrap().contains("+442079460000"), "{shown}");
    let saved = api.make("/api/v1/destinations", document(&app)).await;
    let shown = api.act(&format!("/api/v1/destinations/{}/preview", id(&saved)), json!({})).await;
    let names: Vec<_> = shown["headers"].as_array().unwrap().iter().map(|h| &h["name"]).collect();
    assert!(names.contains(&&json!("webhook-signature")), "{names:?}");
    let mut bad = document(&app);
    bad["settings"]["url"] = "https://127.0.0.1/".into();
    let refused = api.post("/api/v1/destinations/preview", bad).await;
    assert_eq!(fields(&refused), ["settings.url"]);
    let mut odd = document(&app);
    odd["colour"] = "red".into();
    assert_eq!(fields(&api.post("/api/v1/destinations/preview", odd).await), ["colour"]);
}

#[tokio::test]
async fn trying_with_a_real_lead_needs_the_right_to_read_it() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let lead = json!({"email": "jane@example.com", "phone": "07700 900456"});
    let lead = app.capture(lead).await.created("received");
    let path = format!("/api/v1/destinations/{}/preview", app.destinations[0]);
    let shown = api.act(&path, json!({"lead_id": lead})).await;
    assert!(shown["body"].as_str().unwrap().contains("jane@example.com"), "{shown}");
    let key = api.make("/api/v1/keys", json!({"name": "k", "scopes": ["config:write"]})).await;
    let limited = Api::with_key(&app, key["key"].as_str().unwrap());
    limited.post(&path, json!({"lead_id": lead})).await.problem(403, "forbidden");
    assert_eq!(limited.post(&path, json!({})).await.status, 200);
    let nobody: baton_domain::id::LeadId = app.store.new_id();
    api.post(&path, json!({"lead_id": nobody})).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_test_call_is_made_by_the_engine_and_shown_masked() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let (shown, task) =
        tokio::join!(api.act("/api/v1/destinations/test", document(&app)), play_engine(&app));
    assert_eq!((&shown["verdict"], &shown["rule"]), (&json!("accepted"), &json!(0)));
    assert_eq!(shown["answer"]["body"], format!("you sent {MASK}"));
    assert_eq!(shown["request"]["headers"][0]["value"], MASK);
    assert_eq!(task.secrets["auth_value"], CREDENTIAL);
    let ProbeTarget::Destination(target) = task.target else { panic!("a destination") };
    assert_eq!(target.name, "D");
    assert_eq!(task.lead.campaign, "SOLAR-UK");
    let path = format!("/api/v1/destinations/{}/test", app.destinations[0]);
    let (shown, task) = tokio::join!(api.act(&path, json!({})), play_engine(&app));
    assert_eq!(shown["decided_by"], "rule 1 (status 2xx)");
    assert!(task.lead.data.fields().text("email").is_some());
}

#[tokio::test]
async fn a_webhook_is_tested_with_an_event_of_its_own() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.make("/api/v1/webhooks", json!({"url": "https://hooks.example/"})).await;
    let path = format!("/api/v1/webhooks/{}/test", id(&made));
    let (shown, task) = tokio::join!(api.act(&path, json!({})), play_engine(&app));
    assert_eq!(shown["verdict"], "accepted");
    let ProbeTarget::Subscription(target) = task.target else { panic!("a webhook") };
    assert_eq!(target.url, "https://hooks.example/");
    assert_eq!(Some(task.secrets["signing"].as_str()), made["secret"].as_str());
}

#[tokio::test]
async fn unsaved_changes_are_tried_with_the_saved_secrets() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let saved = api.make("/api/v1/destinations", document(&app)).await;
    let changed = json!({"id": saved["id"], "name": "Changed", "mapping": [],
        "settings": {"url": "https://new.example/", "auth_value": MASK}, "responses": []});
    let (_, task) = tokio::join!(api.act("/api/v1/destinations/test", changed), play_engine(&app));
    assert_eq!(task.secrets["auth_value"], CREDENTIAL);
    let ProbeTarget::Destination(target) = task.target else { panic!("a destination") };
    assert_eq!(
        (target.name.as_str(), target.settings["url"].as_str()),
        ("Changed", Some("https://new.example/"))
    );
    let path = format!("/api/v1/destinations/{}", id(&saved));
    let unsaved = api.read(&path).await;
    assert_eq!(unsaved["name"], "D");
    assert_eq!(unsaved["warnings"][0]["code"], "never_tested", "the saved one was not tested");
    let test = format!("{path}/test");
    let (_, _) = tokio::join!(api.act(&test, json!({})), play_engine(&app));
    assert_eq!(api.read(&path).await["warnings"], json!([]));
    let nobody = json!({"id": "dst_01h455vb4pex5vsknk084sn02q"});
    api.post("/api/v1/destinations/preview", nobody).await.problem(404, "not_found");
}
