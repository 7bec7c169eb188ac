//! Damaged rows in what is read: the rest is there, and the damaged ones are named or passed over.

use crate::harness::Bench;
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DestinationId, LeadId, TypedId};
use baton_domain::lead::LeadState;
use baton_store::StoreError;
use baton_store::deliveries::DeliveryFilter;
use baton_store::events::{EventBatch, EventCursor};
use baton_store::leads::LeadFilter;
use uuid::Uuid;

crate::on_both! {
    lists_of_leads_name_what_is_damaged_and_go_on
    lists_of_deliveries_name_what_is_damaged_and_go_on
    a_reader_of_events_comes_past_damaged_ones
}

async fn damage(bench: &Bench, table: &str, set: &str, key: &str, id: Uuid) {
    let id =
        if bench.store.is_postgres() { format!("'{id}'") } else { format!("X'{}'", id.simple()) };
    let touched = bench.meddle(&format!("UPDATE {table} SET {set} WHERE {key} = {id}")).await;
    assert_eq!(touched, 1, "{table}");
}

async fn lists_of_leads_name_what_is_damaged_and_go_on(bench: Bench) {
    let mut leads: Vec<LeadId> = Vec::new();
    for n in 0..5 {
        leads.push(bench.capture(bench.lead(&format!("{n}@example.com"))).await.lead);
    }
    // Those of one instant come by their ids.
    leads.sort_unstable();
    let sql = if bench.store.is_postgres() { "body = '\\x7b'" } else { "body = X'7b'" };
    damage(&bench, "lead_data", sql, "lead", leads[1].uuid()).await;
    damage(&bench, "leads", "state = 'gibberish'", "id", leads[2].uuid()).await;
    let workspace = bench.store.workspace(bench.workspace);
    let page = workspace.leads(&LeadFilter { limit: 4, ..LeadFilter::default() }).await.unwrap();
    let shown: Vec<LeadId> = page.rows.iter().map(|row| row.id).collect();
    // Without its data a lead is still a lead; without its state it is not.
    assert_eq!(shown, [leads[4], leads[3], leads[1]]);
    assert_eq!(page.damaged, [leads[2].uuid(), leads[1].uuid()]);
    assert!(page.rows[2].data.raw.0.is_empty());
    // The page is full, with what cannot be shown: there is more.
    assert_eq!(page.next, Some(leads[1].uuid()));
    let rest = LeadFilter { before: Some(leads[1]), limit: 4, ..LeadFilter::default() };
    let rest = workspace.leads(&rest).await.unwrap();
    assert_eq!((rest.rows[0].id, rest.rows.len(), rest.next), (leads[0], 1, None));
    assert!(rest.damaged.is_empty());
    for lead in [leads[1], leads[2]] {
        let one = workspace.lead(lead).await;
        assert!(matches!(one, Err(StoreError::Damaged { what: "lead", .. })), "{one:?}");
    }
    let received =
        LeadFilter { states: vec![LeadState::Received], limit: 9, ..LeadFilter::default() };
    assert_eq!(workspace.leads(&received).await.unwrap().rows.len(), 4);
}

async fn lists_of_deliveries_name_what_is_damaged_and_go_on(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    let mut deliveries = Vec::new();
    for _ in 0..3 {
        deliveries.push(bench.delivery(lane).await.1);
    }
    deliveries.sort_unstable();
    damage(&bench, "deliveries", "cause = 'gibberish'", "id", deliveries[1].uuid()).await;
    let workspace = bench.store.workspace(bench.workspace);
    for state in [None, Some(DeliveryState::Pending)] {
        let filter = DeliveryFilter { state, limit: 10, ..DeliveryFilter::default() };
        let page = workspace.deliveries(&filter).await.unwrap();
        let shown: Vec<_> = page.rows.iter().map(|row| row.id).collect();
        assert_eq!(shown, [deliveries[2], deliveries[0]]);
        assert_eq!(page.damaged, [deliveries[1].uuid()]);
        // Who decides by the list has to know that a part of it is missing.
        assert!(matches!(page.whole(), Err(StoreError::Damaged { .. })));
    }
}

async fn a_reader_of_events_comes_past_damaged_ones(bench: Bench) {
    let mut leads: Vec<LeadId> = Vec::new();
    for n in 0..3 {
        leads.push(bench.capture(bench.lead(&format!("{n}@example.com"))).await.lead);
    }
    for lead in &leads[..2] {
        damage(&bench, "events", "kind = 'gibberish'", "lead", lead.uuid()).await;
    }
    // One at a time: a batch may have nothing that can be read.
    let mut place = EventCursor::default();
    let mut seen = Vec::new();
    let reading = async {
        while seen.is_empty() {
            let batch: EventBatch = bench.store.events_after(place, 1).await.unwrap();
            assert_eq!(batch.to > place, batch.looked_at == 1);
            place = batch.to;
            seen.extend(batch.events);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), reading).await.expect("it comes past");
    assert_eq!(seen[0].lead, Some(leads[2]));
    let workspace = bench.store.workspace(bench.workspace);
    let (events, cursor) = workspace.events(EventCursor::default(), 10).await.unwrap();
    assert_eq!((events.len(), cursor), (1, place));
    assert!(workspace.lead_events(leads[0]).await.unwrap().is_empty());
}
