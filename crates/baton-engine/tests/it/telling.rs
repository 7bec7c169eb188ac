//! Events for subscriptions, and test calls.

use crate::house::{House, MINUTE, SECRET, signing};
use baton_domain::id::{ImportId, LeadId, TaskId, TypedId};
use baton_domain::import::ImportProgress;
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::probe::{
    FORMAT, KIND, PURPOSE, ProbeLead, ProbeResult, ProbeStepKind, ProbeTarget, ProbeTask,
};
use baton_domain::secret::Secret;
use baton_domain::verdict::Verdict;
use baton_sandbox::{Reply, SignatureCheck};
use baton_store::imports::{ImportBatch, ImportLead, NewImport};
use baton_store::tasks::NewTask;
use serde_json::{Value, json};

#[tokio::test]
async fn a_subscription_gets_signed_events_in_their_envelope() {
    let house = House::open().await;
    let destination = house.destination("/crm", json!({})).await;
    let wants = json!({"events": ["lead.created", "delivery.succeeded"]});
    house.subscription("/hook", wants).await;
    let captured = house.capture(LeadState::Received, &[destination]).await;
    let received = house
        .sandbox
        .wait_until(|all| all.iter().filter(|r| r.path == "/hook").count() == 2)
        .await
        .unwrap();
    let hooks: Vec<_> = received.iter().filter(|r| r.path == "/hook").collect();
    let read = |kind: &str| -> (Value, _) {
        let found = hooks.iter().map(|r| (serde_json::from_slice::<Value>(&r.body).unwrap(), r));
        found.into_iter().find(|(body, _)| body["event"] == kind).unwrap()
    };
    let (created, request) = read("lead.created");
    assert_eq!(request.signatures.leadsbot, SignatureCheck::Right);
    assert_eq!(request.signatures.webhook, SignatureCheck::Right);
    assert_eq!(request.header("webhook-id"), created["id"].as_str());
    assert!(created["id"].as_str().unwrap().starts_with("evt_"));
    assert_eq!(created["workspace_id"], json!(house.workspace));
    assert_eq!(created["timestamp"], house.now().to_rfc3339());
    assert_eq!(created["seq"], 1);
    assert_eq!(created["data"]["email"], "jane@example.com");
    assert_eq!(created["data"]["id"], json!(captured.lead));
    let (succeeded, _) = read("delivery.succeeded");
    assert_eq!(succeeded["seq"], 2);
    assert_eq!(succeeded["data"]["delivery_id"], json!(captured.deliveries[0]));
    assert_eq!(succeeded["data"]["destination_id"], json!(destination));
    assert_eq!(succeeded["data"]["verdict"], "accepted");
    assert_eq!(succeeded["data"]["status"], 200);
    // Deliveries of events make no events themselves.
    house.until("quiet", || async { house.engine().stats().in_flight == 0 }).await;
    assert_eq!(house.events(captured.lead).await, ["lead.created", "delivery.succeeded"]);
}

#[tokio::test]
async fn a_subscription_retries_with_the_event_id_and_is_switched_off_by_a_410() {
    let house = House::open().await;
    let wants = json!({"events": ["lead.created"], "retry": {"schedule_ms": [0, MINUTE]}});
    let hook = house.subscription("/hook", wants).await;
    house.sandbox.set_rule("/hook", Reply::status(500)).unwrap();
    let captured = house.capture(LeadState::Received, &[]).await;
    house.sandbox.wait_for(1).await.unwrap();
    house.until("written", || async { house.engine().stats().retried == 1 }).await;
    house.sandbox.set_rule("/hook", Reply::status(410)).unwrap();
    house.clock.advance(MINUTE);
    house.until("held", || async { house.engine().stats().held == 1 }).await;
    let received = house.sandbox.received();
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(received[0].body, received[1].body);
    house
        .until("off", || async {
            house.store.snapshot().subscriptions[&hook].body.disabled.is_some()
        })
        .await;
    assert_eq!(house.events(captured.lead).await, ["lead.created"]);
    assert_eq!(house.deliveries_to(hook.uuid()).await.len(), 1);
}

#[tokio::test]
async fn a_subscription_gets_nothing_from_before_it_was_made() {
    let house = House::open().await;
    house.capture(LeadState::Received, &[]).await;
    house.clock.advance(5_000);
    house.subscription("/hook", json!({})).await;
    let later = house.capture(LeadState::Received, &[]).await;
    let received = house.sandbox.wait_for(1).await.unwrap();
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["data"]["id"], json!(later.lead));
    house.until("quiet", || async { house.engine().stats().accepted == 1 }).await;
    assert_eq!(house.sandbox.received_count(), 1);
}

/// Imports a lead as files of leads are imported, told to nobody.
async fn import_quietly(house: &House) -> LeadId {
    let store = &house.store;
    let capture = house.incoming(LeadState::Received, &[]);
    let (lead, id, upload) = (capture.lead, store.new_id::<ImportId>(), store.new_id::<TaskId>());
    let settings = json!({"format": "csv", "columns": {}, "deliver": false});
    let import = NewImport {
        id,
        workspace: house.workspace,
        campaign: house.campaign,
        source: capture.source,
        dry_run: false,
        settings: serde_json::from_value(settings).unwrap(),
        now: store.now(),
        idempotency: None,
    };
    store.new_import(import).await.unwrap();
    let workspace = store.workspace(house.workspace);
    assert!(workspace.add_import_piece(id, upload.uuid(), 0, b"email\n".to_vec()).await.unwrap());
    assert!(workspace.finish_import_upload(id, upload.uuid(), 6).await.unwrap());
    let (token, lease_until) = (store.new_id::<TaskId>().uuid(), store.now().plus_ms(MINUTE));
    store.claim_import(token, lease_until).await.unwrap().unwrap();
    let batch = ImportBatch {
        id,
        token,
        leads: vec![ImportLead::new(2, 2, capture, true).unwrap()],
        report: Vec::new(),
        progress: ImportProgress::default(),
        now: store.now(),
        lease_until,
    };
    assert!(store.commit_import(batch).await.unwrap().is_some());
    lead
}

#[tokio::test]
async fn what_is_imported_quietly_is_in_the_record_and_told_to_nobody() {
    let house = House::open().await;
    let hook = house.subscription("/hook", json!({})).await;
    let quiet = import_quietly(&house).await;
    assert_eq!(house.events(quiet).await, ["lead.created"]);
    // Events are told in their order: when the later lead is, the quiet one was passed over.
    let told = house.capture(LeadState::Received, &[]).await;
    let received = house.sandbox.wait_for(1).await.unwrap();
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["data"]["id"], json!(told.lead));
    assert_eq!(house.deliveries_to(hook.uuid()).await.len(), 1);
}

/// Makes a task of a test call.
pub async fn ask_for_probe(house: &House, id: TaskId, target: ProbeTarget) {
    let mut secrets = ProbeTask::plain_secrets(&signing());
    secrets.insert("auth_value".to_owned(), "Bearer top-secret".to_owned());
    let mut data = LeadData::default();
    data.raw.set("email", json!("sample@example.com"));
    let lead = ProbeLead {
        id: house.store.new_id::<LeadId>(),
        data,
        state: LeadState::Received,
        status: "new".to_owned(),
        score: None,
        source: "sample".to_owned(),
        campaign: "SOLAR".to_owned(),
        created_at: house.now(),
    };
    let task = ProbeTask { target, secrets, lead };
    let body = serde_json::to_vec(&task).unwrap();
    let body = house.store.master().seal(PURPOSE, &body).unwrap();
    let new = NewTask {
        id,
        workspace: house.workspace,
        kind: KIND.to_owned(),
        format: FORMAT,
        body,
        now: house.now(),
    };
    house.store.new_task(new).await.unwrap();
}

/// The result of a test call, if there is one yet.
pub async fn probe_result(house: &House, id: TaskId) -> Option<ProbeResult> {
    let result = house.store.task_result(house.workspace, id).await.unwrap()?;
    let plain = house.store.master().open(PURPOSE, &result).unwrap();
    Some(serde_json::from_slice(&plain).unwrap())
}

async fn probe(house: &House, target: ProbeTarget) -> ProbeResult {
    let id = house.store.new_id();
    let wait = house.store.hints().wait_for(TypedId::uuid(id));
    ask_for_probe(house, id, target).await;
    tokio::time::timeout(std::time::Duration::from_secs(30), wait.changed()).await.unwrap();
    probe_result(house, id).await.unwrap()
}

#[tokio::test]
async fn a_test_call_is_real_and_shows_no_secret() {
    let house = House::open().await;
    house.sandbox.set_secret("/try", Secret::new(SECRET)).unwrap();
    house.sandbox.set_rule("/try", Reply::status(422).body("no such field")).unwrap();
    let body = json!({"campaign": house.campaign, "connector": "webhook", "name": "unsaved",
        "settings": {"url": house.sandbox.url("/try")}});
    let destination = serde_json::from_value(body).unwrap();
    let result = probe(&house, ProbeTarget::Destination(Box::new(destination))).await;
    assert_eq!(result.verdict, Verdict::Unmatched);
    let answer = result.answer.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (422, "no such field"));
    let request = result.request.unwrap();
    assert!(request.body.contains("sample@example.com"));
    let shown = format!("{:?}{}", request.headers, request.body);
    assert!(!shown.contains("top-secret") && shown.contains("webhook-signature"), "{shown}");
    let received = house.sandbox.received();
    assert_eq!(received[0].signatures.webhook, SignatureCheck::Right);
    assert_eq!(received[0].header("authorization"), Some("Bearer top-secret"));
    let sent: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(sent["test"], true);
}

/// A destination of the connector `bidding`.
fn bidding(house: &House) -> ProbeTarget {
    let body = json!({"campaign": house.campaign, "connector": "bidding", "name": "unsaved",
        "settings": {"base_url": house.sandbox.url("/b")}});
    ProbeTarget::Destination(Box::new(serde_json::from_value(body).unwrap()))
}

#[tokio::test]
async fn a_test_call_pings_before_it_posts_where_leads_do() {
    let house = House::open().await;
    let yes = json!({"status": "yes", "id": "b-9", "price": "4.20"}).to_string();
    house.sandbox.set_rule("/b/ping", Reply::status(200).body(yes)).unwrap();
    let result = probe(&house, bidding(&house)).await;
    assert_eq!(result.verdict, Verdict::Accepted);
    assert_eq!(result.extracted["price"], "4.20", "what the bid said");
    assert!(result.request.unwrap().url.ends_with("/b/post"));
    let [ping] = result.steps.try_into().ok().unwrap();
    assert_eq!((ping.kind, ping.verdict), (ProbeStepKind::Ping, Verdict::Accepted));
    assert!(ping.request.unwrap().url.ends_with("/b/ping"));
    assert!(ping.answer.unwrap().body.contains("b-9"));
    let received = house.sandbox.received();
    let paths: Vec<_> = received.iter().map(|r| r.path.as_str()).collect();
    assert_eq!(paths, ["/b/ping", "/b/post"]);
    let post: Value = serde_json::from_slice(&received[1].body).unwrap();
    assert_eq!((&post["ping_id"], &post["email"]), (&json!("b-9"), &json!("sample@example.com")));

    let no = json!({"status": "no"}).to_string();
    house.sandbox.set_rule("/b/ping", Reply::status(200).body(no)).unwrap();
    let result = probe(&house, bidding(&house)).await;
    assert_eq!(result.verdict, Verdict::Rejected);
    assert!(result.decided_by.starts_with("ping: rule 2"), "{}", result.decided_by);
    assert!(result.request.unwrap().url.ends_with("/b/ping") && result.steps.is_empty());
    assert_eq!(house.sandbox.received_count(), 3, "nothing is posted without a bid");
}

#[tokio::test]
async fn a_test_call_of_a_webhook_sends_a_test_event() {
    let house = House::open().await;
    let body = json!({"url": house.sandbox.url("/hook"), "events": []});
    let subscription = serde_json::from_value(body).unwrap();
    let result = probe(&house, ProbeTarget::Subscription(Box::new(subscription))).await;
    assert_eq!(result.verdict, Verdict::Accepted);
    let sent: Value = serde_json::from_slice(&house.sandbox.received()[0].body).unwrap();
    assert_eq!(sent["event"], "webhook.test");
}

#[tokio::test]
async fn a_test_call_that_cannot_be_made_says_why() {
    let house = House::open().await;
    let body = json!({"campaign": house.campaign, "connector": "nothing", "name": "unsaved"});
    let destination = serde_json::from_value(body).unwrap();
    let result = probe(&house, ProbeTarget::Destination(Box::new(destination))).await;
    assert_eq!(result.verdict, Verdict::Blocked);
    assert!(result.request.is_none());
    assert!(result.reason.unwrap().contains("not installed"));
}
