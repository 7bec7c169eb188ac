//! A server from its first start to a delivered lead.

use crate::process::{Baton, Database, KEY, PATIENCE, command, run, until};
use crate::scene::{Scene, lead_of, sandbox, text};
use baton_sandbox::SignatureCheck;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_posted_lead_is_delivered_signed_and_visible() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let baton = Baton::on(&Database::Embedded(dir.path().join("data"))).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene
        .destination(
            &api,
            &sandbox,
            "/crm",
            json!({"mapping": [{"to": "Mobile", "from": "phone", "transform": ["e164"]},
                               {"to": "origin", "value": "baton"},
                               {"to": "lead_id", "from": "lead_id"}],
                   "retry": {"schedule": ["0s", "1m", "5m", "30m", "2h"]}, "failover_id": null}),
        )
        .await;
    let lead = scene.lead(&baton.url, "ada@example.com").await;

    let received = sandbox.wait_for(1).await.unwrap();
    assert_eq!(lead_of(&received[0]), lead);
    assert_eq!(received[0].signatures.leadsbot, SignatureCheck::Right);
    assert_eq!(received[0].signatures.webhook, SignatureCheck::Right);
    let body: serde_json::Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(body["Mobile"], "+447400123456");
    assert_eq!(body["origin"], "baton");

    let place = format!("/api/v1/deliveries?lead_id={lead}");
    until("the delivery is accepted", || async {
        api.get(&place).await["data"][0]["state"] == "accepted"
    })
    .await;
    let delivery = text(&api.get(&place).await["data"][0], "id");
    assert_eq!(received[0].header("webhook-id"), Some(delivery.as_str()));
    let shown = api.get(&format!("/api/v1/deliveries/{delivery}")).await;
    let attempts = shown["attempt_log"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{shown}");
    assert_eq!(attempts[0]["verdict"], "accepted");
    assert_eq!(attempts[0]["answer"]["status"], 200);
    assert_eq!(
        api.get(&format!("/api/v1/leads/{lead}")).await["fields"]["email"],
        "ada@example.com"
    );
    assert!(!baton.log().contains("ada@example.com"), "personal data is in no log line");
    assert!(baton.stop().await.success());
}

#[tokio::test]
async fn the_first_start_shows_a_key_once_and_closes_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let serve = || {
        let mut serve = command();
        serve.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data"]);
        serve.arg(&data);
        serve
    };
    let first = Baton::start(serve(), &data).await;
    let key = first.said.iter().find(|line| line.trim().starts_with("bk_"));
    let key = key.expect("a key is shown").trim().to_owned();
    let api = crate::api::Api::new(&first.url, &key);
    assert_eq!(api.all("/api/v1/workspaces").await.len(), 1);
    for line in first.log().lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        assert!(!line.contains(&key));
    }
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.join("master.key")), 0o600);
    first.stop().await;

    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    let second = Baton::start(serve(), dir.path()).await;
    assert!(!second.said.iter().any(|line| line.trim().starts_with("bk_")), "{:?}", second.said);
    assert_eq!(mode(&data), 0o700);
    let api = crate::api::Api::new(&second.url, &key);
    assert_eq!(api.all("/api/v1/workspaces").await.len(), 1);
    assert_eq!(api.get("/healthz").await["status"], "ok");
    assert_eq!(api.get("/readyz").await["status"], "ready");
}

#[tokio::test]
async fn the_bootstrap_key_works_as_it_was_given_and_only_on_an_empty_database() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::Embedded(dir.path().join("data"));
    let first = Baton::on(&database).await;
    assert!(!first.said.iter().any(|line| line.contains(KEY)), "it is not shown");
    first.api().get("/api/v1/keys").await;
    first.stop().await;
    let mut serve = database.serve();
    serve.env("BATON_BOOTSTRAP_KEY", "another-key-of-enough-characters");
    let second = Baton::start(serve, dir.path()).await;
    second.api().get("/api/v1/keys").await;
    let other = crate::api::Api::new(&second.url, "another-key-of-enough-characters");
    assert_eq!(other.call("GET", "/api/v1/keys", None).await.0, 401);
}

#[tokio::test]
async fn a_second_process_on_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::Embedded(dir.path().join("data"));
    let first = Baton::on(&database).await;
    let second = run(&mut database.serve()).await;
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("is in use by another Baton process"), "{}", second.err);
    assert!(second.err.contains("--data"), "{}", second.err);
    first.api().get("/readyz").await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let mut serve = command();
    serve.args(["serve", "--listen", &addr, "--data"]).arg(dir.path().join("data"));
    let said = tokio::time::timeout(PATIENCE, run(&mut serve)).await.unwrap();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(&addr) && said.err.contains("--listen"), "{}", said.err);
}

#[tokio::test]
async fn a_master_key_that_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let database = Database::Embedded(dir.path().join("data"));
    let baton = Baton::on(&database).await;
    let scene = Scene::set(&baton.api()).await;
    scene.destination(&baton.api(), &sandbox, "/crm", json!({})).await;
    baton.stop().await;
    let mut serve = database.serve();
    serve.env("BATON_MASTER_KEY", "08".repeat(32));
    let said = run(&mut serve).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("master key"), "{}", said.err);
}
