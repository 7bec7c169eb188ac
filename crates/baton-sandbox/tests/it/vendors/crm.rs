use super::{Ask, with};
use crate::peer::{NOW, sandbox, settings};
use baton_domain::secret::Secret;
use baton_domain::time::{Clock, Millis};
use baton_sandbox::{Sandbox, SandboxHandle, SandboxSettings};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const TOKEN: &str = "/crm/token";
const LEADS: &str = "/crm/leads";

fn credentials() -> Value {
    json!({"grant_type": "client_credentials", "client_id": "baton", "client_secret": "secret"})
}

fn lead() -> Value {
    json!({"email": "jane@example.com", "name": "Jane"})
}

async fn token(sandbox: &SandboxHandle, query: &str) -> String {
    let answer =
        Ask::json("POST", &format!("{TOKEN}?{query}"), &credentials()).json_of(sandbox).await;
    answer["access_token"].as_str().unwrap().to_owned()
}

fn create(query: &str, token: &str) -> Ask {
    let ask = Ask::json("POST", &format!("{LEADS}?{query}"), &lead());
    ask.header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn a_token_comes_first() {
    let sandbox = sandbox().await;
    sandbox.set_secret(TOKEN, Secret::new("secret")).unwrap();
    let given = r#"{"access_token":"crm-token-000001","token_type":"Bearer","expires_in":3600}"#;
    Ask::json("POST", TOKEN, &credentials()).expect_json(&sandbox, 200, given).await;
    let form = "grant_type=client_credentials&client_id=baton&client_secret=secret";
    let answer = Ask::form(&format!("{TOKEN}?token_seconds=60"), form).json_of(&sandbox).await;
    assert_eq!(answer["expires_in"], 60);
    // `printf client:secret | base64`
    let basic = Ask::form(TOKEN, "grant_type=client_credentials");
    let basic = basic.header("authorization", "Basic Y2xpZW50OnNlY3JldA==");
    assert_eq!(basic.json_of(&sandbox).await["token_type"], "Bearer");
    for (changes, status, error) in [
        (json!({"client_secret": "wrong"}), 401, "invalid_client"),
        (json!({"client_secret": null}), 401, "invalid_client"),
        (json!({"client_id": null}), 401, "invalid_client"),
        (json!({"grant_type": null}), 400, "invalid_request"),
        (json!({"grant_type": "password"}), 400, "unsupported_grant_type"),
    ] {
        let ask = Ask::json("POST", TOKEN, &with(credentials(), changes));
        ask.expect_json(&sandbox, status, &json!({"error": error}).to_string()).await;
    }
    let xml = Ask::xml("POST", TOKEN, "<a/>");
    xml.expect_json(&sandbox, 400, r#"{"error":"invalid_request"}"#).await;
    assert_eq!(Ask::new("GET", TOKEN).send(&sandbox).await.status().as_u16(), 405);
}

#[tokio::test]
async fn leads_need_the_token() {
    let sandbox = sandbox().await;
    let bare = Ask::json("POST", LEADS, &lead());
    bare.expect_json(&sandbox, 401, r#"{"error":"a token is required"}"#).await;
    let unknown = r#"{"error":"invalid_token","error_description":"the token is unknown"}"#;
    create("", "crm-token-000001").expect_json(&sandbox, 401, unknown).await;
    let challenge = create("", "x").send(&sandbox).await;
    assert_eq!(challenge.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
    let token = token(&sandbox, "").await;
    create("", &token).expect_json(&sandbox, 201, r#"{"id":"crm-2","status":"created"}"#).await;
}

#[tokio::test]
async fn every_outcome_has_its_status() {
    let sandbox = sandbox().await;
    let token = token(&sandbox, "").await;
    for (query, status, expect) in [
        ("", 201, json!({"id": "crm-2", "status": "created"})),
        ("", 409, json!({"error": "duplicate", "message": "this lead is known"})),
        ("outcome=queued", 202, json!({"id": "crm-4", "status": "queued"})),
        ("outcome=rejected&reason=No", 422, json!({"error": "rejected", "message": "No"})),
        (
            "outcome=invalid",
            422,
            json!({"error": "invalid", "message": "email is not an e-mail address"}),
        ),
        (
            "outcome=cap_reached",
            409,
            json!({"error": "cap_reached", "message": "no more leads today"}),
        ),
        (
            "outcome=auth_or_config",
            403,
            json!({"error": "forbidden", "message": "this client may not create leads"}),
        ),
        ("required=phone", 422, json!({"error": "invalid", "message": "phone is required"})),
    ] {
        create(query, &token).expect_json(&sandbox, status, &expect.to_string()).await;
    }
    create("outcome=rate_limited", &token).expect(&sandbox, 429, "Too Many Requests\n").await;
    create("outcome=transient", &token).expect(&sandbox, 503, "Service Unavailable\n").await;
    let form = create("", &token).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.send(&sandbox).await.status().as_u16(), 415);
    let unreadable = create("", &token).body("{");
    unreadable.expect_json(&sandbox, 400, r#"{"error":"the body cannot be read"}"#).await;
}

#[tokio::test]
async fn xml_is_answered_in_xml() {
    let sandbox = sandbox().await;
    let token = token(&sandbox, "").await;
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let ask = |body: &str| {
        let ask = Ask::xml("POST", LEADS, body);
        ask.header("authorization", &format!("Bearer {token}"))
    };
    let known = ask("<lead><email>a&amp;b@example.com</email></lead>");
    let created = "<answer><id>crm-2</id><status>created</status></answer>";
    known.expect(&sandbox, 201, &format!("{head}{created}")).await;
    let duplicate =
        "<answer><error>duplicate</error><message>this lead is known</message></answer>";
    known.expect(&sandbox, 409, &format!("{head}{duplicate}")).await;
    let missing = "<answer><error>invalid</error><message>email is required</message></answer>";
    ask("<lead><name>x</name></lead>").expect(&sandbox, 422, &format!("{head}{missing}")).await;
    let entity =
        "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/hostname\">]><lead><email>&e;</email></lead>";
    assert_eq!(ask(entity).send(&sandbox).await.status().as_u16(), 400);
}

#[tokio::test]
async fn a_lead_can_be_changed() {
    let sandbox = sandbox().await;
    let token = token(&sandbox, "").await;
    create("", &token).send(&sandbox).await;
    let bearer = format!("Bearer {token}");
    let patch = |id: &str| Ask::json("PATCH", &format!("{LEADS}/{id}"), &json!({"name": "Jane"}));
    let known = patch("crm-2").header("authorization", &bearer);
    known.expect_json(&sandbox, 200, r#"{"id":"crm-2","status":"updated"}"#).await;
    let unknown = patch("crm-9").header("authorization", &bearer);
    unknown.expect_json(&sandbox, 404, r#"{"error":"not_found"}"#).await;
    assert_eq!(patch("crm-2").send(&sandbox).await.status().as_u16(), 401);
}

/// A clock that is set by hand.
struct Set(AtomicI64);

impl Clock for Set {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_its_uses() {
    let clock = Arc::new(Set(AtomicI64::new(NOW.0)));
    let started = SandboxSettings { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..settings() };
    let sandbox = Sandbox::start(started).await.unwrap();
    let first = token(&sandbox, "token_seconds=60").await;
    let asked = create("duplicates=0", &first);
    clock.0.store(NOW.0 + 59_999, Ordering::Relaxed);
    assert_eq!(asked.send(&sandbox).await.status().as_u16(), 201);
    clock.0.store(NOW.0 + 60_000, Ordering::Relaxed);
    let expired = r#"{"error":"invalid_token","error_description":"the token has expired"}"#;
    asked.expect_json(&sandbox, 401, expired).await;

    let twice = token(&sandbox, "token_uses=2").await;
    let statuses = async {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let answer = create("duplicates=0", &twice).send(&sandbox).await;
            statuses.push(answer.status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses.await, [201, 201, 401]);
}
