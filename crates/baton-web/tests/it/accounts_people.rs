//! Invitations, roles, further workspaces, and the audit as it is read.

use crate::api_client::{Api, fields, id};
use crate::api_events::Reader;
use crate::app::{KEY, TestApp};
use crate::browser::{Browser, PASSWORD, accepted, invited, owner, token_of};
use baton_domain::account::INVITATION_MS;
use baton_domain::config::Scope;
use serde_json::{Value, json};

const INVITATIONS: &str = "/api/v1/users/invitations";

async fn invite(browser: &Browser<'_>, email: &str, role: &str) -> Value {
    let made = browser.post(INVITATIONS, json!({"email": email, "role": role})).await;
    assert_eq!(made.status, 201, "{}", made.json());
    made.json()
}

fn invited_path(invitation: &Value) -> String {
    format!("/api/v1/auth/invitations/{}", token_of(invitation["url"].as_str().unwrap()))
}

#[tokio::test]
async fn an_invitation_makes_an_account_once() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let refused = owner.post(INVITATIONS, json!({"email": "nobody", "role": "viewer"})).await;
    assert_eq!(fields(&refused), ["email"]);
    let made = invite(&owner, " Jo@Example.com", "operator").await;
    assert_eq!((&made["email"], &made["role"]), (&json!("jo@example.com"), &json!("operator")));
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with("http://test/admin/invitation#"), "{url}");
    let listed = owner.read(INVITATIONS).await;
    assert_eq!(id(&listed["data"][0]), id(&made));
    assert_eq!(listed["data"][0].get("url"), None, "the link is shown once");

    let visitor = Browser::new(&app);
    let path = invited_path(&made);
    let seen = visitor.read(&path).await;
    assert_eq!(
        seen,
        json!({"email": "jo@example.com", "workspace": "Test", "role": "operator", "known": false})
    );
    let accept = format!("{path}/accept");
    let weak = visitor.post(&accept, json!({"name": " ", "password": "short"})).await;
    assert_eq!(fields(&weak), ["name", "password"]);
    let me = accepted(&app, url).await.me().await;
    assert_eq!((&me["email"], &me["role"]), (&json!("jo@example.com"), &json!("operator")));
    visitor.get(&path).await.problem(404, "not_found");
    let again = visitor.post(&accept, json!({"name": "X", "password": PASSWORD})).await;
    again.problem(404, "not_found");
    assert_eq!(owner.read(INVITATIONS).await["data"], json!([]));
    let there = owner.post(INVITATIONS, json!({"email": "jo@example.com", "role": "admin"})).await;
    there.problem(409, "taken");

    let users = owner.read("/api/v1/users").await;
    let shown: Vec<_> =
        users["data"].as_array().unwrap().iter().map(|u| (&u["email"], &u["role"])).collect();
    assert_eq!(
        shown,
        [
            (&json!("owner@example.com"), &json!("owner")),
            (&json!("jo@example.com"), &json!("operator"))
        ]
    );
    let page = owner.read("/api/v1/users?limit=1").await;
    let next = format!("/api/v1/users?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let next = owner.read(&next).await;
    assert_eq!(
        (&next["data"][0]["email"], &next["next_cursor"]),
        (&json!("jo@example.com"), &Value::Null)
    );
}

#[tokio::test]
async fn invitations_end_by_themselves_and_when_taken_back() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let visitor = Browser::new(&app);
    let first = invite(&owner, "a@example.com", "viewer").await;
    app.clock.advance_ms(INVITATION_MS - 1);
    visitor.read(&invited_path(&first)).await;
    app.clock.advance_ms(1);
    visitor.get(&invited_path(&first)).await.problem(404, "not_found");
    // The owner was idle as long.
    owner.sign_in("owner@example.com", PASSWORD, None).await;
    assert_eq!(owner.read(INVITATIONS).await["data"], json!([]));
    let second = invite(&owner, "b@example.com", "viewer").await;
    let path = format!("{INVITATIONS}/{}", id(&second));
    assert_eq!(owner.delete(&path).await.status, 204);
    owner.delete(&path).await.problem(404, "not_found");
    let accept = format!("{}/accept", invited_path(&second));
    let late = visitor.post(&accept, json!({"name": "B", "password": PASSWORD})).await;
    late.problem(404, "not_found");
}

#[tokio::test]
async fn a_repeated_invitation_gets_the_same_answer() {
    let app = TestApp::start().await;
    let owner = owner(&app).await.with(&[("idempotency-key", "one")]);
    let body = json!({"email": "jo@example.com", "role": "viewer"});
    let first = owner.post(INVITATIONS, body.clone()).await;
    let again = owner.post(INVITATIONS, body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = json!({"email": "jo@example.com", "role": "admin"});
    owner.post(INVITATIONS, other).await.problem(422, "idempotency_mismatch");
    // The link of the answer works.
    let url = first.json()["url"].as_str().unwrap().to_owned();
    accepted(&app, &url).await;
}

#[tokio::test]
async fn who_has_an_account_comes_into_another_workspace_with_it() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let jo = invited(&app, "jo@example.com", "viewer").await;
    let made = owner.post("/api/v1/workspaces", json!({"name": "Second"})).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let second = id(&made.json()).to_owned();
    let there = [("baton-workspace", second.as_str())];
    let invitation = invite(&owner.with(&there), "jo@example.com", "admin").await;
    let path = invited_path(&invitation);
    let seen = Browser::new(&app).read(&path).await;
    assert_eq!((&seen["workspace"], &seen["known"]), (&json!("Second"), &json!(true)));
    let accept = format!("{path}/accept");
    let browser = Browser::new(&app);
    let wrong = browser.post(&accept, json!({"password": "another horse battery"})).await;
    wrong.problem(401, "sign_in_failed");
    let taken = browser.post(&accept, json!({"password": PASSWORD})).await;
    assert_eq!(taken.status, 200, "{}", taken.json());
    let me = jo.me().await;
    assert_eq!((&me["workspace"], &me["role"]), (&json!("Test"), &json!("viewer")));
    let names: Vec<_> =
        me["workspaces"].as_array().unwrap().iter().map(|w| (&w["name"], &w["role"])).collect();
    assert_eq!(names, [(&json!("Test"), &json!("viewer")), (&json!("Second"), &json!("admin"))]);
    let me = jo.with(&there).me().await;
    assert_eq!((&me["workspace"], &me["role"]), (&json!("Second"), &json!("admin")));
}

#[tokio::test]
async fn who_forgot_their_password_is_taken_out_and_invited_again() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let jo = invited(&app, "jo@example.com", "viewer").await;
    let me = jo.me().await;
    assert_eq!(owner.delete(&format!("/api/v1/users/{}", id(&me))).await.status, 204);
    let invitation = invite(&owner, "jo@example.com", "viewer").await;
    let path = invited_path(&invitation);
    let browser = Browser::new(&app);
    assert_eq!(browser.read(&path).await["known"], false);
    let anew = json!({"name": "Jo", "password": "another horse battery"});
    let accepted = browser.post(&format!("{path}/accept"), anew).await;
    assert_eq!(accepted.status, 200, "{}", accepted.json());
    assert_eq!(browser.me().await["id"], me["id"], "the audit tells of one person");
    let former = jo.sign_in("jo@example.com", PASSWORD, None).await;
    former.problem(401, "sign_in_failed");
    assert_eq!(jo.sign_in("jo@example.com", "another horse battery", None).await.status, 200);
}

#[tokio::test]
async fn owners_make_workspaces_that_are_apart() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let admin = invited(&app, "admin@example.com", "admin").await;
    let path = "/api/v1/workspaces";
    admin.post(path, json!({"name": "X"})).await.problem(403, "forbidden");
    assert_eq!(fields(&owner.post(path, json!({"name": ""})).await), ["name"]);
    let once = owner.with(&[("idempotency-key", "w")]);
    let made = once.post(path, json!({"name": "Second"})).await;
    let again = once.post(path, json!({"name": "Second"})).await;
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")));
    assert_eq!(
        (made.body.clone(), again.header("idempotent-replayed")),
        (again.body.clone(), Some("true"))
    );
    let second = id(&made.json()).to_owned();
    let listed = owner.read(path).await;
    let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|w| &w["name"]).collect();
    assert_eq!(names, ["Test", "Second"]);
    assert_eq!(admin.read(path).await["data"].as_array().unwrap().len(), 1);

    let there = owner.with(&[("baton-workspace", second.as_str())]);
    assert_eq!(there.read("/api/v1/campaigns").await["data"], json!([]));
    let campaign = there.post("/api/v1/campaigns", json!({"name": "Wind"})).await.json();
    owner.get(&format!("/api/v1/campaigns/{}", id(&campaign))).await.problem(404, "not_found");
    let foreign = admin.with(&[("baton-workspace", second.as_str())]);
    foreign.get("/api/v1/campaigns").await.problem(404, "not_found");
    let key = there.post("/api/v1/keys", json!({"name": "k", "scopes": ["config:read"]})).await;
    let key = key.json()["key"].as_str().unwrap().to_owned();
    let listed = Api::with_key(&app, &key).read("/api/v1/campaigns").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    // A key that names another workspace than its own is told so, instead of changing the wrong one.
    let api = Api::with_key(&app, &key);
    let own = api.call("GET", "/api/v1/campaigns", &[("baton-workspace", &second)], None).await;
    assert_eq!(own.status, 200);
    let wrong = [("baton-workspace", app.workspace.to_string())];
    let wrong = wrong.iter().map(|(n, v)| (*n, v.as_str())).collect::<Vec<_>>();
    api.call("GET", "/api/v1/campaigns", &wrong, None).await.problem(404, "not_found");
    for nonsense in ["", "nope", "cmp_01h455vb4pex5vsknk084sn02q"] {
        let asked = owner.with(&[("baton-workspace", nonsense)]);
        asked.get("/api/v1/campaigns").await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn another_role_counts_at_once() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let jo = invited(&app, "jo@example.com", "admin").await;
    let path = format!("/api/v1/users/{}", id(&jo.me().await));
    let make = async || jo.post("/api/v1/campaigns", json!({"name": "New"})).await;
    assert_eq!(make().await.status, 201);
    let changed = owner.patch(&path, json!({"role": "viewer"})).await;
    assert_eq!((changed.status, &changed.json()["role"]), (200, &json!("viewer")));
    let refused = make().await.problem(403, "forbidden");
    assert_eq!(refused["scope"], "config:write");
    assert_eq!(jo.me().await["scopes"], json!(["leads:read", "events:read", "config:read"]));
    assert_eq!(owner.delete(&path).await.status, 204);
    jo.get("/api/v1/me").await.problem(401, "unauthorized");
    let out = jo.sign_in("jo@example.com", PASSWORD, None).await;
    out.problem(403, "forbidden");
    owner.delete(&path).await.problem(404, "not_found");
    let lines = owner.read("/api/v1/audit?limit=2").await;
    let said: Vec<_> = lines["data"].as_array().unwrap().iter().map(|l| &l["action"]).collect();
    assert_eq!(said, ["user.remove", "user.role"]);
    let line = &lines["data"][1];
    assert_eq!(
        (&line["before"], &line["after"]),
        (&json!({"role": "admin"}), &json!({"role": "viewer"}))
    );
    assert_eq!(line["actor"]["name"], "Olive Owner");
}

#[tokio::test]
async fn a_stream_of_somebody_goes_on_and_ends_with_what_they_may() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let jo = invited(&app, "jo@example.com", "viewer").await;
    let path = format!("/api/v1/users/{}", id(&jo.me().await));
    let query = format!("?workspace={}", app.workspace);
    let mut reader = Reader::open_with(&app, &query, &[("cookie", &jo.cookie())]).await;
    let lead = app.capture(json!({"email": "one@example.com"})).await.created("received");
    assert_eq!(reader.events(1).await[0].2["data"]["id"], json!(lead));
    assert_eq!(owner.patch(&path, json!({"role": "operator"})).await.status, 200);
    app.capture(json!({"email": "two@example.com"})).await.created("received");
    assert_eq!(reader.events(2).await.len(), 2, "who may still read goes on");
    assert_eq!(owner.delete(&path).await.status, 204);
    reader.ended().await;
}

#[tokio::test]
async fn nobody_gives_or_takes_more_than_they_have() {
    const SMALL: &str = "bk_small_123456789abcdef0123456789abcdef";
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let admin = invited(&app, "admin@example.com", "admin").await;
    let jo = invited(&app, "jo@example.com", "viewer").await;
    let path = |me: &Value| format!("/api/v1/users/{}", id(me));
    let (owner_path, jo_path) = (path(&owner.me().await), path(&jo.me().await));
    let as_owner = json!({"email": "new@example.com", "role": "owner"});
    admin.post(INVITATIONS, as_owner.clone()).await.problem(403, "forbidden");
    Api::new(&app).post(INVITATIONS, as_owner.clone()).await.problem(403, "forbidden");
    admin.patch(&jo_path, json!({"role": "owner"})).await.problem(403, "forbidden");
    admin.patch(&owner_path, json!({"role": "viewer"})).await.problem(403, "forbidden");
    admin.delete(&owner_path).await.problem(403, "forbidden");
    assert_eq!(owner.post(INVITATIONS, as_owner).await.status, 201);
    app.add_key(app.workspace, SMALL, vec![Scope::Users, Scope::LeadsRead]).await;
    let small = Api::with_key(&app, SMALL);
    let refused = small.patch(&jo_path, json!({"role": "admin"})).await.problem(403, "forbidden");
    assert_eq!(refused["scope"], "events:read");
    // Keys of people: no scope they do not have.
    let keys = json!({"name": "k", "scopes": ["keys"]});
    jo.post("/api/v1/keys", keys.clone()).await.problem(403, "forbidden");
    assert_eq!(admin.post("/api/v1/keys", keys).await.status, 201);
    // Anybody may step down.
    let admin_path = path(&admin.me().await);
    assert_eq!(admin.patch(&admin_path, json!({"role": "operator"})).await.status, 200);
    admin.delete(&admin_path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_workspace_keeps_an_owner() {
    let app = TestApp::start().await;
    let first = owner(&app).await;
    let path = format!("/api/v1/users/{}", id(&first.me().await));
    first.delete(&path).await.problem(409, "last_owner");
    first.patch(&path, json!({"role": "admin"})).await.problem(409, "last_owner");
    let second = invite(&first, "second@example.com", "owner").await;
    let second = accepted(&app, second["url"].as_str().unwrap()).await;
    assert_eq!(second.patch(&path, json!({"role": "admin"})).await.status, 200);
    assert_eq!(first.me().await["role"], "admin");
    // With somebody who can make keys, the last key may go.
    let keys = first.read("/api/v1/keys").await;
    let key = format!("/api/v1/keys/{}", id(&keys["data"][0]));
    assert_eq!(first.delete(&key).await.status, 204);
    app.get("/api/v1/me", &[("authorization", &format!("Bearer {KEY}"))])
        .await
        .problem(401, "unauthorized");
}

#[tokio::test]
async fn the_audit_tells_who_changed_what_without_secrets() {
    let app = TestApp::start().await;
    let owner = owner(&app).await;
    let api = Api::new(&app);
    let made = api.destination("CRM").await;
    let path = format!("/api/v1/destinations/{}", id(&made));
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(owner.patch(&path, json!({"name": "New CRM"})).await.status, 200);
    assert_eq!(owner.post(&format!("{path}/rotate-secret"), json!({})).await.status, 200);
    let key = owner.post("/api/v1/keys", json!({"name": "ci", "scopes": ["leads:read"]})).await;
    let key = key.json();
    let key_path = format!("/api/v1/keys/{}", id(&key));
    assert_eq!(owner.post(&format!("{key_path}/rotate"), json!({})).await.status, 200);
    assert_eq!(owner.delete(&key_path).await.status, 204);

    let lines = owner.read(&format!("/api/v1/audit?subject={}", id(&made))).await;
    let lines = lines["data"].as_array().unwrap();
    let said: Vec<_> =
        lines.iter().map(|l| (&l["action"], &l["actor"]["kind"], &l["subject_name"])).collect();
    let (user, by_key) = (json!("user"), json!("key"));
    let (update, create) = (json!("destination.update"), json!("destination.create"));
    let (new, old) = (json!("New CRM"), json!("CRM"));
    assert_eq!(said, [(&update, &user, &new), (&update, &user, &new), (&create, &by_key, &old)]);
    assert_eq!(lines[1]["before"], json!({"name": "CRM"}));
    assert_eq!(lines[1]["after"], json!({"name": "New CRM"}));
    assert_eq!(lines[0]["after"]["secrets"], "•••");
    assert_eq!(lines[2]["after"]["settings"]["url"], "https://crm.example/leads");
    assert!(id(&lines[0]).starts_with("aud_"));

    let lines = owner.read(&format!("/api/v1/audit?subject={}", id(&key))).await;
    let said: Vec<_> = lines["data"].as_array().unwrap().iter().map(|l| &l["action"]).collect();
    assert_eq!(said, ["key.revoke", "key.rotate", "key.create"]);
    let all = owner.read("/api/v1/audit?limit=200").await.to_string();
    assert!(!all.contains(secret) && !all.contains(key["key"].as_str().unwrap()), "no secret");
    assert!(all.contains(r#""sha256":"•••""#), "{all}");

    let me = owner.me().await;
    let mine = owner.read(&format!("/api/v1/audit?actor={}&action=key.rotate", id(&me))).await;
    assert_eq!(mine["data"].as_array().unwrap().len(), 1);
    let first = owner.read("/api/v1/audit?limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = owner.read(&format!("/api/v1/audit?limit=200&cursor={cursor}")).await;
    assert_eq!(rest["next_cursor"], Value::Null);
    let ids = |page: &Value| -> Vec<Value> {
        page["data"].as_array().unwrap().iter().map(|l| l["id"].clone()).collect()
    };
    let whole = owner.read("/api/v1/audit?limit=200").await;
    assert_eq!([ids(&first), ids(&rest)].concat(), ids(&whole));
    for bad in ["actor=nobody", "cursor=x", "limit=0", "colour=red"] {
        owner.get(&format!("/api/v1/audit?{bad}")).await.problem(400, "invalid_query");
    }
}
