//! What a store keeps up whatever happens in it.

use crate::harness::Bench;
use baton_store::StoreError;

crate::on_both! {
    commits_are_on_disk_before_they_are_acknowledged
    writers_and_readers_go_on_after_panics
}

async fn commits_are_on_disk_before_they_are_acknowledged(bench: Bench) {
    let durability = bench.store.durability().await.unwrap();
    let expect = match bench.store.is_postgres() {
        true => "synchronous_commit=on, fsync=on",
        false => "journal_mode=wal, synchronous=2",
    };
    assert_eq!((durability.before_answer, durability.settings.as_str()), (true, expect));
}

async fn writers_and_readers_go_on_after_panics(bench: Bench) {
    let lane = bench.store.new_id();
    // More than there are threads.
    for _ in 0..10 {
        let (wrote, read) =
            tokio::join!(bench.store.panic_in_a_write(), bench.store.panic_in_a_read());
        assert!(wrote.is_err_and(|error| error.is_outage()));
        assert!(bench.store.is_postgres() || matches!(read, Err(StoreError::Closed)));
        let (lead, _) = bench.delivery(lane).await;
        let workspace = bench.store.workspace(bench.workspace);
        assert!(workspace.lead(lead).await.unwrap().is_some());
    }
    assert_eq!(bench.claim(&[(lane, 20)]).await.deliveries.len(), 10);
}
