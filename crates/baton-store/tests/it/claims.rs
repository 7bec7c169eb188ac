use crate::harness::{Bench, Engine, claim};
use crate::on_both;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DestinationId, TypedId};
use baton_store::Release;
use std::collections::HashSet;

on_both! {
    a_claim_takes_what_has_room_and_says_what_is_more
    what_is_claimed_is_not_claimed_again
    a_release_makes_it_due_again_without_an_attempt
    a_lease_that_ends_is_claimed_again_and_the_late_finish_changes_nothing
    a_stopped_lane_is_not_claimed
    the_next_due_time_is_told
}

async fn a_claim_takes_what_has_room_and_says_what_is_more(bench: Bench) {
    let (a, b): (DestinationId, DestinationId) = (bench.store.new_id(), bench.store.new_id());
    for _ in 0..5 {
        bench.delivery(a).await;
    }
    bench.delivery(b).await;
    let claimed = bench.claim(&[(a, 3), (b, 3)]).await;
    assert_eq!(claimed.deliveries.iter().filter(|d| d.target == a.uuid()).count(), 3);
    assert_eq!(claimed.deliveries.iter().filter(|d| d.target == b.uuid()).count(), 1);
    assert_eq!(claimed.more, [a.uuid()]);
    assert!(claimed.deliveries.iter().all(|d| d.starts == 1 && d.attempts == 0));
}

async fn what_is_claimed_is_not_claimed_again(bench: Bench) {
    let lane = bench.store.new_id();
    bench.delivery(lane).await;
    assert_eq!(bench.claim(&[(lane, 9)]).await.deliveries.len(), 1);
    assert_eq!(bench.claim(&[(lane, 9)]).await.deliveries.len(), 0);
}

async fn a_release_makes_it_due_again_without_an_attempt(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let release = Release {
        workspace: bench.workspace,
        delivery,
        token: claimed.token,
        due: bench.store.now(),
        unstarted: false,
    };
    bench.store.release(vec![release]).await.unwrap();
    let row = bench.store.workspace(bench.workspace).delivery(delivery).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (DeliveryState::Pending, 0));
    let again = bench.claim_one(lane).await;
    assert_eq!((again.starts, again.attempts), (2, 0));
}

async fn a_lease_that_ends_is_claimed_again_and_the_late_finish_changes_nothing(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    let first = bench.claim_one(lane).await;
    bench.advance(44_999);
    assert!(bench.claim(&[(lane, 1)]).await.deliveries.is_empty());
    bench
        .store
        .renew(&[(bench.workspace, delivery, first.token)], bench.store.now().plus_ms(45_000))
        .await
        .unwrap();
    bench.advance(44_999);
    assert!(bench.claim(&[(lane, 1)]).await.deliveries.is_empty(), "the renewal holds");
    bench.advance(2);
    let second = bench.claim_one(lane).await;
    assert_eq!(second.was, DeliveryState::InFlight);
    let late = crate::finishes::finish(&bench, &first, DeliveryState::Accepted);
    assert!(!bench.store.finish(late).await.unwrap());
    let workspace = bench.store.workspace(bench.workspace);
    let row = workspace.delivery(delivery).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (DeliveryState::InFlight, 0));
    assert!(workspace.attempts(delivery).await.unwrap()[0].late);
    let done = crate::finishes::finish(&bench, &second, DeliveryState::Accepted);
    assert!(bench.store.finish(done).await.unwrap());
}

async fn a_stopped_lane_is_not_claimed(bench: Bench) {
    use baton_domain::config::DocKind;
    use baton_store::docs::Expect;
    let lane: DestinationId = bench.store.new_id();
    let body = bench.destination_body();
    let mut write = bench.doc(DocKind::Destination, lane.uuid(), Expect::New, &body);
    write.stopped = true;
    bench.store.change_docs(vec![write]).await.unwrap();
    let (_, delivery) = bench.delivery(lane).await;
    assert!(bench.claim(&[(lane, 9)]).await.deliveries.is_empty());
    let workspace = bench.store.workspace(bench.workspace);
    assert!(workspace.delivery(delivery).await.unwrap().unwrap().stopped);
    let write = bench.doc(DocKind::Destination, lane.uuid(), Expect::Any, &body);
    bench.store.change_docs(vec![write]).await.unwrap();
    assert_eq!(bench.claim(&[(lane, 9)]).await.deliveries.len(), 1);
}

/// PostgreSQL only: on SQLite the directory lock allows one owner, which `sqlite_only` shows.
#[tokio::test]
async fn two_nodes_never_claim_the_same() {
    let bench = Bench::new(Engine::Postgres).await;
    let lane = bench.store.new_id();
    for _ in 0..60 {
        bench.delivery(lane).await;
    }
    let other = bench.another_node().await;
    let mut seen = HashSet::new();
    for _ in 0..10 {
        let lanes = [(lane, 5)];
        let (a, b) = tokio::join!(claim(&bench.store, &lanes), claim(&other, &lanes));
        for delivery in a.deliveries.into_iter().chain(b.deliveries) {
            assert!(seen.insert(delivery.id), "claimed twice");
        }
    }
    assert_eq!(seen.len(), 60);
}

async fn the_next_due_time_is_told(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    let mut capture = bench.lead("x@example.com");
    let mut later = bench.to(lane);
    later.due = bench.store.now().plus_ms(5_000);
    capture.deliveries = vec![later];
    bench.capture(capture).await;
    let claimed = bench.claim(&[(lane, 1)]).await;
    assert!(claimed.deliveries.is_empty());
    assert_eq!(claimed.next_due, [(lane.uuid(), bench.store.now().plus_ms(5_000))]);
    bench.advance(5_000);
    assert_eq!(bench.claim(&[(lane, 1)]).await.deliveries.len(), 1);
}
