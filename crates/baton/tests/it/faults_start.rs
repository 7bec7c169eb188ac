//! A first start that is killed, again and again: the next one carries on, whatever was done.

use crate::crash::Dice;
use crate::process::{Baton, Database, until};
use crate::scene::{Scene, lead_of, sandbox};
use baton_sandbox::SandboxHandle;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// New databases, and killed starts on each.
const DATABASES: usize = 4;
const KILLS: usize = 6;
/// A process is up this long at least before it has done anything that can be left half done.
const KILL_MS_MIN: u64 = 2;

/// Starts the server and kills it after a time, whether it was ready or not.
async fn start_and_kill(database: &Database, after: Duration) {
    let mut child = database.serve().spawn().unwrap();
    // Not a wait for something: the moment of the kill is what is random.
    drop(timeout(after, child.wait()).await);
    drop(child.start_kill());
    child.wait().await.unwrap();
}

/// The server works: key, configuration, capture and delivery.
async fn works(database: &Database, sandbox: &SandboxHandle) {
    let baton = Baton::on(database).await;
    let api = baton.api();
    assert_eq!(api.all("/api/v1/workspaces").await.len(), 1);
    assert_eq!(api.all("/api/v1/keys").await.len(), 1);
    let scene = Scene::set(&api).await;
    scene.destination(&api, sandbox, "/crm", json!({})).await;
    let lead = scene.lead(&baton.url, "ada@example.com").await;
    until("the lead is delivered", || async {
        sandbox.received().iter().any(|received| lead_of(received) == lead)
    })
    .await;
    assert!(baton.stop().await.success());
}

/// How long a first start takes here.
async fn usual(database: &Database) -> Duration {
    let started = Instant::now();
    let baton = Baton::on(database).await;
    let took = started.elapsed();
    baton.kill().await;
    took
}

async fn kill_first_starts(mut databases: Vec<Database>) {
    let sandbox = sandbox().await;
    let usual = usual(&databases.pop().unwrap()).await;
    let most = u64::try_from(usual.as_millis()).unwrap();
    let mut dice = Dice(20_260_129);
    for database in databases {
        for _ in 0..KILLS {
            let after = KILL_MS_MIN + dice.below(most);
            start_and_kill(&database, Duration::from_millis(after)).await;
        }
        works(&database, &sandbox).await;
        if let Database::Embedded(dir) = &database {
            let seen = baton_store::inspect_directory(dir).unwrap().unwrap();
            assert_eq!(seen.integrity.as_deref(), Some("ok"));
            assert_eq!(seen.migration, seen.known);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_first_starts_leave_nothing_half_made_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let database = |n: usize| Database::Embedded(dir.path().join(n.to_string()));
    kill_first_starts((0..=DATABASES).map(database).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_first_starts_leave_nothing_half_made_on_postgresql() {
    let dir = tempfile::tempdir().unwrap();
    let mut databases = Vec::new();
    for _ in 0..=DATABASES {
        databases.push(Database::postgres(dir.path()).await);
    }
    kill_first_starts(databases).await;
}
