//! Letting held deliveries go, in slices that are resumed, and calling off those of deleted targets.

use crate::finishes::finish;
use crate::harness::{Bench, claim};
use crate::on_both;
use baton_domain::config::DocKind;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId, TypedId};
use baton_store::docs::Expect;
use baton_store::{Finish, HELD_SLICE};
use futures_util::future::join_all;

on_both! {
    held_deliveries_go_slice_by_slice_and_go_on_after_a_crash
    what_is_held_again_waits_for_the_next_wish
    a_lane_is_released_within_its_workspace_only
    held_deliveries_of_a_deleted_target_are_called_off
}

/// Makes deliveries that are held.
async fn hold(bench: &Bench, lane: DestinationId, count: usize) {
    let captures = (0..count).map(|n| {
        let mut capture = bench.lead(&format!("{n}@example.com"));
        capture.deliveries = vec![bench.to(lane)];
        bench.store.capture(capture)
    });
    for captured in join_all(captures).await {
        captured.unwrap();
    }
    hold_due(bench, lane, count).await;
}

/// Claims what is due and lets the attempts end in `held`.
async fn hold_due(bench: &Bench, lane: DestinationId, count: usize) {
    let claimed = bench.claim(&[(lane, u32::try_from(count).unwrap())]).await.deliveries;
    assert_eq!(claimed.len(), count);
    let finishes = claimed.iter().map(|claimed| {
        let held = finish(bench, claimed, DeliveryState::Held);
        bench.store.finish(Finish { lead_delivered: false, events: Vec::new(), ..held })
    });
    assert!(join_all(finishes).await.into_iter().all(|owned| owned.unwrap()));
}

/// How many deliveries of a lane can be claimed.
async fn due(bench: &Bench, lane: DestinationId) -> usize {
    bench.claim(&[(lane, 2_000)]).await.deliveries.len()
}

async fn held_deliveries_go_slice_by_slice_and_go_on_after_a_crash(bench: Bench) {
    let (lane, other) = (bench.store.new_id(), bench.store.new_id());
    hold(&bench, lane, HELD_SLICE + 3).await;
    hold(&bench, other, 2).await;
    assert!(!bench.store.release_slice().await.unwrap(), "nothing was asked for");
    bench.store.workspace(bench.workspace).release_held(lane).await.unwrap();
    bench.advance(1_000);
    assert_eq!(due(&bench, lane).await, 0, "the wish itself is one row");
    assert!(bench.store.release_slice().await.unwrap());
    assert_eq!(due(&bench, lane).await, HELD_SLICE);
    // What is on disk is all that the next process needs.
    let after = match bench.store.is_postgres() {
        true => bench.another_node().await,
        false => bench.store.clone(),
    };
    while after.release_slice().await.unwrap() {}
    // By the node that let them go: another's clock may be some milliseconds behind its.
    assert_eq!(claim(&after, &[(lane, 2_000)]).await.deliveries.len(), 3);
    assert_eq!(claim(&after, &[(other, 2_000)]).await.deliveries.len(), 0);
}

async fn what_is_held_again_waits_for_the_next_wish(bench: Bench) {
    let lane = bench.store.new_id();
    hold(&bench, lane, 2).await;
    let workspace = bench.store.workspace(bench.workspace);
    workspace.release_held(lane).await.unwrap();
    bench.advance(1_000);
    // Held after the wish, by the settings of before it or of after it.
    hold(&bench, lane, 1).await;
    while bench.store.release_slice().await.unwrap() {}
    hold_due(&bench, lane, 2).await;
    while bench.store.release_slice().await.unwrap() {}
    assert_eq!(due(&bench, lane).await, 0);
    workspace.release_held(lane).await.unwrap();
    while bench.store.release_slice().await.unwrap() {}
    assert_eq!(due(&bench, lane).await, 3);
}

async fn a_lane_is_released_within_its_workspace_only(bench: Bench) {
    let lane = bench.store.new_id();
    hold(&bench, lane, 1).await;
    bench.store.workspace(bench.store.new_id()).release_held(lane).await.unwrap();
    while bench.store.release_slice().await.unwrap() {}
    assert_eq!(due(&bench, lane).await, 0);
}

async fn held_deliveries_of_a_deleted_target_are_called_off(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    let doc = bench.doc(DocKind::Destination, lane.uuid(), Expect::New, &bench.destination_body());
    bench.store.change_docs(vec![doc]).await.unwrap();
    hold(&bench, lane, 1).await;
    let (_, waiting) = bench.delivery(lane).await;
    assert!(!bench.store.cancel_orphans().await.unwrap());
    let state = async |delivery: DeliveryId| {
        let workspace = bench.store.workspace(bench.workspace);
        workspace.delivery(delivery).await.unwrap().unwrap().state
    };
    assert_eq!(state(waiting).await, DeliveryState::Pending);
    let mut deletion = bench.doc(DocKind::Destination, lane.uuid(), Expect::Any, &());
    (deletion.body, deletion.stopped) = (None, true);
    bench.store.change_docs(vec![deletion]).await.unwrap();
    assert!(!bench.store.cancel_orphans().await.unwrap(), "one slice was enough");
    let filter = baton_store::deliveries::DeliveryFilter { limit: 9, ..Default::default() };
    let rows = bench.store.workspace(bench.workspace).deliveries(&filter).await.unwrap().rows;
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.state, DeliveryState::Cancelled);
        assert!(row.note.unwrap().contains("deleted"));
    }
}
