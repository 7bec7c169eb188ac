//! Export and apply.

use crate::process::{Baton, Database, KEY, command, run};
use crate::scene::{Scene, sandbox};
use serde_json::json;
use std::path::Path;

fn cli(baton: &Baton, words: &[&str], file: &Path) -> tokio::process::Command {
    let mut command = command();
    command.args(words).arg(file).env("BATON_SERVER", &baton.url).env("BATON_KEY", KEY);
    command
}

#[tokio::test]
async fn what_was_exported_makes_the_same_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let first = Baton::on(&Database::Embedded(dir.path().join("first"))).await;
    let api = first.api();
    let scene = Scene::set(&api).await;
    let crm = scene
        .destination(
            &api,
            &sandbox,
            "/crm",
            json!({
                "mapping": [{"to": "Mobile", "from": "phone", "transform": ["e164"]}],
                "retry": {"schedule": ["0s", "1m"]}, "timeout": "5s"
            }),
        )
        .await;
    let backup = scene.destination(&api, &sandbox, "/backup", json!({"failover_only": true})).await;
    let place = format!("/api/v1/destinations/{}", crm["id"].as_str().unwrap());
    let (status, _) = api.call("PATCH", &place, Some(json!({"failover_id": backup["id"]}))).await;
    assert_eq!(status, 200);
    api.post(
        "/api/v1/webhooks",
        json!({"url": sandbox.url("/events"), "events": ["lead.created"]}),
    )
    .await;

    let file = dir.path().join("baton.yaml");
    let said = run(&mut cli(&first, &["export"], &file)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("whsec_") && !text.contains("cmp_"), "{text}");
    let said = run(&mut cli(&first, &["apply", "--yes"], &file)).await;
    assert_eq!((said.code, said.out.trim()), (Some(0), "nothing to change"), "{said:?}");

    let second = Baton::on(&Database::Embedded(dir.path().join("second"))).await;
    let said = run(&mut cli(&second, &["apply", "--dry-run"], &file)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("make campaign SOLAR-UK"), "{}", said.out);
    assert!(second.api().all("/api/v1/campaigns").await.is_empty());
    let said = run(&mut cli(&second, &["apply"], &file)).await;
    assert_eq!(said.code, Some(1), "it asks, and nobody says yes: {said:?}");
    let said = run(&mut cli(&second, &["apply", "--yes"], &file)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let again = dir.path().join("again.yaml");
    let said = run(&mut cli(&second, &["export"], &again)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(std::fs::read_to_string(&again).unwrap(), text);

    // A change in the file is shown as a difference and made.
    std::fs::write(&file, text.replace("timeout: 5s", "timeout: 7s")).unwrap();
    let said = run(&mut cli(&second, &["apply", "--yes"], &file)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("- timeout: 5s") && said.out.contains("+ timeout: 7s"),
        "{}",
        said.out
    );
    let destinations = second.api().all("/api/v1/destinations").await;
    assert!(destinations.iter().any(|d| d["name"] == "crm" && d["timeout"] == "7s"));

    // What the server refuses is told with the field.
    std::fs::write(&file, text.replace("timeout: 5s", "timeout: 9000s")).unwrap();
    let said = run(&mut cli(&second, &["apply", "--yes"], &file)).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("timeout"), "{}", said.err);
}
