//! What must hold when a simulated life is over.

use super::world::{FAILOVER, LINKED, LINKED_FROM, QUEUEING, World};
use baton_domain::config::DuplicateAction;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DeliveryId, TypedId};
use baton_domain::lead::LeadState;
use baton_store::deliveries::DeliveryRow;
use std::collections::{HashMap, HashSet};

pub async fn everything(world: &World) {
    let deliveries = world.deliveries().await;
    leads_are_there(world).await;
    every_lead_went_everywhere(world, &deliveries).await;
    attempts_are_counted(world, &deliveries).await;
    links_were_followed_once(world, &deliveries);
    receivers_agree(world, &deliveries);
    events_count_on(world).await;
    duplicates_are_kept_out(world).await;
}

/// Every acknowledged lead is stored, in a state it can have come to.
async fn leads_are_there(world: &World) {
    let workspace = world.store.workspace(world.workspace);
    for (lead, acknowledged) in world.leads() {
        let row = workspace.lead(lead).await.unwrap().expect("an acknowledged lead is stored");
        let told: HashSet<LeadState> = acknowledged.iter().map(|a| a.captured.state).collect();
        let fits = match row.state {
            LeadState::Delivered => told.contains(&LeadState::Received),
            state => told.contains(&state),
        };
        assert!(fits, "{lead} is {} and its senders were told {told:?}", row.state);
    }
}

/// A lead that was taken in has a delivery of its newest version to each destination, and each
/// came to an end that is somebody's doing.
async fn every_lead_went_everywhere(world: &World, deliveries: &[DeliveryRow]) {
    let workspace = world.store.workspace(world.workspace);
    for (lead, _) in world.leads() {
        let row = workspace.lead(lead).await.unwrap().unwrap();
        if !matches!(row.state, LeadState::Received | LeadState::Delivered) {
            continue;
        }
        for destination in [0, LINKED_FROM, QUEUEING].map(|n| &world.destinations[n]) {
            let own: Vec<&DeliveryRow> = deliveries
                .iter()
                .filter(|d| {
                    d.lead == Some(lead)
                        && d.target == destination.uuid()
                        && d.data_version == row.data_version
                })
                .collect();
            let first: Vec<_> = own.iter().filter(|d| d.cause == DeliveryCause::Lead).collect();
            assert_eq!(first.len(), 1, "{lead} has one delivery to {destination}");
            let resent = own.iter().any(|d| d.cause == DeliveryCause::Resend);
            match first[0].state {
                DeliveryState::Accepted | DeliveryState::Failed | DeliveryState::Rejected => {}
                DeliveryState::Queued if *destination == world.destinations[QUEUEING] => {}
                DeliveryState::Cancelled => assert!(resent, "only a resend calls one off"),
                state => panic!("{} of {lead} ended as {state}", first[0].id),
            }
            let handed_over =
                first[0].state == DeliveryState::Failed && *destination == world.destinations[0];
            if handed_over {
                let over = deliveries.iter().any(|d| {
                    d.lead == Some(lead) && d.target == world.destinations[FAILOVER].uuid()
                });
                assert!(over, "{} failed and its failover got the lead", first[0].id);
            }
        }
    }
}

/// The attempts of a delivery are numbered without a gap and as many as its row says.
async fn attempts_are_counted(world: &World, deliveries: &[DeliveryRow]) {
    let workspace = world.store.workspace(world.workspace);
    for delivery in deliveries {
        let attempts = workspace.attempts(delivery.id).await.unwrap();
        let own = attempts.iter().filter(|a| !a.late && a.body.question.is_none());
        let numbers: Vec<i64> = own.map(|a| a.n).collect();
        let wanted: Vec<i64> = (1..=delivery.attempts).collect();
        assert_eq!(numbers, wanted, "attempts of {}", delivery.id);
        if delivery.state == DeliveryState::Accepted {
            let last = attempts.iter().rfind(|a| !a.late).expect("an attempt");
            assert_eq!(last.verdict, "accepted");
        }
    }
}

/// What came to an end at a destination with a link went on from there, once for all resends.
fn links_were_followed_once(world: &World, deliveries: &[DeliveryRow]) {
    let known: HashMap<DeliveryId, &DeliveryRow> = deliveries.iter().map(|d| (d.id, d)).collect();
    let at = |n: usize| {
        let target = world.destinations[n].uuid();
        deliveries.iter().filter(move |d| d.target == target)
    };
    let mut linked: HashMap<DeliveryId, Vec<&DeliveryRow>> = HashMap::new();
    for delivery in at(LINKED).filter(|d| d.cause == DeliveryCause::Linked) {
        let from = root(known[&delivery.parent.expect("where it came from")], &known);
        assert_eq!(from.target, world.destinations[LINKED_FROM].uuid());
        linked.entry(from.id).or_default().push(delivery);
    }
    for delivery in at(LINKED_FROM) {
        let there = linked.get(&root(delivery, &known).id).map_or(&[][..], Vec::as_slice);
        if matches!(delivery.state, DeliveryState::Accepted | DeliveryState::Failed) {
            assert!(!there.is_empty(), "{} ended and went on", delivery.id);
        }
        let live = there.iter().filter(|d| d.state != DeliveryState::Superseded).count();
        assert!(live <= 1, "{} went on {live} times", delivery.id);
    }
}

/// The first of a chain of resends.
fn root<'a>(
    mut delivery: &'a DeliveryRow,
    known: &HashMap<DeliveryId, &'a DeliveryRow>,
) -> &'a DeliveryRow {
    while let Some(parent) = delivery.parent.filter(|_| delivery.cause == DeliveryCause::Resend) {
        delivery = known[&parent];
    }
    delivery
}

/// What is accepted was received; what was received is known. A resend goes out under the
/// `webhook-id` of the delivery it repeats.
fn receivers_agree(world: &World, deliveries: &[DeliveryRow]) {
    let received = world.received_ids();
    let known: HashMap<DeliveryId, &DeliveryRow> = deliveries.iter().map(|d| (d.id, d)).collect();
    let signed_id = |delivery: &DeliveryRow| root(known[&delivery.id], &known).id;
    for delivery in deliveries.iter().filter(|d| d.state == DeliveryState::Accepted) {
        let id = signed_id(delivery);
        assert!(received.contains(&id.to_string()), "{id} was received");
    }
    let sent: HashSet<String> = deliveries.iter().map(|d| signed_id(d).to_string()).collect();
    for id in &received {
        assert!(sent.contains(id), "{id} was sent and is not known");
    }
}

/// The events of a lead count up without a gap.
async fn events_count_on(world: &World) {
    let workspace = world.store.workspace(world.workspace);
    for (lead, _) in world.leads() {
        let numbers: Vec<i64> =
            workspace.lead_events(lead).await.unwrap().iter().map(|e| e.n).collect();
        let wanted: Vec<i64> = (1..=numbers.len() as i64).collect();
        assert_eq!(numbers, wanted, "events of {lead}");
    }
}

/// Where duplicates are refused or put aside, at most one lead per key went on.
async fn duplicates_are_kept_out(world: &World) {
    if world.action == DuplicateAction::Mark {
        return;
    }
    let mut winners: HashMap<u64, HashSet<_>> = HashMap::new();
    for acknowledged in &world.acknowledged {
        let fresh = !acknowledged.captured.stale;
        if let Some(key) = acknowledged.key.filter(|_| fresh)
            && acknowledged.captured.state == LeadState::Received
        {
            winners.entry(key).or_default().insert(acknowledged.captured.lead);
        }
    }
    for (key, leads) in winners {
        assert_eq!(leads.len(), 1, "key {key} has one holder");
    }
}
