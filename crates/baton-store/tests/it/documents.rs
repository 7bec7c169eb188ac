use crate::harness::{Bench, open};
use crate::on_both;
use baton_domain::config::DocKind;
use baton_domain::id::{SourceId, TypedId};
use baton_domain::secret::{Secret, Secrets};
use baton_store::StoreError;
use baton_store::capture::Idempotency;
use baton_store::docs::Expect;

on_both! {
    a_document_is_published_at_once_and_survives_a_reopening
    versions_are_checked
    a_unique_text_is_taken_once
    a_deleted_document_is_gone
    an_idempotency_key_replays_the_answer
    all_changes_of_a_call_happen_or_none
}

async fn a_document_is_published_at_once_and_survives_a_reopening(bench: Bench) {
    let id: SourceId = bench.store.new_id();
    let body = bench.source_body("Partner");
    let mut write = bench.doc(DocKind::Source, id.uuid(), Expect::New, &body);
    let secrets: Secrets = [("capture_hmac".to_owned(), Secret::new("whsec_x"))].into();
    write.secrets = Some(bench.store.master().seal_secrets(&secrets).unwrap());
    assert_eq!(bench.store.change_docs(vec![write]).await.unwrap(), [1]);
    let snapshot = bench.store.snapshot();
    let doc = snapshot.source_by_webhook(body.webhook_id).unwrap();
    assert_eq!(doc.body, body);
    assert_eq!(doc.secrets["capture_hmac"].reveal(), "whsec_x");
    let Bench { store, location, clock, _dir, .. } = bench;
    drop((snapshot, store));
    let reopened = open(&location, &clock, 3).await;
    let snapshot = reopened.snapshot();
    let doc = snapshot.source_by_webhook(body.webhook_id).unwrap();
    assert_eq!(doc.secrets["capture_hmac"].reveal(), "whsec_x");
}

async fn versions_are_checked(bench: Bench) {
    let id: SourceId = bench.store.new_id();
    let doc = |expect| bench.doc(DocKind::Source, id.uuid(), expect, &bench.source_body("a"));
    let change = |w| async { bench.store.change_docs(vec![w]).await };
    assert!(matches!(change(doc(Expect::Any)).await, Err(StoreError::NotFound)));
    assert_eq!(change(doc(Expect::New)).await.unwrap(), [1]);
    assert!(matches!(
        change(doc(Expect::New)).await,
        Err(StoreError::VersionConflict { current: 1 })
    ));
    assert_eq!(change(doc(Expect::Version(1))).await.unwrap(), [2]);
    assert!(matches!(
        change(doc(Expect::Version(1))).await,
        Err(StoreError::VersionConflict { current: 2 })
    ));
    let mut foreign = doc(Expect::Any);
    foreign.workspace = bench.store.new_id();
    assert!(matches!(change(foreign).await, Err(StoreError::NotFound)));
}

async fn a_unique_text_is_taken_once(bench: Bench) {
    let with = |text: &str| {
        let id: SourceId = bench.store.new_id();
        let mut write = bench.doc(DocKind::Source, id.uuid(), Expect::New, &bench.source_body("a"));
        write.unique = Some(text.to_owned());
        write
    };
    let first = with("solar-uk");
    bench.store.change_docs(vec![first.clone()]).await.unwrap();
    let taken = bench.store.change_docs(vec![with("solar-uk")]).await;
    assert!(matches!(taken, Err(StoreError::Taken { .. })));
    let mut again = first;
    again.expect = Expect::Any;
    bench.store.change_docs(vec![again]).await.expect("its own text is not in its way");
    bench.store.change_docs(vec![with("solar-us")]).await.unwrap();
}

async fn a_deleted_document_is_gone(bench: Bench) {
    let id: SourceId = bench.store.new_id();
    let body = bench.source_body("a");
    let write = bench.doc(DocKind::Source, id.uuid(), Expect::New, &body);
    bench.store.change_docs(vec![write]).await.unwrap();
    let mut delete = bench.doc(DocKind::Source, id.uuid(), Expect::Any, &body);
    delete.body = None;
    bench.store.change_docs(vec![delete.clone()]).await.unwrap();
    assert!(bench.store.snapshot().sources.is_empty());
    assert!(matches!(bench.store.change_docs(vec![delete]).await, Err(StoreError::NotFound)));
}

async fn an_idempotency_key_replays_the_answer(bench: Bench) {
    let with = |body: u8| {
        let id: SourceId = bench.store.new_id();
        let mut write = bench.doc(DocKind::Source, id.uuid(), Expect::New, &bench.source_body("a"));
        let key = Idempotency { key: [1; 16], body_hash: [body; 32] };
        write.idempotency = Some((key, 201, b"answer".to_vec()));
        write
    };
    bench.store.change_docs(vec![with(1)]).await.unwrap();
    match bench.store.change_docs(vec![with(1)]).await {
        Err(StoreError::Replayed { status: 201, answer }) => assert_eq!(answer, b"answer"),
        other => panic!("{other:?}"),
    }
    let other = bench.store.change_docs(vec![with(2)]).await;
    assert!(matches!(other, Err(StoreError::IdempotencyMismatch)));
    assert_eq!(bench.store.snapshot().sources.len(), 1, "one was made");
}

async fn all_changes_of_a_call_happen_or_none(bench: Bench) {
    let (a, b): (SourceId, SourceId) = (bench.store.new_id(), bench.store.new_id());
    let good = bench.doc(DocKind::Source, a.uuid(), Expect::New, &bench.source_body("a"));
    let bad = bench.doc(DocKind::Source, b.uuid(), Expect::Any, &bench.source_body("b"));
    assert!(bench.store.change_docs(vec![good, bad]).await.is_err());
    assert!(bench.store.snapshot().sources.is_empty());
}
