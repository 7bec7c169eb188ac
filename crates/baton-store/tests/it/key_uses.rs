use crate::harness::Bench;
use crate::on_both;
use baton_domain::id::{KeyId, TypedId, WorkspaceId};
use baton_domain::time::Millis;
use baton_store::key_uses::KeyUse;
use std::collections::HashMap;
use uuid::Uuid;

on_both! {
    the_last_use_of_a_key_is_kept
}

async fn the_last_use_of_a_key_is_kept(bench: Bench) {
    let (first, second): (KeyId, KeyId) = (bench.store.new_id(), bench.store.new_id());
    let used = |key, at| KeyUse { workspace: bench.workspace, key, at: Millis(at) };
    bench.store.keys_used(vec![used(second, 5), used(first, 7)]).await.unwrap();
    // An older one is told late, by another node say.
    bench.store.keys_used(vec![used(first, 6), used(second, 9)]).await.unwrap();
    bench.store.keys_used(Vec::new()).await.unwrap();
    let never: KeyId = bench.store.new_id();
    let workspace = bench.store.workspace(bench.workspace);
    let found = workspace.key_uses(&[first, second, never]).await.unwrap();
    assert_eq!(found, HashMap::from([(first, Millis(7)), (second, Millis(9))]));
    let other = bench.store.workspace(WorkspaceId::from_uuid(Uuid::nil()));
    assert_eq!(other.key_uses(&[first]).await.unwrap(), HashMap::new());
    assert_eq!(workspace.key_uses(&[]).await.unwrap(), HashMap::new());
}
