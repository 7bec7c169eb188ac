//! Another program holds the embedded database: captures are refused within a bound, reading goes on,
//! no attempt is spent, and nobody has to restart anything.

use crate::crash::{Harvest, drained};
use crate::faults::{is_come_again, never_panicked, post, stored};
use crate::load::Acknowledged;
use crate::process::{Baton, Database, until};
use crate::scene::{Scene, sandbox, text};
use baton_sandbox::Reply;
use baton_store::DATABASE_FILE;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The longest that anybody waits to be refused.
const REFUSED_IN: Duration = Duration::from_secs(5);
/// Callers at once.
const CALLERS: usize = 20;

async fn refused(base: String, inbound: String, n: usize) {
    let asked = Instant::now();
    let lead = json!({"email": format!("lead{n}@example.com")});
    let answer = post(&base, &inbound, &lead).await;
    is_come_again(&answer);
    assert!(asked.elapsed() < REFUSED_IN, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_program_locks_the_database_leads_are_refused_in_time_and_no_attempt_is_spent()
 {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let database = Database::Embedded(dir.path().join("data"));
    let baton = Baton::on(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    let acknowledged = Acknowledged::default();
    // One is on its way when the lock is taken: its outcome cannot be written for now.
    sandbox.set_rule("/crm", Reply::status(200).delay_ms(500)).unwrap();
    acknowledged.note(scene.lead(&baton.url, "first@example.com").await);
    sandbox.wait_for(1).await.unwrap();
    let foreign = rusqlite::Connection::open(database.dir().join(DATABASE_FILE)).unwrap();
    foreign.busy_timeout(REFUSED_IN).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();

    // All at once, then one after the other: nobody waits behind somebody else's wait.
    let mut callers = JoinSet::new();
    for n in 0..CALLERS {
        callers.spawn(refused(baton.url.clone(), scene.inbound.clone(), n));
    }
    while let Some(answer) = callers.join_next().await {
        answer.unwrap();
    }
    for n in CALLERS..2 * CALLERS {
        refused(baton.url.clone(), scene.inbound.clone(), n).await;
    }
    assert_eq!(api.call("GET", "/readyz", None).await.0, 503);
    assert_eq!(api.get("/healthz").await["status"], "ok");
    assert_eq!(stored(&api).await, acknowledged.leads(), "reading goes on");

    foreign.execute_batch("ROLLBACK").unwrap();
    until("it is ready again", || async { api.call("GET", "/readyz", None).await.0 == 200 }).await;
    let answer = post(&baton.url, &scene.inbound, &json!({"email": "last@example.com"})).await;
    assert_eq!(answer.status(), 201, "{:?}", answer.body());
    acknowledged.note(text(&serde_json::from_slice::<Value>(answer.body()).unwrap(), "id"));
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    assert_eq!(sandbox.received_count(), 2, "no call is repeated");
    for delivery in api.all("/api/v1/deliveries").await {
        assert_eq!(delivery["attempts"].to_string(), "1", "{delivery}");
    }
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}
