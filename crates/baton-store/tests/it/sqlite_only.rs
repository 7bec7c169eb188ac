//! What only the embedded engine promises.

use crate::harness::{Bench, Engine, TestEntropy, master, open};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::WorkspaceId;
use baton_domain::time::{Clock, Entropy};
use baton_store::leads::LeadFilter;
use baton_store::sealing::MasterKey;
use baton_store::{Location, OpenError, Store, StoreSettings};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

fn settings(bench: &Bench, key: u8) -> StoreSettings {
    let entropy = Arc::new(TestEntropy(AtomicU64::new(5)));
    let shared = Arc::clone(&entropy) as Arc<dyn Entropy>;
    let master =
        if key == 9 { master(&entropy) } else { MasterKey::new([key; 32], Arc::clone(&shared)) };
    StoreSettings {
        location: bench.location.clone(),
        master,
        clock: Arc::clone(&bench.clock) as Arc<dyn Clock>,
        entropy: shared,
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_directory_is_refused() {
    let bench = Bench::new(Engine::Sqlite).await;
    let refused = Store::open(settings(&bench, 9)).await;
    assert!(matches!(refused, Err(OpenError::InUse { .. })));
}

#[tokio::test]
async fn what_was_in_flight_is_due_after_a_restart() {
    let bench = Bench::new(Engine::Sqlite).await;
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    bench.claim_one(lane).await;
    let Bench { store, location, clock, _dir, workspace, .. } = bench;
    drop(store);
    let store = open(&location, &clock, 3).await;
    assert_eq!(store.free_leases().await.unwrap(), 1);
    let again = crate::harness::claim(&store, &[(lane, 1)]).await.deliveries.remove(0);
    assert_eq!((again.id, again.was, again.starts), (delivery, DeliveryState::InFlight, 2));
    assert!(store.workspace(workspace).delivery(delivery).await.unwrap().is_some());
}

#[tokio::test]
async fn another_master_key_is_refused_with_advice() {
    use baton_domain::config::DocKind;
    use baton_domain::id::{SourceId, TypedId};
    use baton_domain::secret::{Secret, Secrets};
    use baton_store::docs::Expect;
    let bench = Bench::new(Engine::Sqlite).await;
    let id: SourceId = bench.store.new_id();
    let mut write = bench.doc(DocKind::Source, id.uuid(), Expect::New, &bench.source_body("a"));
    let secrets: Secrets = [("x".to_owned(), Secret::new("y"))].into();
    write.secrets = Some(bench.store.master().seal_secrets(&secrets).unwrap());
    bench.store.change_docs(vec![write]).await.unwrap();
    let settings = settings(&bench, 8);
    let Bench { store, _dir, .. } = bench;
    drop(store);
    assert!(matches!(Store::open(settings).await, Err(OpenError::WrongKey)));
}

#[tokio::test]
async fn a_backup_under_load_is_whole_and_restores_with_deliveries_held() {
    let bench = Bench::new(Engine::Sqlite).await;
    let lane = bench.store.new_id();
    for _ in 0..20 {
        bench.delivery(lane).await;
    }
    let store = bench.store.clone();
    let captures: Vec<_> = (0..200).map(|n| bench.lead(&format!("{n}@example.com"))).collect();
    let load = tokio::spawn(async move {
        for capture in captures {
            store.capture(capture).await.unwrap();
        }
    });
    let target = bench._dir.path().join("backup.sqlite3");
    let report = bench.store.backup(&target).await.unwrap();
    assert!(report.leads >= 20);
    assert_eq!(report.unfinished, 20);
    load.await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let restored = baton_store::restore(&target, other.path(), false, true).unwrap();
    assert_eq!(restored.leads, report.leads);
    let again = baton_store::restore(&target, other.path(), false, true);
    assert!(again.is_err(), "a database that is there is not overwritten unasked");
    let location = Location::Sqlite { dir: other.path().to_owned() };
    let store = open(&location, &bench.clock, 4).await;
    assert!(crate::harness::claim(&store, &[(lane, 50)]).await.deliveries.is_empty());
    store.workspace(bench.workspace).release_held(lane).await.unwrap();
    while store.release_slice().await.unwrap() {}
    let released = crate::harness::claim(&store, &[(lane, 50)]).await.deliveries;
    assert_eq!(released.len(), 20);
}

/// How many leads a search finds, once the index has caught up.
async fn found(store: &Store, workspace: WorkspaceId, text: &str) -> usize {
    while store.index_search().await.unwrap() > 0 {}
    let filter = LeadFilter { text: Some(text.to_owned()), limit: 50, ..LeadFilter::default() };
    store.workspace(workspace).leads(&filter).await.unwrap().rows.len()
}

#[tokio::test]
async fn a_search_index_that_is_lost_or_damaged_fills_itself_again() {
    let bench = Bench::new(Engine::Sqlite).await;
    for n in 0..3 {
        bench.capture(bench.lead(&format!("jane{n}@example.com"))).await;
    }
    let workspace = bench.workspace;
    assert_eq!(found(&bench.store, workspace, "jane").await, 3);
    let Bench { store, location, clock, _dir, .. } = bench;
    drop(store);
    let index = |suffix| _dir.path().join(format!("baton-search.sqlite3{suffix}"));
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(index(suffix)));
    }
    let store = open(&location, &clock, 3).await;
    assert_eq!(found(&store, workspace, "jane").await, 3, "lost");
    drop(store);
    std::fs::write(index(""), b"no database at all, but a text that is long enough to be one")
        .unwrap();
    let store = open(&location, &clock, 4).await;
    assert_eq!(found(&store, workspace, "jane").await, 3, "damaged");
}
