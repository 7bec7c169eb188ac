//! Two servers on one PostgreSQL.

use crate::api::Connection;
use crate::crash::{Harvest, drained, serve};
use crate::load::{Acknowledged, Load};
use crate::process::{Baton, Database, KEY, Signal, until};
use crate::scene::{Scene, sandbox};
use baton_sandbox::{Behaviour, Reply, SandboxHandle};
use serde_json::json;
use std::sync::Arc;

struct Pair {
    _dir: tempfile::TempDir,
    sandbox: SandboxHandle,
    database: Database,
    one: Baton,
    other: Baton,
    scene: Scene,
}

impl Pair {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = sandbox().await;
        let database = Database::postgres(dir.path()).await;
        let one = serve(&database).await;
        let other = serve(&database).await;
        let scene = Scene::set(&one.api()).await;
        scene.destination(&one.api(), &sandbox, "/crm", json!({})).await;
        Self { _dir: dir, sandbox, database, one, other, scene }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_s_deliveries_are_taken_over() {
    let pair = Pair::start().await;
    let acknowledged = Arc::new(Acknowledged::default());
    let servers = [pair.one.url.clone(), pair.other.url.clone()];
    let load = Load::start(&servers, &pair.scene.inbound, &acknowledged);
    acknowledged.reaches(100).await;
    pair.one.kill().await;
    acknowledged.reaches(acknowledged.count() + 50).await;
    load.stop().await;
    drained(&pair.other.api(), &pair.sandbox, &acknowledged, Harvest::default()).await;
    assert!(pair.other.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_node_s_late_result_is_refused_and_nothing_sticks() {
    let pair = Pair::start().await;
    let Pair { sandbox, database, one, other, scene, .. } = pair;
    // Only one node runs while the lead is taken, so that it is the one that sends.
    other.stop().await;
    sandbox
        .set_rule(
            "/crm",
            Behaviour::Sequence(vec![
                Behaviour::Reply(Reply::status(500).delay_ms(500)),
                Behaviour::Reply(Reply::status(200)),
            ]),
        )
        .unwrap();
    let lead = scene.lead(&one.url, "ada@example.com").await;
    sandbox.wait_for(1).await.unwrap();
    one.signal(Signal::STOP);

    // The lease runs out, the other node takes over and succeeds.
    let other = serve(&database).await;
    let api = other.api();
    let place = format!("/api/v1/deliveries?lead_id={lead}");
    sandbox.wait_for(2).await.unwrap();
    until("the other node has delivered it", || async {
        api.get(&place).await["data"][0]["state"] == "accepted"
    })
    .await;

    // The paused node wakes up with an answer that no longer counts.
    one.signal(Signal::CONT);
    let one_api = one.api();
    until("the paused node answers again", || async {
        one_api.call("GET", "/readyz", None).await.0 == 200
    })
    .await;
    let delivery = api.get(&place).await["data"][0]["id"].as_str().unwrap().to_owned();
    let shown = format!("/api/v1/deliveries/{delivery}");
    until("the late attempt is recorded as late", || async {
        let delivery = api.get(&shown).await;
        delivery["attempt_log"].as_array().unwrap().iter().any(|a| a["late"] == true)
    })
    .await;
    assert_eq!(api.get(&place).await["data"][0]["state"], "accepted");
    assert_eq!(sandbox.received_count(), 2, "nobody sent it a third time");

    // Both go on working together.
    let acknowledged = Arc::new(Acknowledged::default());
    let load = Load::start(&[one.url.clone(), other.url.clone()], &scene.inbound, &acknowledged);
    acknowledged.reaches(50).await;
    load.stop().await;
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    assert!(one.stop().await.success());
    assert!(other.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_and_engine_may_be_two_processes() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let database = Database::postgres(dir.path()).await;
    let mut web = database.serve();
    web.args(["--role", "web"]);
    let web = Baton::start(web, dir.path()).await;
    let mut engine = database.serve();
    engine.args(["--role", "engine", "--log-level", "warn"]);
    let engine = Baton::start(engine, dir.path()).await;
    let api = web.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    scene.lead(&web.url, "ada@example.com").await;
    sandbox.wait_for(1).await.unwrap();
    until("the web process sees the outcome", || async {
        api.get("/api/v1/deliveries").await["data"][0]["state"] == "accepted"
    })
    .await;
    // The engine answers for its health, and for nothing else.
    let of_engine = engine.api();
    let status = async |path: &str| of_engine.call("GET", path, None).await.0;
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    let bearer = format!("Bearer {KEY}");
    let mut connection = Connection::to(&engine.url).await.unwrap();
    let key = [("authorization", bearer.as_str())];
    let (code, metrics) = connection.call("GET", "/metrics", &key, Vec::new()).await.unwrap();
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(code == 200 && metrics.contains("baton_deliveries_accepted_total 1\n"), "{metrics}");
    for path in ["/api/v1/deliveries", "/api/openapi.json"] {
        assert_eq!(status(path).await, 404, "{path}");
    }
    assert_eq!(of_engine.call("POST", &scene.inbound, Some(json!({}))).await.0, 404);
    assert!(engine.stop().await.success());
    assert!(web.stop().await.success());
}
