//! The manifest of the connectors' guide, as a user would use it: a file in a folder, no more.

use crate::process::{Baton, Database, until};
use crate::scene::{Scene, sandbox, text};
use baton_sandbox::{Behaviour, Received, Reply};
use serde_json::json;
use std::sync::Arc;

const CREATED: &str = r#"<reply code="created"><contact id="c-9"/></reply>"#;

fn manifest() -> &'static str {
    let guide = include_str!("../../../../docs/connectors.md");
    guide.split("```toml").nth(1).and_then(|text| text.split("```").next()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_in_a_folder_is_all_that_a_new_vendor_takes() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("connectors")).unwrap();
    std::fs::write(dir.path().join("connectors/acme.toml"), manifest()).unwrap();
    let sandbox = sandbox().await;
    let token = json!({"access_token": "token-of-acme", "expires_in": 3600}).to_string();
    sandbox.set_rule("/acme/oauth/token", Reply::status(200).body(token)).unwrap();
    let answers =
        [Reply::status(200).body(CREATED), Reply::status(401), Reply::status(200).body(CREATED)];
    let answers = Behaviour::Sequence(answers.map(Behaviour::Reply).into());
    sandbox.set_rule("/acme/api/contacts", answers).unwrap();

    let database = Database::Embedded(dir.path().join("data"));
    let mut serve = database.serve();
    serve.arg("--connectors").arg(dir.path().join("connectors"));
    let baton = Baton::start(serve, database.dir()).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    let made = json!({"campaign_id": scene.campaign, "connector": "acme-crm", "name": "Acme",
        "settings": {"base_url": sandbox.url("/acme"), "client_id": "baton",
                     "client_secret": "secret-of-acme"}});
    let made = api.post("/api/v1/destinations", made).await;

    let path = format!("/api/v1/destinations/{}/test", text(&made, "id"));
    let (status, tried) = api.call("POST", &path, None).await;
    assert_eq!(status, 200, "{tried}");
    assert_eq!(
        (&tried["verdict"], &tried["extracted"]["vendor_id"]),
        (&json!("accepted"), &json!("c-9"))
    );
    assert_eq!(tried["steps"][0]["kind"], "token", "{tried}");
    assert!(!tried.to_string().contains("token-of-acme"), "{tried}");

    // The token is refused once, fetched anew, and the lead is taken.
    let lead = scene.lead(&baton.url, "ada@example.com").await;
    until("the lead is delivered", async || {
        api.get(&format!("/api/v1/leads/{lead}")).await["state"] == "delivered"
    })
    .await;
    let received = sandbox.received();
    let to = |path: &str| -> Vec<&Arc<Received>> {
        received.iter().filter(|r| r.path == path).collect()
    };
    assert_eq!(to("/acme/oauth/token").len(), 3, "for the test, for the lead, after the 401");
    let sent = to("/acme/api/contacts").pop().unwrap();
    assert_eq!(sent.header("authorization"), Some("Bearer token-of-acme"));
    let body = String::from_utf8_lossy(&sent.body);
    let begins = r#"<?xml version="1.0" encoding="UTF-8"?><contact><team>sales</team><Email>ada@example.com</Email><Mobile>+447400123456</Mobile>"#;
    assert!(body.starts_with(begins), "{body}");
    assert!(baton.stop().await.success());
}
