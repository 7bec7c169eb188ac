//! Deliveries that are written as in flight from the start.

use crate::harness::{Bench, claim};
use crate::on_both;
use baton_domain::config::{DocKind, DuplicateAction};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId, LeadId, TypedId, WorkspaceId};
use baton_domain::lead::LeadView;
use baton_store::ClaimedDelivery;
use baton_store::capture::PartialKey;
use baton_store::direct::{DirectStart, Lease, Reservation};
use baton_store::docs::Expect;
use futures_util::FutureExt as _;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

on_both! {
    a_reserved_delivery_is_in_flight_with_its_commit_and_is_not_claimed
    a_slot_that_no_delivery_came_of_is_free_again
    a_stopped_lane_gets_no_delivery_in_flight
    a_capture_whose_outcome_nobody_waits_for_gives_its_delivery_back
    what_is_not_due_now_or_may_be_a_revision_reserves_nothing
}

/// What became of the slots.
#[derive(Clone, PartialEq, Debug)]
enum Fate {
    Reserved(DeliveryId),
    Started(DeliveryId, LeadId, String),
    Free(DeliveryId),
    Abandoned(DeliveryId),
}

type Fates = Arc<Mutex<Vec<Fate>>>;

struct Slots {
    fates: Fates,
    lease: Lease,
}

struct Slot {
    fates: Fates,
    lease: Lease,
    delivery: DeliveryId,
    used: bool,
}

impl DirectStart for Slots {
    fn reserve(&self, _: Uuid, delivery: DeliveryId) -> Option<Box<dyn Reservation>> {
        let fates = Arc::clone(&self.fates);
        fates.lock().unwrap().push(Fate::Reserved(delivery));
        Some(Box::new(Slot { fates, lease: self.lease, delivery, used: false }))
    }
}

impl Reservation for Slot {
    fn lease(&self) -> Lease {
        self.lease
    }

    fn start(mut self: Box<Self>, delivery: ClaimedDelivery, lead: LeadView) {
        self.used = true;
        let email = lead.data.fields().0["email"].to_string();
        self.fates.lock().unwrap().push(Fate::Started(delivery.id, lead.id, email));
    }

    fn abandon(mut self: Box<Self>, _: WorkspaceId) {
        self.used = true;
        self.fates.lock().unwrap().push(Fate::Abandoned(self.delivery));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.used {
            self.fates.lock().unwrap().push(Fate::Free(self.delivery));
        }
    }
}

/// Lets captures of the bench's store start directly; what becomes of the slots.
fn offer(bench: &Bench) -> (Fates, Lease) {
    let fates = Fates::default();
    let token = bench.store.new_id::<LeadId>().uuid();
    let lease = Lease { token, until: bench.store.now().plus_ms(45_000) };
    let slots = Slots { fates: Arc::clone(&fates), lease };
    bench.store.start_directly(Some(Arc::new(slots)));
    (fates, lease)
}

fn told(fates: &Fates) -> Vec<Fate> {
    fates.lock().unwrap().clone()
}

async fn a_reserved_delivery_is_in_flight_with_its_commit_and_is_not_claimed(bench: Bench) {
    let (fates, lease) = offer(&bench);
    let to: DestinationId = bench.store.new_id();
    let (lead, delivery) = bench.delivery(to).await;
    let row = bench.store.workspace(bench.workspace).delivery(delivery).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (DeliveryState::InFlight, 0));
    let started = Fate::Started(delivery, lead, "\"someone@example.com\"".to_owned());
    assert_eq!(told(&fates), [Fate::Reserved(delivery), started]);
    assert_eq!(bench.claim(&[(to, 8)]).await.deliveries, [], "it is somebody's");
    // With the lease at its end it is anybody's, as after the death of its node.
    let held = [(bench.workspace, delivery, lease.token)];
    bench.store.renew(&held, bench.store.now()).await.unwrap();
    let taken = claim(&bench.store, &[(to, 8)]).await.deliveries;
    assert_eq!(taken.iter().map(|d| (d.id, d.starts)).collect::<Vec<_>>(), [(delivery, 2)]);
}

async fn a_slot_that_no_delivery_came_of_is_free_again(bench: Bench) {
    let rule = bench.rule(&["jane@example.com"], None, DuplicateAction::Reject);
    let mut first = bench.lead("jane@example.com");
    first.duplicates = Some(rule.clone());
    bench.capture(first).await;
    let (fates, _) = offer(&bench);
    let mut second = bench.lead("jane@example.com");
    second.duplicates = Some(rule);
    second.deliveries = vec![bench.to(bench.store.new_id())];
    let id = second.deliveries[0].id;
    assert_eq!(bench.capture(second).await.deliveries, []);
    assert_eq!(told(&fates), [Fate::Reserved(id), Fate::Free(id)]);
}

async fn a_stopped_lane_gets_no_delivery_in_flight(bench: Bench) {
    let to: DestinationId = bench.store.new_id();
    let body = bench.destination_body();
    let mut stopped = bench.doc(DocKind::Destination, to.uuid(), Expect::New, &body);
    stopped.stopped = true;
    bench.store.change_docs(vec![stopped]).await.unwrap();
    let (fates, _) = offer(&bench);
    let (_, delivery) = bench.delivery(to).await;
    let row = bench.store.workspace(bench.workspace).delivery(delivery).await.unwrap().unwrap();
    assert_eq!(row.state, DeliveryState::Pending);
    assert_eq!(told(&fates), [Fate::Reserved(delivery), Fate::Free(delivery)]);
}

async fn a_capture_whose_outcome_nobody_waits_for_gives_its_delivery_back(bench: Bench) {
    let (fates, _) = offer(&bench);
    let mut capture = bench.lead("jane@example.com");
    capture.deliveries = vec![bench.to(bench.store.new_id())];
    let id = capture.deliveries[0].id;
    assert!(bench.store.capture(capture).now_or_never().is_none(), "it is on its way");
    assert_eq!(told(&fates), [Fate::Reserved(id), Fate::Abandoned(id)]);
}

async fn what_is_not_due_now_or_may_be_a_revision_reserves_nothing(bench: Bench) {
    let (fates, _) = offer(&bench);
    let mut later = bench.lead("jane@example.com");
    later.deliveries = vec![bench.to(bench.store.new_id())];
    later.deliveries[0].due = bench.store.now().plus_ms(60_000);
    bench.capture(later).await;
    let mut completes = bench.lead("joe@example.com");
    completes.deliveries = vec![bench.to(bench.store.new_id())];
    completes.partial = Some(PartialKey { key: [7; 16], seq: 2, partial: false });
    bench.capture(completes).await;
    assert_eq!(told(&fates), []);
}
