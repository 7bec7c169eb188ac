//! Signals.

use crate::process::{Baton, Database, Signal, until};
use crate::scene::{Scene, lead_of, sandbox};
use baton_sandbox::{Behaviour, Reply};
use serde_json::json;

#[tokio::test]
async fn sigterm_gives_back_what_does_not_end_and_the_next_start_does_it() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let database = Database::Embedded(dir.path().join("data"));
    let mut serve = database.serve();
    serve.args(["--stop-deadline", "1"]);
    let mut baton = Baton::start(serve, dir.path()).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    sandbox.set_rule("/crm", Behaviour::Hang).unwrap();
    let lead = scene.lead(&baton.url, "ada@example.com").await;
    sandbox.wait_for(1).await.unwrap();

    baton.signal(Signal::TERM);
    let status = baton.ended().await;
    assert_eq!(status.code(), Some(0), "{}", baton.log());

    sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    let baton = Baton::on(&database).await;
    let received = sandbox.wait_for(2).await.unwrap();
    assert_eq!(lead_of(&received[1]), lead);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    let api = baton.api();
    until("the delivery is accepted", || async {
        api.get("/api/v1/deliveries").await["data"][0]["state"] == "accepted"
    })
    .await;
}

#[tokio::test]
async fn what_is_under_way_may_end_before_the_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let database = Database::Embedded(dir.path().join("data"));
    let mut baton = Baton::on(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    sandbox.set_rule("/crm", Reply::status(200).delay_ms(800)).unwrap();
    scene.lead(&baton.url, "ada@example.com").await;
    sandbox.wait_for(1).await.unwrap();
    baton.signal(Signal::INT);
    assert_eq!(baton.ended().await.code(), Some(0));
    let baton = Baton::on(&database).await;
    let deliveries = baton.api().get("/api/v1/deliveries").await;
    assert_eq!(deliveries["data"][0]["state"], "accepted", "{deliveries}");
    assert_eq!(sandbox.received_count(), 1);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let mut serve = Database::Embedded(dir.path().join("data")).serve();
    serve.args(["--stop-deadline", "3600"]);
    let mut baton = Baton::start(serve, dir.path()).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({"timeout": "120s"})).await;
    sandbox.set_rule("/crm", Behaviour::Hang).unwrap();
    scene.lead(&baton.url, "ada@example.com").await;
    sandbox.wait_for(1).await.unwrap();
    baton.signal(Signal::TERM);
    until("the first signal was heard", || async { baton.log().contains("stopping") }).await;
    baton.signal(Signal::TERM);
    assert_eq!(baton.ended().await.code(), Some(130));
}
