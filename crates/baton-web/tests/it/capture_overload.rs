//! More than can be taken: the places are counted, who finds none is told at once, and what was
//! acknowledged is kept.

use crate::app::{PATIENCE, TestApp};
use baton_domain::id::LeadId;
use baton_store::StoreError;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Places there are: what waits for the writer, and the batch that it has in hand.
const PLACES: usize = 8_192 + 512;
/// Callers that find no place.
const TOO_MANY: usize = 1_500;
/// Callers by HTTP, on top.
const POSTS: usize = 50;
/// A refusal that takes longer was not one at once. Builds for tests are slow.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_past_the_last_place_are_refused_at_once_and_what_is_acknowledged_is_kept() {
    let app = TestApp::start().await;
    let foreign = app.foreign_connection();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..PLACES + TOO_MANY {
        let (store, capture) = (app.store.clone(), app.stored_lead());
        callers.spawn(async move { store.capture(capture).await });
    }
    // Those who find no place hear it while the writer still waits for the lock.
    let mut refused = 0;
    while refused < TOO_MANY {
        let answer = timeout(PATIENCE, callers.join_next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(answer, Err(StoreError::Overloaded)), "{answer:?}");
        refused += 1;
    }
    let began = Instant::now();
    for _ in 0..POSTS {
        let asked = Instant::now();
        let reply = app.capture(json!({"email": "jane@example.com"})).await;
        reply.problem(503, "overloaded");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        assert_eq!(app.leads().await.len(), 0, "reading goes on");
    }
    assert!(callers.len() <= PLACES, "{} wait after {:?}", callers.len(), began.elapsed());

    drop(foreign);
    let mut acknowledged = BTreeSet::new();
    while let Some(answer) = timeout(PATIENCE, callers.join_next()).await.unwrap() {
        match answer.unwrap() {
            Ok(captured) => drop(acknowledged.insert(captured.lead)),
            // On a machine so slow that the writer's patience with the lock had ended.
            Err(error) => assert!(error.is_outage(), "{error}"),
        }
    }
    let reply = app.capture(json!({"email": "jane@example.com"})).await;
    acknowledged.insert(reply.created("received").parse().unwrap());
    let foreign = app.foreign_connection();
    let mut rows = foreign.prepare("SELECT id FROM leads").unwrap();
    let stored: BTreeSet<LeadId> = rows
        .query_map([], |row| row.get::<_, Vec<u8>>(0))
        .unwrap()
        .map(|id| {
            let id = uuid::Uuid::from_slice(&id.unwrap()).unwrap();
            baton_domain::id::TypedId::from_uuid(id)
        })
        .collect();
    assert!(acknowledged.len() > 1, "{}", acknowledged.len());
    assert!(stored == acknowledged, "{} stored, {} told", stored.len(), acknowledged.len());
}
