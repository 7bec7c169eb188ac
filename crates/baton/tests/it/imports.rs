//! Files of leads through the real program: by the command line, and over the death of the server.

use crate::api::{Api, Connection};
use crate::process::{Baton, Database, KEY, Said, command, run, until};
use crate::scene::{Scene, sandbox};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Rows of the file that is read while servers die.
const ROWS: usize = 6_000;

async fn import(baton: &Baton, file: &Path, more: &[&str]) -> Said {
    let mut import = command();
    import.arg("import").arg(file).args(["--campaign", "SOLAR-UK", "--server", &baton.url]);
    run(import.args(more).env("BATON_KEY", KEY)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_checks_and_imports_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let baton = Baton::on(&Database::Embedded(dir.path().join("data"))).await;
    let scene = Scene::set(&baton.api()).await;
    scene.destination(&baton.api(), &sandbox, "/crm", json!({})).await;
    let file = dir.path().join("leads.csv");
    std::fs::write(&file, "E-mail;Phone\r\nada@example.com;07400 123456\r\nnobody;\r\n").unwrap();
    let said = import(&baton, &file, &["--column", "E-mail=email", "--dry-run"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("checked 100 %: 2 rows, 1 accepted, 0 duplicates, 1 refused"));
    assert!(said.out.contains("/report"), "{said:?}");
    assert!(baton.api().all("/api/v1/leads").await.is_empty());
    let said = import(&baton, &file, &["--column", "E-mail=email", "--deliver"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("done 100 %"), "{said:?}");
    until("the lead is delivered", async || sandbox.received().len() == 1).await;
    let said = import(&baton, &file, &["--column", "Mail=email"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("`Mail`"), "{said:?}");
    assert!(baton.stop().await.success());
}

async fn put(api: &Api, import: &str, file: &str) {
    let bearer = format!("Bearer {KEY}");
    let path = format!("/api/v1/imports/{import}/file");
    let mut connection = Connection::to(&api.base).await.unwrap();
    let headers = [("authorization", bearer.as_str())];
    let (status, answer) =
        connection.call("PUT", &path, &headers, file.as_bytes().to_vec()).await.unwrap();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
}

/// Kills the server each time the import has got on, and compares in the end.
async fn kill_while_importing(database: Database, kills: u64) {
    let mut baton = Baton::on(&database).await;
    Scene::set(&baton.api()).await;
    let mut file = String::from("email\n");
    for n in 0..ROWS {
        file.push_str(&format!("p{n}@example.com\n"));
    }
    let made = baton.api().post("/api/v1/imports", json!({"format": "csv"})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    put(&baton.api(), &id, &file).await;
    let path = format!("/api/v1/imports/{id}");
    let read = async |baton: &Baton| baton.api().get(&path).await["read"].as_u64().unwrap();
    let mut seen = 0;
    for _ in 0..kills {
        until("the import gets on", async || read(&baton).await > seen).await;
        seen = read(&baton).await;
        baton.kill().await;
        baton = Baton::on(&database).await;
        assert!(read(&baton).await >= seen, "what was committed stays");
    }
    until("the import is done", async || baton.api().get(&path).await["state"] == "done").await;
    let done = baton.api().get(&path).await;
    assert_eq!(done["accepted"], json!(ROWS), "{done}");
    let leads = baton.api().all("/api/v1/leads").await;
    let emails: BTreeSet<&str> =
        leads.iter().filter_map(|lead: &Value| lead["fields"]["email"].as_str()).collect();
    assert_eq!((leads.len(), emails.len()), (ROWS, ROWS), "none lost, none twice");
    assert!(baton.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_makes_an_import_neither_skip_nor_repeat_a_row_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    kill_while_importing(Database::Embedded(dir.path().join("data")), 3).await;
}

/// One kill: the next server waits until the lease of the dead one is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_makes_an_import_neither_skip_nor_repeat_a_row_on_postgresql() {
    let dir = tempfile::tempdir().unwrap();
    kill_while_importing(Database::postgres(dir.path()).await, 1).await;
}
