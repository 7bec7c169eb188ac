//! Damaged bytes in stored rows: each row is given up with a reason, the others flow, nothing panics
//! and nothing goes round for ever.

use crate::house::{Engines, House, MINUTE};
use crate::telling::{ask_for_probe, probe_result};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId, TaskId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::probe::ProbeTarget;
use baton_domain::verdict::Verdict;
use baton_sandbox::{Behaviour, Reply};
use baton_store::deliveries::DeliveryRow;
use baton_store::docs::Expect;
use baton_store::leads::LeadFilter;
use serde_json::json;

/// What takes the place of the stored bytes, in hex: cut JSON, then bytes that are no UTF-8.
const DAMAGES: [&str; 2] = ["7b22656d61696c223a", "fffe00c328"];

/// Puts bytes into a column of the row with that id.
async fn damage(house: &House, table: &str, column: &str, key: &str, id: uuid::Uuid, bytes: &str) {
    let id = id.simple();
    let touched = house
        .meddle(
            &format!("UPDATE {table} SET {column} = X'{bytes}' WHERE {key} = X'{id}'"),
            &format!("UPDATE {table} SET {column} = '\\x{bytes}' WHERE {key} = '{id}'"),
        )
        .await;
    assert_eq!(touched, 1, "{table}.{column}");
}

/// Lets time pass from one planned start of a delivery to the next until it is in that state.
async fn until_ended(house: &House, id: DeliveryId, state: DeliveryState) -> DeliveryRow {
    house
        .until("it ends", || async {
            let row = house.delivery(id).await;
            if let Some(next) = row.next_attempt_at.filter(|_| !row.state.is_final()) {
                house.clock.advance(next.since_ms(house.now()).max(0));
            }
            row.state == state
        })
        .await;
    house.delivery(id).await
}

async fn flows(house: &House, destination: DestinationId) {
    let lead = house.lead(destination).await;
    house.until_state(lead, "accepted").await;
}

async fn a_damaged_payload_is_given_up_with_its_reason(database: Engines) {
    let mut house = House::built_on_engine(database).await;
    let crm = house.destination("/crm", json!({})).await;
    let mut damaged = Vec::new();
    for bytes in DAMAGES {
        let captured = house.capture(LeadState::Received, &[crm]).await;
        damage(&house, "lead_data", "body", "lead", captured.lead.uuid(), bytes).await;
        damaged.push(captured);
    }
    house.start().await;
    flows(&house, crm).await;
    for captured in &damaged {
        let row = until_ended(&house, captured.deliveries[0], DeliveryState::Failed).await;
        let note = row.note.unwrap();
        assert!(note.contains("stored of its lead is damaged"), "{note}");
        assert_eq!(row.attempts, 0);
    }
    assert_eq!((house.engine().stats().panics, house.sandbox.received_count()), (0, 1));
    flows(&house, crm).await;
    // Lists show it without its answers and name it, search passes it over and finds what came
    // later.
    let workspace = house.store.workspace(house.workspace);
    let listed = workspace.leads(&LeadFilter { limit: 10, ..Default::default() }).await.unwrap();
    assert_eq!(listed.rows.len(), 4);
    let mut named: Vec<_> = damaged.iter().map(|captured| captured.lead.uuid()).collect();
    // Newest first; within a millisecond an id's random part decides.
    named.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(listed.damaged, named);
    let exact = Some("jane@example.com".to_owned());
    let found = LeadFilter { exact, limit: 10, ..Default::default() };
    house
        .until_ticking("found", 50, || async {
            workspace.leads(&found).await.unwrap().rows.len() == 2
        })
        .await;
}

async fn a_damaged_request_is_given_up_with_its_reason(database: Engines) {
    let house = House::open_on(database).await;
    house.sandbox.set_rule("/crm", Reply::status(500)).unwrap();
    let backup = house.destination("/backup", json!({"failover_only": true})).await;
    let crm = house.destination("/crm", json!({"failover": backup})).await;
    let delivery = house.lead(crm).await;
    house.until_attempts(delivery, 1).await;
    damage(&house, "requests", "body", "delivery", delivery.uuid(), DAMAGES[0]).await;
    let row = until_ended(&house, delivery, DeliveryState::Failed).await;
    let note = row.note.unwrap();
    assert!(note.contains("stored of its request is damaged"), "{note}");
    assert!(note.contains("`/backup` gets the lead"), "{note}");
    assert_eq!(row.attempts, 1, "no attempt is spent on it");
    let handed = house.deliveries_to(backup.uuid()).await.remove(0).id;
    house.until_state(handed, "accepted").await;
}

async fn a_damaged_delivery_row_is_given_up_and_holds_up_nobody(database: Engines) {
    let mut house = House::built_on_engine(database).await;
    let crm = house.destination("/crm", json!({})).await;
    let other = house.destination("/other", json!({})).await;
    let (cause, state) = (house.lead(crm).await, house.lead(crm).await);
    for (delivery, column) in [(cause, "cause"), (state, "state")] {
        let id = delivery.uuid().simple();
        let to = format!("UPDATE deliveries SET {column} = 'gibberish' WHERE id =");
        house.meddle(&format!("{to} X'{id}'"), &format!("{to} '{id}'")).await;
    }
    let (sound, elsewhere) = (house.lead(crm).await, house.lead(other).await);
    house.start().await;
    house.until_state(sound, "accepted").await;
    house.until_state(elsewhere, "accepted").await;
    for (delivery, word) in [(cause, "cause"), (state, "state")] {
        let row = house.delivery(delivery).await;
        assert_eq!(row.state, DeliveryState::Failed);
        assert!(row.note.as_ref().unwrap().contains(word), "{row:?}");
    }
    assert_eq!(house.engine().stats().faults, 0);
    assert_eq!(house.deliveries_to(crm.uuid()).await.len(), 3);
}

async fn a_damaged_task_is_given_up_and_says_so(database: Engines) {
    let mut house = House::built_on_engine(database).await;
    let target = || {
        let body = json!({"url": house.sandbox.url("/hook"), "events": []});
        ProbeTarget::Subscription(Box::new(serde_json::from_value(body).unwrap()))
    };
    let ids: [TaskId; 3] = std::array::from_fn(|_| house.store.new_id());
    for id in ids {
        ask_for_probe(&house, id, target()).await;
    }
    damage(&house, "tasks", "body", "id", ids[0].uuid(), DAMAGES[1]).await;
    if database == Engines::Sqlite {
        // Only here can a column hold what it was not made for.
        damage(&house, "tasks", "kind", "id", ids[1].uuid(), DAMAGES[1]).await;
    }
    house.start().await;
    let ends = async |id| {
        house
            .until_ticking("a result", 50, || async { probe_result(&house, id).await.is_some() })
            .await;
        probe_result(&house, id).await.unwrap()
    };
    assert_eq!(ends(ids[2]).await.verdict, Verdict::Accepted);
    let given_up = ends(ids[0]).await;
    assert_eq!(given_up.verdict, Verdict::Blocked);
    assert!(given_up.reason.unwrap().contains("damaged"));
    assert_eq!(house.engine().stats().faults, 0);
}

async fn a_damaged_destination_is_taken_from_its_history(database: Engines) {
    let house = House::open_on(database).await;
    let crm = house.destination("/crm", json!({})).await;
    let other = house.destination("/other", json!({})).await;
    for bytes in DAMAGES {
        damage(&house, "docs", "body", "id", crm.uuid(), bytes).await;
        // The row is read again when it changes; here, with the change of another.
        let raise = "UPDATE docs SET change_seq = change_seq + 1000 WHERE id =";
        let id = crm.uuid().simple();
        house.meddle(&format!("{raise} X'{id}'"), &format!("{raise} '{id}'")).await;
        house.write_destination(other, "/other", json!({}), Expect::Any).await;
        house.store.refresh().await.unwrap();
        assert_eq!(house.store.snapshot().destinations[&crm].body.name, "/crm");
        flows(&house, crm).await;
        flows(&house, other).await;
    }
}

async fn a_damaged_destination_without_a_history_spares_the_others(database: Engines) {
    let mut house = House::open_on(database).await;
    let crm = house.destination("/crm", json!({})).await;
    let other = house.destination("/other", json!({})).await;
    house.sandbox.set_rule("/crm", Behaviour::Reply(Reply::status(500))).unwrap();
    let waiting = house.lead(crm).await;
    house.until_attempts(waiting, 1).await;
    damage(&house, "docs", "body", "id", crm.uuid(), DAMAGES[0]).await;
    damage(&house, "doc_versions", "body", "id", crm.uuid(), DAMAGES[1]).await;
    let secret = house.destination("/secret", json!({})).await;
    damage(&house, "docs", "secrets", "id", secret.uuid(), DAMAGES[1]).await;
    house.restart_store().await;
    assert!(!house.store.snapshot().destinations.contains_key(&crm));
    assert!(!house.store.snapshot().destinations.contains_key(&secret));
    house.start().await;
    flows(&house, other).await;
    house.clock.advance(2 * MINUTE);
    flows(&house, other).await;
    // Its deliveries wait: what is unreadable is not deleted.
    let row = house.delivery(waiting).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Retrying, 1));
    // Saved again, it works again.
    house.sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    house.write_destination(crm, "/crm", json!({}), Expect::Any).await;
    house.until_state(waiting, "accepted").await;
}

async fn a_damaged_event_is_passed_over(database: Engines) {
    let mut house = House::built_on_engine(database).await;
    let crm = house.destination("/crm", json!({})).await;
    let hook = house.subscription("/hook", json!({"events": ["lead.created"]})).await;
    let mut leads = Vec::new();
    for _ in 0..3 {
        leads.push(house.capture(LeadState::Received, &[crm]).await.lead);
    }
    let id = leads[0].uuid().simple();
    let kind = "UPDATE events SET kind = 'gibberish' WHERE lead =";
    house.meddle(&format!("{kind} X'{id}'"), &format!("{kind} '{id}'")).await;
    damage(&house, "events", "delta", "lead", leads[1].uuid(), DAMAGES[0]).await;
    house.start().await;
    house
        .until("two deliveries", || async { house.deliveries_to(hook.uuid()).await.len() == 2 })
        .await;
    let rows = house.deliveries_to(hook.uuid()).await;
    let of = |lead| rows.iter().find(|row| row.lead == Some(lead)).unwrap().id;
    house.until_state(of(leads[2]), "accepted").await;
    let row = until_ended(&house, of(leads[1]), DeliveryState::Failed).await;
    assert!(row.note.unwrap().contains("stored of its event is damaged"));
    assert_eq!(house.engine().stats().panics, 0);
}

crate::on_both! {
    a_damaged_payload_is_given_up_with_its_reason
    a_damaged_request_is_given_up_with_its_reason
    a_damaged_delivery_row_is_given_up_and_holds_up_nobody
    a_damaged_task_is_given_up_and_says_so
    a_damaged_destination_is_taken_from_its_history
    a_damaged_destination_without_a_history_spares_the_others
    a_damaged_event_is_passed_over
}
