//! What people do, with an engine at work: resending many and the same, erasing what is out, and
//! receivers that flap or were switched off for days (scenarios 47 to 49, 53).

use crate::house::{House, MINUTE};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, JobId};
use baton_domain::job::JobState;
use baton_domain::lead::LeadState;
use baton_engine::{HARMED_MAX, PROBE_EVERY_MS};
use baton_sandbox::{Behaviour, Reply};
use baton_store::deliveries::{DeliveryFilter, Payload, Resend};
use baton_store::docs::Expect;
use baton_store::jobs::{BulkResend, JOB_SLICE, JobRow, NewJob, ResendFilter, Selection};
use baton_store::leads::EraseLead;
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const DAY: i64 = 24 * 60 * MINUTE;

/// Starts resending all that failed.
async fn resend_failed(house: &House) -> JobId {
    let workspace = house.store.workspace(house.workspace);
    let selection = Selection::Filter(ResendFilter {
        state: DeliveryState::Failed,
        target: None,
        verdict: None,
        note: None,
        since: None,
        until: None,
    });
    let id = house.store.new_id();
    let job = NewJob {
        id,
        total: workspace.count_resendable(&selection).await.unwrap(),
        resend: BulkResend { selection, payload: Payload::Current },
        created_by: "Ann".to_owned(),
        now: house.store.now(),
        idempotency: None,
        audit: None,
    };
    workspace.new_job(job).await.unwrap();
    id
}

async fn job(house: &House, id: JobId) -> JobRow {
    house.store.workspace(house.workspace).job(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn all_that_failed_is_resent_once_over_a_restart() {
    let mut house = House::open().await;
    house.sandbox.set_rule("/crm", Reply::status(200).body("no")).unwrap();
    let never = json!({"responses": [{"match": "keyword", "value": "yes", "verdict": "accepted"}]});
    let crm = house.destination("/crm", never).await;
    let count = 2 * JOB_SLICE + 20;
    let mut leads = Vec::new();
    for _ in 0..count {
        leads.push(house.lead(crm).await);
    }
    for delivery in &leads {
        house.until_state(*delivery, "failed").await;
    }
    house.sandbox.set_rule("/crm", Reply::status(200).body("yes")).unwrap();
    house.clock.advance(1);
    let id = resend_failed(&house).await;
    house.until_ticking("begun", 10, || async { job(&house, id).await.done > 0 }).await;
    house.stop(Duration::ZERO).await;
    house.restart_store().await;
    let begun = job(&house, id).await;
    assert!(begun.done < count as i64, "{begun}");
    house.start().await;
    house
        .until_ticking("through", 50, || async { job(&house, id).await.state == JobState::Done })
        .await;
    let done = job(&house, id).await;
    assert_eq!((done.done, done.skipped), (count as i64, 0), "{done}");
    let mut resends: HashMap<DeliveryId, u32> = HashMap::new();
    for delivery in &leads {
        let again = house.delivery(*delivery).await.resent_by.expect("resent");
        house
            .until_ticking("sent", 50, || async {
                house.delivery(again).await.state == DeliveryState::Accepted
            })
            .await;
        *resends.entry(house.delivery(again).await.parent.unwrap()).or_default() += 1;
    }
    assert!(resends.len() == count && resends.values().all(|n| *n == 1));
    let workspace = house.store.workspace(house.workspace);
    assert_eq!(workspace.failures().await.unwrap().total(), (0, true));
}

#[tokio::test]
async fn the_same_bytes_go_again_though_the_mapping_changed() {
    let house = House::open().await;
    house.sandbox.set_rule("/crm", Reply::status(404)).unwrap();
    let crm =
        house.destination("/crm", json!({"mapping": [{"to": "before", "from": "email"}]})).await;
    let delivery = house.lead(crm).await;
    house.until_state(delivery, "failed").await;
    house.sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    let mended = json!({"mapping": [{"to": "after", "from": "email"}]});
    house.write_destination(crm, "/crm", mended, Expect::Any).await;
    let workspace = house.store.workspace(house.workspace);
    let mut sent = Vec::new();
    for payload in [Payload::Same, Payload::Current] {
        let (id, now) = (house.store.new_id(), house.store.now());
        let resend = Resend { of: delivery, id, payload, now, idempotency: None, audit: None };
        workspace.resend_as(resend).await.unwrap();
        house.until_state(id, "accepted").await;
        let shown = workspace.request(id, 1).await.unwrap().unwrap().request.body;
        sent.push(String::from_utf8(shown).unwrap());
    }
    assert!(sent[0].contains("\"before\"") && !sent[0].contains("\"after\""), "{}", sent[0]);
    assert!(sent[1].contains("\"after\"") && !sent[1].contains("\"before\""), "{}", sent[1]);
    let received = house.sandbox.received();
    assert_eq!(received.len(), 3);
    assert_eq!(received[1].body, received[0].body, "byte for byte");
    assert!(received.iter().all(|r| r.header("webhook-id") == received[0].header("webhook-id")));
}

#[tokio::test]
async fn a_flapping_receiver_is_probed_and_never_switched_off() {
    let house = House::open().await;
    let reply = |status| Behaviour::Reply(Reply::status(status));
    let burst = |status| (0..=HARMED_MAX).map(move |_| reply(status));
    let flaps: Vec<Behaviour> = (0..3).flat_map(|_| burst(503).chain(burst(200))).collect();
    house.sandbox.set_rule("/flaps", Behaviour::Sequence(flaps)).unwrap();
    let retry =
        json!({"retry": {"schedule_ms": [0, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE]}});
    let flaps = house.destination("/flaps", retry).await;
    let mut leads = Vec::new();
    for _ in 0..4 * HARMED_MAX {
        leads.push(house.capture(LeadState::Received, &[flaps]).await);
    }
    let opened = AtomicBool::new(false);
    for lead in &leads {
        house
            .until_ticking("accepted", PROBE_EVERY_MS / 10, || {
                opened.fetch_or(house.engine().stats().breakers_open > 0, Ordering::Relaxed);
                let delivery = lead.deliveries[0];
                let house = &house;
                async move { house.delivery(delivery).await.state == DeliveryState::Accepted }
            })
            .await;
    }
    assert!(opened.into_inner(), "the breaker opened");
    house.until("closed", || async { house.engine().stats().breakers_open == 0 }).await;
    let snapshot = house.store.snapshot();
    assert!(snapshot.destinations[&flaps].body.disabled.is_none());
    for lead in &leads {
        let events = house.events(lead.lead).await;
        assert_eq!(events, ["lead.created", "delivery.succeeded"], "nobody is told of what mended");
    }
}

#[tokio::test]
async fn days_of_leads_wait_for_a_destination_that_is_off_and_go_when_it_is_on() {
    let house = House::open().await;
    let crm = house.destination("/crm", json!({})).await;
    let off = json!({"disabled": "moving house"});
    house.write_destination(crm, "/crm", off, Expect::Any).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        for _ in 0..4 {
            waiting.push(house.lead(crm).await);
        }
        house.clock.advance(DAY);
    }
    let workspace = house.store.workspace(house.workspace);
    let filter = DeliveryFilter {
        target: Some(baton_domain::id::TypedId::uuid(crm)),
        state: Some(DeliveryState::Pending),
        limit: 200,
        ..DeliveryFilter::default()
    };
    let listed = workspace.deliveries(&filter).await.unwrap().rows;
    assert_eq!(listed.len(), waiting.len());
    assert!(listed.iter().all(|row| row.stopped && row.attempts == 0));
    assert_eq!(house.sandbox.received_count(), 0);
    // One switch, and all of it goes.
    house.write_destination(crm, "/crm", json!({}), Expect::Any).await;
    for delivery in waiting {
        house.until_state(delivery, "accepted").await;
    }
    assert_eq!(house.sandbox.received_count(), 20);
}

#[tokio::test]
async fn what_is_out_when_its_lead_is_erased_leaves_no_body() {
    let house = House::open().await;
    let slow = Reply { delay_ms: 1_500, ..Reply::status(200).body("thanks, jane@example.com") };
    house.sandbox.set_rule("/slow", Behaviour::Reply(slow)).unwrap();
    let slow = house.destination("/slow", json!({})).await;
    let hook = house.subscription("/hook", json!({"events": ["lead.erased"]})).await;
    let captured = house.capture(LeadState::Received, &[slow]).await;
    let delivery = captured.deliveries[0];
    house.sandbox.wait_for(1).await.unwrap();
    let workspace = house.store.workspace(house.workspace);
    let erase = EraseLead { lead: captured.lead, claims: Vec::new(), audit: None };
    assert!(workspace.erase_lead(erase).await.unwrap());
    house
        .until_ticking("its end is written", 1, || async {
            !house.attempts(delivery).await.is_empty()
        })
        .await;
    let attempt = house.attempts(delivery).await.remove(0);
    assert!(attempt.late && attempt.answer.is_empty(), "{attempt:?}");
    assert!(!format!("{attempt:?}").contains("jane"));
    assert!(workspace.request(delivery, 9).await.unwrap().is_none());
    let row = house.delivery(delivery).await;
    assert_eq!((row.state, row.next_attempt_at), (DeliveryState::Cancelled, None));
    // Who asked to be told is told, and learns no more than the id.
    let target = baton_domain::id::TypedId::uuid(hook);
    house.until("told", || async { !house.deliveries_to(target).await.is_empty() }).await;
    let told = house.deliveries_to(target).await.remove(0).id;
    house.until_state(told, "accepted").await;
    let received = house.sandbox.received();
    let body = &received.iter().rfind(|r| r.path == "/hook").unwrap().body;
    let event: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(event["event"], "lead.erased");
    assert_eq!(event["data"], json!({"id": captured.lead, "state": "erased"}));
}
