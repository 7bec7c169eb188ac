//! What the two engines must agree on below the methods.

use crate::harness::Bench;
use crate::on_both;
use baton_domain::config::DocKind;
use baton_domain::id::{SourceId, TypedId};
use baton_store::docs::Expect;

on_both! {
    values_bound_out_of_order_arrive_where_they_belong
    a_store_lives_as_long_as_its_last_handle
}

/// The query of a document's row binds kind, id and workspace in another order than the insert:
/// a driver that numbers by appearance would mix them up.
async fn values_bound_out_of_order_arrive_where_they_belong(bench: Bench) {
    let id: SourceId = bench.store.new_id();
    let write = bench.doc(DocKind::Source, id.uuid(), Expect::New, &bench.source_body("a"));
    bench.store.change_docs(vec![write]).await.unwrap();
    let doc = bench.store.snapshot().sources[&id].clone();
    assert_eq!((doc.meta.workspace, doc.meta.id), (bench.workspace, id.uuid()));
    let rows = bench.store.echo_out_of_order("one", "two").await.unwrap();
    assert_eq!(rows, ["two", "one", "two"]);
}

async fn a_store_lives_as_long_as_its_last_handle(bench: Bench) {
    let kept = bench.store.clone();
    drop(bench.store);
    kept.probe().await.unwrap();
    assert_eq!(kept.echo_out_of_order("a", "b").await.unwrap(), ["b", "a", "b"]);
}
