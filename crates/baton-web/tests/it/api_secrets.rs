//! Secrets are shown once: no answer to a GET holds one.

use crate::api_client::{Api, id};
use crate::app::{KEY, TestApp};
use baton_domain::delivery::DeliveryState;
use baton_domain::exchange::{Phases, RequestSpec};
use baton_domain::secret::{MASK, SIGNING, SIGNING_PREVIOUS, Secret};
use baton_domain::signature::hex_signature;
use baton_domain::verdict::Verdict;
use baton_store::{AttemptRecord, Claim, Finish, LaneRoom, StoredRequest};
use serde_json::{Value, json};

const CREDENTIAL: &str = "Bearer sekret-credential-1";
const NEXT_CREDENTIAL: &str = "Bearer sekret-credential-2";

/// Records an attempt of the newest delivery whose request, answer and reason hold a credential.
async fn attempt(app: &TestApp, lead: &str) -> String {
    let (delivery, target, _) = app.deliveries(lead).await[0];
    let token = app.store.new_id::<baton_domain::id::TaskId>();
    let token = baton_domain::id::TypedId::uuid(token);
    let now = app.store.now();
    let claim = Claim {
        lanes: vec![LaneRoom { lane: target, first: 1, retry: 1, total: 1 }],
        now,
        lease_until: now.plus_ms(60_000),
        token,
    };
    let claimed = app.store.claim(claim).await.unwrap();
    assert_eq!(claimed.deliveries[0].id, delivery);
    let request = RequestSpec {
        method: "POST".to_owned(),
        url: "https://crm.example/leads?key=Bearer%20sekret-credential-1".to_owned(),
        headers: vec![("Authorization".to_owned(), CREDENTIAL.to_owned())],
        body: json!({"key": CREDENTIAL}).to_string().into_bytes(),
    };
    let record = AttemptRecord {
        n: 1,
        started_at: now,
        verdict: Verdict::Accepted,
        decided_by: "rule 1 (status 2xx)".to_owned(),
        rule: Some(0),
        reason: Some(format!("got {CREDENTIAL}")),
        status: Some(200),
        fault: None,
        sent_headers: vec![("webhook-id".to_owned(), delivery.to_string())],
        answer_headers: vec![("x-echo".to_owned(), CREDENTIAL.to_owned())],
        answer: format!("you sent {CREDENTIAL}").into_bytes(),
        answer_cut: false,
        phases: Phases { total_us: 1_500, ..Phases::default() },
        extracted: Some(json!({"vendor_id": CREDENTIAL}).to_string().into_bytes()),
        steps: Vec::new(),
        question: None,
        sent: None,
    };
    let finish = Finish {
        workspace: app.workspace,
        delivery,
        token,
        lead: Some(lead.parse().unwrap()),
        now,
        attempt: Some(record),
        request: Some(StoredRequest {
            request,
            secret_headers: vec!["Authorization".to_owned()],
            sealed: true,
            variant: Default::default(),
        }),
        state: DeliveryState::Accepted,
        next_at: None,
        question: false,
        answered: None,
        lead_fields: None,
        note: None,
        lead_delivered: true,
        followups: Vec::new(),
        events: Vec::new(),
        disable: None,
        tally: None,
    };
    assert!(app.store.finish(finish).await.unwrap());
    delivery.to_string()
}

/// Every GET of the API that a lead and these documents have an answer for.
async fn all_answers(api: &Api<'_>, lead: &str, delivery: &str) -> String {
    let mut paths = vec![
        format!("leads/{lead}"),
        format!("leads/{lead}/timeline"),
        format!("deliveries/{delivery}"),
    ];
    for list in [
        "workspaces",
        "campaigns",
        "sources",
        "destinations",
        "webhooks",
        "keys",
        "connectors",
        "leads",
        "deliveries",
        "events",
    ] {
        paths.push(list.to_owned());
        let page = api.read(&format!("/api/v1/{list}")).await;
        if ["campaigns", "sources", "destinations", "webhooks", "keys"].contains(&list) {
            let rows = page["data"].as_array().unwrap();
            paths.extend(rows.iter().map(|row| format!("{list}/{}", id(row))));
        }
    }
    let mut all = String::new();
    for path in paths {
        let reply = api.get(&format!("/api/v1/{path}")).await;
        assert_eq!(reply.status, 200, "{path}");
        all.push_str(std::str::from_utf8(&reply.body).unwrap());
    }
    all
}

fn all_secrets(app: &TestApp) -> Vec<String> {
    let snapshot = app.store.snapshot();
    let mut secrets: Vec<String> = Vec::new();
    let mut take = |found: &baton_domain::secret::Secrets| {
        secrets.extend(found.values().map(|s| s.reveal().to_owned()));
    };
    snapshot.destinations.values().for_each(|d| take(&d.secrets));
    snapshot.sources.values().for_each(|d| take(&d.secrets));
    snapshot.subscriptions.values().for_each(|d| take(&d.secrets));
    secrets.extend(snapshot.keys.values().map(|k| k.body.sha256.clone()));
    secrets
}

#[tokio::test]
async fn no_get_shows_a_secret() {
    let app = TestApp::with(|seed| seed.destinations.clear()).await;
    let api = Api::new(&app);
    let destination = json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
        "settings": {"url": "https://crm.example/leads", "auth_value": CREDENTIAL}});
    let destination = api.make("/api/v1/destinations", destination).await;
    assert_eq!(destination["settings"]["auth_value"], MASK);
    let path = format!("/api/v1/destinations/{}", id(&destination));
    let signed = json!({"campaign_id": app.campaign, "name": "S", "require_signature": true});
    api.make("/api/v1/sources", signed).await;
    let webhook = api.make("/api/v1/webhooks", json!({"url": "https://a.example/"})).await;
    api.act(&format!("/api/v1/webhooks/{}/rotate-secret", id(&webhook)), json!({})).await;
    let key = api.make("/api/v1/keys", json!({"name": "k", "scopes": ["leads:read"]})).await;
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let delivery = attempt(&app, &lead).await;
    // A credential that was replaced stays masked in what was sent with it.
    let change = json!({"settings": {"auth_value": NEXT_CREDENTIAL}});
    assert_eq!(api.patch(&path, change).await.status, 200);
    let shown = all_answers(&api, &lead, &delivery).await;
    let mut secrets = all_secrets(&app);
    assert!(secrets.len() >= 8, "{}", secrets.len());
    secrets.extend([KEY.to_owned(), key["key"].as_str().unwrap().to_owned()]);
    for secret in &secrets {
        assert!(!shown.contains(secret.as_str()), "an answer shows {secret}");
    }
    assert!(!shown.contains("sekret-credential"), "{shown}");
    let one = api.read(&format!("/api/v1/deliveries/{delivery}")).await;
    let attempt = &one["attempt_log"][0];
    assert_eq!(attempt["request"]["headers"][0]["value"], MASK);
    assert_eq!(attempt["request"]["headers"][1]["name"], "webhook-id");
    assert_eq!(attempt["answer"]["body"], format!("you sent {MASK}"));
    assert_eq!(attempt["timing"]["total_us"], json!(1_500));
    // When the destination is gone, its secrets are too: what may hold them is held back.
    assert_eq!(api.delete(&path).await.status, 204);
    let shown = all_answers(&api, &lead, &delivery).await;
    assert!(!shown.contains("sekret-credential"), "{shown}");
}

#[tokio::test]
async fn secret_settings_are_kept_replaced_and_removed() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let url = "https://crm.example/leads";
    let made = json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
        "settings": {"url": url, "auth_value": CREDENTIAL}});
    let made = api.make("/api/v1/destinations", made).await;
    let path = format!("/api/v1/destinations/{}", id(&made));
    let stored = || {
        let destination = id(&made).parse().unwrap();
        let snapshot = app.store.snapshot();
        let secrets = &snapshot.destinations[&destination].secrets;
        secrets.get("auth_value").map(|s| s.reveal().to_owned())
    };
    let put = async |settings: Value| api.patch(&path, json!({"settings": settings})).await.json();
    put(json!({"method": "PUT"})).await;
    assert_eq!(stored().as_deref(), Some(CREDENTIAL));
    let shown = put(json!({"auth_value": MASK, "url": url})).await;
    assert_eq!(shown["settings"], json!({"url": url, "method": "PUT", "auth_value": MASK}));
    assert_eq!(stored().as_deref(), Some(CREDENTIAL));
    put(json!({"auth_value": NEXT_CREDENTIAL})).await;
    assert_eq!(stored().as_deref(), Some(NEXT_CREDENTIAL));
    let shown = put(json!({"auth_value": null})).await;
    assert_eq!(stored(), None);
    assert_eq!(shown["settings"].get("auth_value"), None);
    let masked = json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
        "settings": {"url": url, "auth_value": MASK}});
    let refused = api.post("/api/v1/destinations", masked).await;
    assert_eq!(crate::api_client::fields(&refused), ["settings.auth_value"]);
}

#[tokio::test]
async fn rotation_keeps_the_former_secret_for_a_while() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.destination("D").await;
    let first = made["secret"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/destinations/{}/rotate-secret", id(&made));
    let stored = |name: &str| {
        let destination = id(&made).parse().unwrap();
        let snapshot = app.store.snapshot();
        let secrets = &snapshot.destinations[&destination].secrets;
        secrets.get(name).map(|s| s.reveal().to_owned())
    };
    let rotated = api.act(&path, json!({})).await;
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_eq!(stored(SIGNING), Some(second.clone()));
    assert_eq!(stored(SIGNING_PREVIOUS), Some(first.clone()));
    let end = app.store.now().plus_ms(24 * 3_600_000).to_rfc3339();
    assert_eq!(rotated["previous_secret_until"], json!(end));
    // Again while it runs: receivers know the first secret.
    let third = api.act(&path, json!({"grace": "1h"})).await;
    assert_ne!(third["secret"].as_str(), Some(second.as_str()));
    assert_eq!(stored(SIGNING_PREVIOUS), Some(first));
    let finished = api.act(&format!("{path}/finish"), json!({})).await;
    assert_eq!(finished["previous_secret_until"], Value::Null);
    assert_eq!((stored(SIGNING_PREVIOUS), finished.get("secret")), (None, None));
    api.act(&path, json!({"grace": "0s"})).await;
    assert_eq!(stored(SIGNING_PREVIOUS), None);
    let long = api.post(&path, json!({"grace": "31d"})).await;
    assert_eq!(crate::api_client::fields(&long), ["grace"]);
}

#[tokio::test]
async fn a_source_s_former_secret_is_taken_until_the_grace_ends() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let body = json!({"campaign_id": app.campaign, "name": "S", "require_signature": true});
    let made = api.make("/api/v1/sources", body).await;
    let path = format!("/api/v1/sources/{}/rotate-secret", id(&made));
    let inbound = made["inbound_url"].as_str().unwrap();
    let inbound = &inbound[inbound.find("/api/inbound").unwrap()..];
    let lead = br#"{"email":"jane@example.com"}"#;
    let capture = async |secret: &str| {
        let signature = hex_signature(&Secret::new(secret), lead);
        let headers =
            [("content-type", "application/json"), ("x-leadsbot-signature", signature.as_str())];
        app.request("POST", inbound, &headers, lead).await.status
    };
    let text = |shown: &Value| shown["secret"].as_str().unwrap().to_owned();
    let first = text(&made);
    let rotated = api.act(&path, json!({"grace": "1h"})).await;
    let second = text(&rotated);
    let end = app.store.now().plus_ms(3_600_000).to_rfc3339();
    assert_eq!(rotated["previous_secret_until"], json!(end));
    assert_eq!((capture(&first).await, capture(&second).await), (201, 201));
    // Again while it runs: callers know the first secret.
    let third = text(&api.act(&path, json!({"grace": "1h"})).await);
    assert_eq!(
        (capture(&first).await, capture(&second).await, capture(&third).await),
        (201, 401, 201)
    );
    app.clock.advance_ms(3_600_000);
    assert_eq!((capture(&first).await, capture(&third).await), (401, 201));
    let fourth = text(&api.act(&path, json!({})).await);
    assert_eq!((capture(&third).await, capture(&fourth).await), (201, 201));
    let finished = api.act(&format!("{path}/finish"), json!({})).await;
    assert_eq!((&finished["previous_secret_until"], finished.get("secret")), (&Value::Null, None));
    assert_eq!((capture(&third).await, capture(&fourth).await), (401, 201));
    let fifth = text(&api.act(&path, json!({"grace": "0s"})).await);
    assert_eq!((capture(&fourth).await, capture(&fifth).await), (401, 201));
}

#[tokio::test]
async fn a_key_s_former_text_works_until_the_grace_ends() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.make("/api/v1/keys", json!({"name": "k", "scopes": ["config:read"]})).await;
    let path = format!("/api/v1/keys/{}", id(&made));
    let text = |shown: &Value| shown["key"].as_str().unwrap().to_owned();
    let works = async |key: &str| Api::with_key(&app, key).get("/api/v1/campaigns").await.status;
    let first = text(&made);
    let rotated = api.act(&format!("{path}/rotate"), json!({})).await;
    let second = text(&rotated);
    let end = app.store.now().plus_ms(24 * 3_600_000).to_rfc3339();
    assert_eq!(rotated["previous_key_until"], json!(end));
    assert_eq!((works(&first).await, works(&second).await), (200, 200));
    // Again while it runs: callers know the first text.
    let third = text(&api.act(&format!("{path}/rotate"), json!({"grace": "1h"})).await);
    assert_eq!((works(&first).await, works(&second).await, works(&third).await), (200, 401, 200));
    app.clock.advance_ms(3_600_000);
    assert_eq!((works(&first).await, works(&third).await), (401, 200));
    let fourth = text(&api.act(&format!("{path}/rotate"), json!({})).await);
    let finished = api.act(&format!("{path}/rotate/finish"), json!({})).await;
    assert_eq!((&finished["previous_key_until"], finished.get("key")), (&Value::Null, None));
    assert_eq!((works(&third).await, works(&fourth).await), (401, 200));
    // A revoked key takes its former text with it.
    let fifth = text(&api.act(&format!("{path}/rotate"), json!({})).await);
    assert_eq!(api.delete(&path).await.status, 204);
    assert_eq!((works(&fourth).await, works(&fifth).await), (401, 401));
    let long = api.post(&format!("{path}/rotate"), json!({"grace": "31d"})).await;
    long.problem(409, "conflict");
}

#[tokio::test]
async fn a_secret_that_is_set_shows_its_last_four_characters() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let settings = json!({"url": "https://crm.example/", "auth_header": "Authorization",
        "auth_value": CREDENTIAL});
    let made = json!({"campaign_id": app.campaign, "connector": "webhook", "name": "D",
        "settings": settings});
    let made = api.make("/api/v1/destinations", made).await;
    let path = format!("/api/v1/destinations/{}", id(&made));
    let ends =
        |secret: &Value| json!(&secret.as_str().unwrap()[secret.as_str().unwrap().len() - 4..]);
    let expect = json!([{"name": "signing", "ends": ends(&made["secret"])},
        {"name": "auth_value", "ends": "al-1"}]);
    assert_eq!(api.read(&path).await["secrets"], expect);
    // Of a short one, four characters are too much.
    let short = json!({"settings": {"auth_value": "short"}});
    let changed = api.patch(&path, short).await.json();
    assert_eq!(changed["secrets"][1], json!({"name": "auth_value", "ends": null}));
    let hook = json!({"url": "https://hook.example/", "events": ["lead.created"]});
    let hook = api.make("/api/v1/webhooks", hook).await;
    let path = format!("/api/v1/webhooks/{}", id(&hook));
    let expect = json!([{"name": "signing", "ends": ends(&hook["secret"])}]);
    assert_eq!(api.read(&path).await["secrets"], expect);
}
