//! Who may do what: every operation of the description has a case, and every case is tried without
//! a key, with an unknown one, without the scope, and with another workspace's key.

use crate::api_client::{Api, id};
use crate::app::{KEY, TestApp};
use crate::browser::{invited, owner};
use baton_domain::account::Role;
use baton_domain::config::Scope;
use baton_domain::id::{EventId, TypedId, WorkspaceId};
use baton_web::openapi::document;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Operations without a key: what they give is everybody's, or the id in the path is the authority.
const PUBLIC: &[(&str, &str)] = &[
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("post", "/api/inbound/w/{webhook_id}/leads"),
    ("get", "/spec/{webhook_id}"),
    ("get", "/api/v1/auth/state"),
    ("post", "/api/v1/auth/setup"),
    ("post", "/api/v1/auth/sign-in"),
    ("post", "/api/v1/auth/sign-out"),
    ("get", "/api/v1/auth/invitations/{token}"),
    ("post", "/api/v1/auth/invitations/{token}/accept"),
];

/// Operations in LeadByte's shape, with the scopes of which one is enough, and a body.
const LEADBYTE: &[(&str, &str, &[Scope], &str)] = &[
    (
        "post",
        "/restapi/v1.3/leads",
        &[Scope::LeadsWrite],
        r#"{"campid":"SOLAR-UK","email":"jo@example.com"}"#,
    ),
    ("get", "/restapi/v1.3/apiqueue/{queue}", &[Scope::LeadsWrite, Scope::LeadsRead], ""),
    (
        "get",
        "/restapi/v1.3/apiqueue",
        &[Scope::LeadsWrite, Scope::LeadsRead],
        r#"{"queueIds":["{queue}"]}"#,
    ),
];

/// An operation, the scope it needs, and a body it takes. `{name}` stands for an id of the first
/// workspace; what such an operation gives to another workspace's key is 404.
const CASES: &[(&str, &str, Scope, &str)] = &[
    ("get", "/api/v1/workspaces", Scope::ConfigRead, ""),
    ("patch", "/api/v1/workspaces/{workspace}", Scope::ConfigWrite, "{}"),
    ("get", "/api/v1/campaigns", Scope::ConfigRead, ""),
    ("post", "/api/v1/campaigns", Scope::ConfigWrite, r#"{"name":"New"}"#),
    ("get", "/api/v1/campaigns/{campaign}", Scope::ConfigRead, ""),
    ("patch", "/api/v1/campaigns/{campaign}", Scope::ConfigWrite, "{}"),
    ("delete", "/api/v1/campaigns/{campaign}", Scope::ConfigWrite, ""),
    (
        "post",
        "/api/v1/campaigns/check",
        Scope::ConfigRead,
        r#"{"fields":[{"name":"note","type":"text"}],"sample":{}}"#,
    ),
    ("post", "/api/v1/campaigns/{campaign}/pause", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/campaigns/{campaign}/resume", Scope::ConfigWrite, "{}"),
    ("get", "/api/v1/sources", Scope::ConfigRead, ""),
    ("post", "/api/v1/sources", Scope::ConfigWrite, r#"{"campaign_id":"{campaign}","name":"S"}"#),
    ("get", "/api/v1/sources/{source}", Scope::ConfigRead, ""),
    ("patch", "/api/v1/sources/{source}", Scope::ConfigWrite, "{}"),
    ("delete", "/api/v1/sources/{source}", Scope::ConfigWrite, ""),
    ("post", "/api/v1/sources/{source}/rotate-secret", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/sources/{source}/rotate-secret/finish", Scope::ConfigWrite, "{}"),
    ("get", "/api/v1/connectors", Scope::ConfigRead, ""),
    ("get", "/api/v1/connectors/webhook", Scope::ConfigRead, ""),
    ("get", "/api/v1/destinations", Scope::ConfigRead, ""),
    ("post", "/api/v1/destinations", Scope::ConfigWrite, DESTINATION),
    ("post", "/api/v1/destinations/preview", Scope::ConfigWrite, DESTINATION),
    ("post", "/api/v1/destinations/test", Scope::ConfigWrite, DESTINATION),
    ("get", "/api/v1/destinations/{destination}", Scope::ConfigRead, ""),
    ("patch", "/api/v1/destinations/{destination}", Scope::ConfigWrite, "{}"),
    ("delete", "/api/v1/destinations/{destination}", Scope::ConfigWrite, ""),
    ("post", "/api/v1/destinations/{destination}/rotate-secret", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/destinations/{destination}/rotate-secret/finish", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/destinations/{destination}/preview", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/destinations/{destination}/test", Scope::ConfigWrite, "{}"),
    (
        "post",
        "/api/v1/destinations/{destination}/responses/evaluate",
        Scope::ConfigRead,
        r#"{"answer":{"status":200}}"#,
    ),
    (
        "post",
        "/api/v1/destinations/responses/evaluate",
        Scope::ConfigRead,
        r#"{"connector":"webhook","answer":{"status":200}}"#,
    ),
    ("get", "/api/v1/destinations/{destination}/responses/unmatched", Scope::LeadsRead, ""),
    (
        "post",
        "/api/v1/destinations/{destination}/responses/unmatched/{group}/rule",
        Scope::ConfigWrite,
        "{}",
    ),
    ("get", "/api/v1/reports/rejections", Scope::LeadsRead, ""),
    ("get", "/api/v1/reports/rejections/deliveries", Scope::LeadsRead, ""),
    ("post", "/api/v1/hooks", Scope::ConfigWrite, HOOK),
    ("get", "/api/v1/hooks/sample", Scope::EventsRead, ""),
    ("delete", "/api/v1/hooks/{hook}", Scope::ConfigWrite, ""),
    ("get", "/api/v1/leads", Scope::LeadsRead, ""),
    ("get", "/api/v1/leads/{lead}", Scope::LeadsRead, ""),
    ("get", "/api/v1/leads/{lead}/timeline", Scope::LeadsRead, ""),
    ("patch", "/api/v1/leads/{lead}", Scope::LeadsUpdate, "{}"),
    ("post", "/api/v1/leads/bulk", Scope::LeadsUpdate, r#"{"ids":["{lead}"],"status":"won"}"#),
    ("get", "/api/v1/leads/{lead}/notes", Scope::LeadsRead, ""),
    ("post", "/api/v1/leads/{lead}/notes", Scope::LeadsUpdate, r#"{"text":"n"}"#),
    ("delete", "/api/v1/leads/{lead}/notes/{note}", Scope::LeadsUpdate, ""),
    ("post", "/api/v1/leads/{lead}/erase", Scope::LeadsErase, r#"{"confirm":"{lead}"}"#),
    ("get", "/api/v1/leads/count", Scope::LeadsRead, ""),
    ("get", "/api/v1/leads/export", Scope::LeadsRead, ""),
    ("get", "/api/v1/tags", Scope::LeadsRead, ""),
    ("get", "/api/v1/views", Scope::LeadsRead, ""),
    ("post", "/api/v1/views", Scope::LeadsUpdate, r#"{"name":"v","screen":"leads","query":{}}"#),
    ("get", "/api/v1/views/{view}", Scope::LeadsRead, ""),
    ("patch", "/api/v1/views/{view}", Scope::LeadsUpdate, "{}"),
    ("delete", "/api/v1/views/{view}", Scope::LeadsUpdate, ""),
    ("get", "/api/v1/deliveries/failures", Scope::LeadsRead, ""),
    ("post", "/api/v1/deliveries/bulk-resend", Scope::DeliveriesWrite, BULK),
    ("get", "/api/v1/jobs", Scope::LeadsRead, ""),
    ("get", "/api/v1/jobs/{job}", Scope::LeadsRead, ""),
    ("post", "/api/v1/jobs/{job}/cancel", Scope::DeliveriesWrite, "{}"),
    ("get", "/api/v1/system", Scope::ConfigRead, ""),
    ("get", "/api/v1/deliveries", Scope::LeadsRead, ""),
    ("get", "/api/v1/deliveries/{delivery}", Scope::LeadsRead, ""),
    ("post", "/api/v1/deliveries/{delivery}/resend", Scope::DeliveriesWrite, "{}"),
    ("get", "/api/v1/events", Scope::EventsRead, ""),
    ("get", "/api/v1/events/stream", Scope::EventsRead, ""),
    ("get", "/api/v1/stream", Scope::EventsRead, ""),
    ("get", "/api/v1/imports", Scope::LeadsRead, ""),
    ("post", "/api/v1/imports", Scope::LeadsWrite, r#"{"campaign":"{campaign}","format":"csv"}"#),
    ("get", "/api/v1/imports/{import}", Scope::LeadsRead, ""),
    ("put", "/api/v1/imports/{import}/file", Scope::LeadsWrite, ""),
    ("get", "/api/v1/imports/{import}/report", Scope::LeadsRead, ""),
    ("post", "/api/v1/imports/{import}/run", Scope::LeadsWrite, "{}"),
    ("post", "/api/v1/imports/{import}/cancel", Scope::LeadsWrite, "{}"),
    ("get", "/api/v1/webhooks", Scope::ConfigRead, ""),
    ("post", "/api/v1/webhooks", Scope::ConfigWrite, r#"{"url":"https://a.example/"}"#),
    ("get", "/api/v1/webhooks/{webhook}", Scope::ConfigRead, ""),
    ("patch", "/api/v1/webhooks/{webhook}", Scope::ConfigWrite, "{}"),
    ("delete", "/api/v1/webhooks/{webhook}", Scope::ConfigWrite, ""),
    ("post", "/api/v1/webhooks/{webhook}/pause", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/webhooks/{webhook}/resume", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/webhooks/{webhook}/rotate-secret", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/webhooks/{webhook}/rotate-secret/finish", Scope::ConfigWrite, "{}"),
    ("post", "/api/v1/webhooks/{webhook}/test", Scope::ConfigWrite, "{}"),
    ("get", "/api/v1/keys", Scope::Keys, ""),
    ("post", "/api/v1/keys", Scope::Keys, r#"{"name":"k","scopes":["keys"]}"#),
    ("get", "/api/v1/keys/{key}", Scope::Keys, ""),
    ("patch", "/api/v1/keys/{key}", Scope::Keys, "{}"),
    ("delete", "/api/v1/keys/{key}", Scope::Keys, ""),
    ("post", "/api/v1/keys/{key}/rotate", Scope::Keys, "{}"),
    ("post", "/api/v1/keys/{key}/rotate/finish", Scope::Keys, "{}"),
    ("get", "/api/v1/users", Scope::Users, ""),
    ("patch", "/api/v1/users/{user}", Scope::Users, r#"{"role":"viewer"}"#),
    ("delete", "/api/v1/users/{user}", Scope::Users, ""),
    ("get", "/api/v1/users/invitations", Scope::Users, ""),
    (
        "post",
        "/api/v1/users/invitations",
        Scope::Users,
        r#"{"email":"new@example.com","role":"viewer"}"#,
    ),
    ("delete", "/api/v1/users/invitations/{invitation}", Scope::Users, ""),
    ("get", "/api/v1/audit", Scope::AuditRead, ""),
    ("post", "/api/inbound/{workspace}/leads", Scope::LeadsWrite, r#"{"email":"jo@example.com"}"#),
    ("get", "/metrics", Scope::MetricsRead, ""),
];

/// Operations that any key may do, in one's own workspace by their nature.
const OF_ANY_KEY: &[(&str, &str)] = &[("get", "/api/v1/me")];

const BULK: &str = r#"{"filter":{"state":"failed"}}"#;

/// Operations for people who are signed in, with a body.
const OF_PEOPLE: &[(&str, &str, &str)] = &[
    ("post", "/api/v1/workspaces", r#"{"name":"Further"}"#),
    ("patch", "/api/v1/me", r#"{"name":"Jane"}"#),
    ("post", "/api/v1/me/password", r#"{"current":"x","new":"y"}"#),
    ("get", "/api/v1/me/sessions", ""),
    ("delete", "/api/v1/me/sessions", ""),
    ("delete", "/api/v1/me/sessions/ses_01h455vb4pex5vsknk084sn02q", ""),
    ("post", "/api/v1/me/second-factor", r#"{"password":"x"}"#),
    ("post", "/api/v1/me/second-factor/confirm", r#"{"code":"123456"}"#),
    ("post", "/api/v1/me/second-factor/remove", r#"{"password":"x"}"#),
];

/// Ends of paths whose answer does not end, or waits for an engine, which is not there.
const ENDLESS: &[&str] = &["/stream", "/test"];

const HOOK: &str = r#"{"target_url":"https://hooks.example/1","event":"lead.created"}"#;

const DESTINATION: &str = r#"{"campaign_id":"{campaign}","connector":"webhook","name":"D",
    "settings":{"url":"https://a.example/"}}"#;

/// The operation as the description names it: every parameter in braces is alike.
fn shape(path: &str) -> String {
    let named = path
        .replace("/connectors/webhook", "/connectors/{}")
        .replace("/ses_01h455vb4pex5vsknk084sn02q", "/{}");
    let mut shape = String::new();
    let mut inside = false;
    for c in named.chars() {
        inside = (inside || c == '{') && c != '}';
        if !inside {
            shape.push(c);
        }
    }
    shape
}

#[test]
fn every_operation_of_the_description_has_a_case() {
    let described: BTreeSet<(String, String, String)> = document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            operations.as_object().unwrap().iter().map(|(method, operation)| {
                (method.clone(), shape(path), operation["security"].to_string())
            })
        })
        .collect();
    let named = |scheme: &str, scopes: &[Scope]| -> String {
        let ways = scopes.iter().map(|scope| json!({scheme: [scope.as_str()]}));
        Value::Array(ways.collect()).to_string()
    };
    let case =
        |method: &str, path: &str, security: String| (method.to_owned(), shape(path), security);
    let with_scope = CASES.iter().map(|(m, path, scope, _)| {
        let scope = scope.as_str();
        let ways = match path.starts_with("/api/v1/") {
            true => json!([{"key": [scope]}, {"session": [scope]}]),
            false => json!([{"key": [scope]}]),
        };
        case(m, path, ways.to_string())
    });
    let leadbyte = LEADBYTE.iter().map(|(m, path, any, _)| case(m, path, named("x_key", any)));
    let public = PUBLIC.iter().map(|(m, path)| case(m, path, "[{}]".to_owned()));
    let any = OF_ANY_KEY
        .iter()
        .map(|(m, path)| case(m, path, r#"[{"key":[]},{"session":[]}]"#.to_owned()));
    let people = OF_PEOPLE.iter().map(|(m, p, _)| case(m, p, r#"[{"session":[]}]"#.to_owned()));
    let covered: BTreeSet<_> =
        with_scope.chain(leadbyte).chain(any).chain(people).chain(public).collect();
    assert_eq!(described, covered, "each operation has one case with the scope it names");
}

/// Things of the first workspace, by the name that stands for them.
async fn things(app: &TestApp) -> Vec<(&'static str, String)> {
    let api = Api::new(app);
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let delivery = app.deliveries(&lead).await[0].0;
    let hook = json!({"target_url": "https://hooks.example/", "event": "lead.created"});
    let hook = api.make("/api/v1/hooks", hook).await;
    let webhook = api.make("/api/v1/webhooks", json!({"url": "https://a.example/"})).await;
    let key = api.make("/api/v1/keys", json!({"name": "k", "scopes": ["leads:read"]})).await;
    let import = api.make("/api/v1/imports", json!({"format": "csv"})).await;
    let note = api.make(&format!("/api/v1/leads/{lead}/notes"), json!({"text": "n"})).await;
    let view = json!({"name": "v", "screen": "leads", "query": {}});
    let view = api.make("/api/v1/views", view).await;
    let job = api.post("/api/v1/deliveries/bulk-resend", serde_json::from_str(BULK).unwrap()).await;
    let user = invited(app, "things@example.com", "viewer").await.me().await;
    let other = json!({"email": "other@example.com", "role": "viewer"});
    let invitation = api.make("/api/v1/users/invitations", other).await;
    vec![
        ("{note}", id(&note).to_owned()),
        ("{view}", id(&view).to_owned()),
        ("{job}", id(&job.json()).to_owned()),
        ("{user}", id(&user).to_owned()),
        ("{invitation}", id(&invitation).to_owned()),
        ("{import}", id(&import).to_owned()),
        ("{workspace}", app.workspace.to_string()),
        ("{campaign}", app.campaign.to_string()),
        ("{source}", app.source.to_string()),
        ("{destination}", app.destinations[0].to_string()),
        ("{lead}", lead),
        ("{delivery}", delivery.to_string()),
        ("{group}", "0123456789abcdef".to_owned()),
        ("{hook}", id(&hook).to_owned()),
        ("{webhook}", id(&webhook).to_owned()),
        ("{key}", id(&key).to_owned()),
    ]
}

fn fill(text: &str, things: &[(&str, String)]) -> String {
    things.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
}

#[tokio::test]
async fn no_operation_can_be_done_without_its_scope_or_on_others_things() {
    const OTHER: &str = "bk_other_123456789abcdef0123456789abcdef";
    const LIMITED: &str = "bk_limited_3456789abcdef0123456789abcdef";
    let app = TestApp::start().await;
    app.other_workspace(OTHER).await;
    let things = things(&app).await;
    for (at, (method, path, scope, body)) in CASES.iter().enumerate() {
        let all_but: Vec<Scope> = Scope::ALL.iter().copied().filter(|s| s != scope).collect();
        let limited = format!("{LIMITED}{at}");
        app.add_key(app.workspace, &limited, all_but).await;
        let method = method.to_uppercase();
        let (path, body) = (fill(path, &things), fill(body, &things));
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
        let call = async |key: &str| {
            let api = Api::with_key(&app, key);
            api.call(&method, &path, &[], body.as_ref()).await
        };
        let none = app.request(&method, &path, &[], b"").await;
        none.problem(401, "unauthorized");
        assert_eq!(none.header("www-authenticate"), Some("Bearer"), "{method} {path}");
        call("bk_unknown").await.problem(401, "unauthorized");
        let refused = call(&limited).await.problem(403, "forbidden");
        assert_eq!(refused["scope"], scope.as_str(), "{method} {path}");
        if CASES[at].1.contains('{') {
            call(OTHER).await.problem(404, "not_found");
        }
    }
    // Nothing of all that changed anything.
    let documents = app.store.snapshot();
    assert!(documents.destinations.values().all(|d| d.meta.version == 1));
    assert!(documents.sources.values().all(|s| s.meta.version == 1));
}

#[tokio::test]
async fn every_operation_takes_a_session_whose_role_has_its_scope() {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    let owner = owner(&app).await;
    for role in ["viewer", "operator", "admin"] {
        people.push((role, invited(&app, &format!("{role}@example.com"), role).await));
    }
    people.push(("owner", owner));
    let things = things(&app).await;
    let elsewhere = app.store.new_id::<WorkspaceId>().to_string();
    let cases = CASES.iter().filter(|(_, path, ..)| path.starts_with("/api/v1/"));
    for (method, path, scope, body) in cases {
        let method = method.to_uppercase();
        let (path, body) = (fill(path, &things), fill(body, &things));
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
        for (role, browser) in &people {
            let named = format!("{role}: {method} {path}");
            if !Role::parse(role).unwrap().allows(*scope) {
                let refused = browser.call(&method, &path, body.as_ref()).await;
                assert_eq!(refused.problem(403, "forbidden")["scope"], scope.as_str(), "{named}");
                continue;
            }
            let there = [("baton-workspace", elsewhere.as_str())];
            let foreign = browser.with(&there).call(&method, &path, body.as_ref()).await;
            foreign.problem(404, "not_found");
            if method != "GET" {
                let unsaid = browser.with(&[("sec-fetch-site", "cross-site")]);
                unsaid.call(&method, &path, body.as_ref()).await.problem(403, "cross_site");
            }
            if ENDLESS.iter().any(|end| path.ends_with(end)) {
                continue;
            }
            let taken = browser.call(&method, &path, body.as_ref()).await;
            assert!(![401, 403].contains(&taken.status), "{named}: {}", taken.status);
        }
    }
}

#[tokio::test]
async fn what_is_for_people_is_refused_to_keys() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    for (method, path, body) in OF_PEOPLE {
        let method = method.to_uppercase();
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(body).unwrap());
        app.request(&method, path, &[], b"").await.problem(401, "unauthorized");
        api.call(&method, path, &[], body.as_ref()).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn leadbyte_s_operations_refuse_in_their_own_shape() {
    const OTHER: &str = "bk_other_123456789abcdef0123456789abcdef";
    let app = TestApp::start().await;
    app.other_workspace(OTHER).await;
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let queue = lead.parse::<baton_domain::id::LeadId>().unwrap().uuid().to_string();
    for (at, (method, path, scopes, body)) in LEADBYTE.iter().enumerate() {
        let limited = format!("bk_limited_{at}");
        let others = Scope::ALL.iter().copied().filter(|s| !scopes.contains(s)).collect();
        app.add_key(app.workspace, &limited, others).await;
        let method = method.to_uppercase();
        let [path, body] = [*path, *body].map(|text| text.replace("{queue}", &queue));
        let call = async |headers: &[(&str, &str)]| {
            let mut all = vec![("content-type", "application/json")];
            all.extend_from_slice(headers);
            app.request(&method, &path, &all, body.as_bytes()).await.json()
        };
        for headers in [vec![], vec![("X_KEY", "bk_unknown")], vec![("X_KEY", limited.as_str())]] {
            let refused = call(&headers).await;
            assert_eq!((&refused["status"], &refused["code"]), (&json!("Error"), &json!(-7)));
        }
        let other = call(&[("X_KEY", OTHER)]).await.to_string();
        assert!(!other.contains("Pending") && !other.contains("Processed"), "{other}");
        for (at_scope, scope) in scopes.iter().enumerate() {
            let enough = format!("bk_enough_{at}_{at_scope}");
            app.add_key(app.workspace, &enough, vec![*scope]).await;
            let taken = call(&[("X_KEY", &enough)]).await.to_string();
            assert!(!taken.contains("Error"), "{path}: {taken}");
        }
    }
}

#[tokio::test]
async fn a_source_s_id_is_the_only_way_to_it() {
    let app = TestApp::start().await;
    let unknown: baton_domain::id::WebhookId = app.store.new_id();
    let (_, import) = app.add_source(baton_domain::config::SourceKind::Import).await;
    for id in [unknown.to_string(), import.to_string(), app.source.to_string()] {
        let path = format!("/api/inbound/w/{id}/leads");
        let lead = json!({"email": "jane@example.com"});
        // No key opens what the id does not.
        let key = format!("Bearer {KEY}");
        app.post(&path, &[("authorization", &key)], lead).await.problem(404, "not_found");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.get(path, &[]).await.status, 200);
    }
}

#[tokio::test]
async fn any_key_that_works_may_ask_whose_it_is() {
    const LIMITED: &str = "bk_limited_3456789abcdef0123456789abcdef";
    let app = TestApp::start().await;
    app.add_key(app.workspace, LIMITED, vec![Scope::EventsRead]).await;
    app.get("/api/v1/me", &[]).await.problem(401, "unauthorized");
    Api::with_key(&app, "bk_unknown").get("/api/v1/me").await.problem(401, "unauthorized");
    let me = Api::with_key(&app, LIMITED).read("/api/v1/me").await;
    assert_eq!(me["workspace_id"], app.workspace.to_string());
    assert_eq!(me["scopes"], json!(["events:read"]));
    assert!(me["id"].as_str().unwrap().starts_with("key_"), "{me}");
}

#[tokio::test]
async fn others_things_cannot_be_named_in_bodies_and_filters() {
    const OTHER: &str = "bk_other_123456789abcdef0123456789abcdef";
    let app = TestApp::start().await;
    let (_, others_campaign) = app.other_workspace(OTHER).await;
    let api = Api::new(&app);
    let source = json!({"campaign_id": others_campaign, "name": "S"});
    let refused = api.post("/api/v1/sources", source).await;
    assert_eq!(crate::api_client::fields(&refused), ["campaign_id"]);
    let other = Api::with_key(&app, OTHER);
    for list in ["leads", "deliveries", "sources", "destinations", "webhooks", "events"] {
        let page = other.read(&format!("/api/v1/{list}")).await;
        assert_eq!(page["data"], json!([]), "{list}");
    }
    let filtered = other.read(&format!("/api/v1/destinations?campaign_id={}", app.campaign)).await;
    assert_eq!(filtered["data"], json!([]));
    let own = other.read("/api/v1/campaigns").await;
    assert_eq!(own["data"][0]["id"], json!(others_campaign));
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
    let lead = app.capture(json!({"email": "jane@example.com"})).await.created("received");
    let body = json!({"campaign_id": others_campaign, "connector": "webhook", "name": "D",
        "settings": {"url": "https://a.example/"}, "lead_id": lead});
    other.post("/api/v1/destinations/preview", body).await.problem(404, "not_found");
}

#[tokio::test]
async fn keys_give_no_more_than_their_maker_has() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let limited = json!({"name": "small", "scopes": ["keys", "config:read"]});
    let small = api.make("/api/v1/keys", limited).await;
    let small_api = Api::with_key(&app, small["key"].as_str().unwrap());
    let greedy = json!({"name": "x", "scopes": ["config:write"]});
    small_api.post("/api/v1/keys", greedy).await.problem(403, "forbidden");
    let widen = json!({"scopes": ["keys", "config:write"]});
    let own = format!("/api/v1/keys/{}", id(&small));
    small_api.patch(&own, widen).await.problem(403, "forbidden");
    let big = api.make("/api/v1/keys", json!({"name": "big", "scopes": ["leads:read"]})).await;
    let rotate = format!("/api/v1/keys/{}/rotate", id(&big));
    small_api.post(&rotate, json!({})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn revoked_rotated_and_expired_keys_stop_at_once() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let made = api.make("/api/v1/keys", json!({"name": "k", "scopes": ["config:read"]})).await;
    let path = format!("/api/v1/keys/{}", id(&made));
    let text = made["key"].as_str().unwrap();
    assert!(text.starts_with("bk_") && text.len() == 46, "{text}");
    let works = async |key: &str| Api::with_key(&app, key).get("/api/v1/campaigns").await.status;
    assert_eq!(works(text).await, 200);
    let rotated = api.act(&format!("{path}/rotate"), json!({"grace": "0s"})).await;
    let next = rotated["key"].as_str().unwrap();
    assert_eq!((works(text).await, works(next).await), (401, 200));
    let until = app.store.now().plus_ms(60_000).to_rfc3339();
    assert_eq!(api.patch(&path, json!({"expires_at": until})).await.status, 200);
    assert_eq!(works(next).await, 200);
    app.clock.advance_ms(60_000);
    assert_eq!(works(next).await, 401);
    assert_eq!(api.patch(&path, json!({"expires_at": null})).await.status, 200);
    assert_eq!(works(next).await, 200);
    assert_eq!(api.delete(&path).await.status, 204);
    assert_eq!(works(next).await, 401);
    assert_eq!(api.read(&path).await["revoked_at"], json!(app.store.now().to_rfc3339()));
    // The last key that can make keys stays.
    let keys = api.read("/api/v1/keys").await;
    let own = keys["data"].as_array().unwrap().iter().find(|k| k["name"] == "test").unwrap();
    let own = format!("/api/v1/keys/{}", id(own));
    api.delete(&own).await.problem(409, "conflict");
    assert_eq!(works(KEY).await, 200);
}

#[tokio::test]
async fn ids_of_another_kind_and_garbage_name_nothing() {
    let app = TestApp::start().await;
    let api = Api::new(&app);
    let event: EventId = app.store.new_id();
    assert!(!event.uuid().is_nil());
    for bad in ["nope", "cmp_", "%00", "lead_01h455vb4pex5vsknk084sn02q", &event.to_string()] {
        api.get(&format!("/api/v1/campaigns/{bad}")).await.problem(404, "not_found");
    }
    api.get("/api/v1/nothing").await.problem(404, "not_found");
    api.call("PUT", "/api/v1/campaigns", &[], None).await.problem(405, "method_not_allowed");
}
