//! Erasing leads: nothing of the person is left, whatever was under way (scenario 53).

use crate::finishes::finish;
use crate::harness::{Bench, Engine};
use crate::inbox::{add, change, entry, note};
use crate::on_both;
use baton_domain::config::DuplicateAction;
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::exchange::RequestSpec;
use baton_domain::id::{DeliveryId, DestinationId, LeadId};
use baton_domain::lead::LeadState;
use baton_store::audit::AuditFilter;
use baton_store::capture::{Idempotency, PartialKey};
use baton_store::leads::{EraseLead, LeadFilter};
use baton_store::{
    ClaimedDelivery, Finish, GivenFields, NewEvent, Retention, StoreError, StoredRequest,
};
use std::collections::BTreeMap;

on_both! {
    nothing_of_the_person_is_left_in_any_table
    what_waits_is_called_off_and_what_is_out_leaves_no_body
    an_erased_lead_is_found_by_no_search_and_never_comes_back
    an_erased_lead_is_told_of_and_erased_once
    an_erased_lead_goes_with_its_retention
    a_partial_lead_is_not_filled_again
    a_finish_and_an_erasure_at_once_leave_no_body
}

/// What must be nowhere.
const SECRET: &str = "zanzibar";

fn erase(bench: &Bench, lead: LeadId) -> EraseLead {
    EraseLead { lead, claims: Vec::new(), audit: Some(entry(bench, "lead.erase")) }
}

/// A finish in which the person is everywhere that outside text can be.
fn telling(bench: &Bench, claimed: &ClaimedDelivery, state: DeliveryState) -> Finish {
    let mut done = finish(bench, claimed, state);
    let headers = vec![("x-name".to_owned(), SECRET.to_owned())];
    done.request = Some(StoredRequest {
        request: RequestSpec {
            method: "POST".to_owned(),
            url: format!("https://crm.example/?n={SECRET}"),
            headers: headers.clone(),
            body: format!("{{\"n\":\"{SECRET}\"}}").into_bytes(),
        },
        secret_headers: Vec::new(),
        variant: Default::default(),
        sealed: false,
    });
    if let Some(attempt) = &mut done.attempt {
        attempt.reason = Some(SECRET.to_owned());
        attempt.decided_by = format!("keyword {SECRET}");
        attempt.fault = Some(("reset".to_owned(), SECRET.to_owned()));
        attempt.sent_headers = headers.clone();
        attempt.answer_headers = headers;
        attempt.answer = SECRET.as_bytes().to_vec();
        attempt.extracted = Some(format!("{{\"ref\":\"{SECRET}\"}}").into_bytes());
    }
    done.note = Some(format!("refused: {SECRET}"));
    let values = BTreeMap::from([("vendor_id".to_owned(), SECRET.to_owned())]);
    done.answered = Some(serde_json::from_value(serde_json::json!({"values": values})).unwrap());
    done.events = vec![NewEvent {
        id: bench.store.new_id(),
        kind: EventKind::DeliveryFailed,
        delta: format!("{{\"state\":\"failed\",\"reason\":\"{SECRET}\"}}").into_bytes(),
    }];
    done.lead_fields = Some(GivenFields {
        fields: BTreeMap::from([("ref".to_owned(), SECRET.to_owned())]),
        event: bench.store.new_id(),
    });
    done
}

/// A lead that left traces wherever a lead can: several versions, an attempt, a resend, a note, a
/// tag, the search index. Gives the lead and a delivery that failed.
async fn known_everywhere(bench: &Bench) -> (LeadId, DeliveryId) {
    let lane: DestinationId = bench.store.new_id();
    let mut capture = bench.lead(&format!("{SECRET}@example.com"));
    capture.problems = Some(format!("[{{\"message\":\"{SECRET}\"}}]").into_bytes());
    capture.deliveries = vec![bench.to(lane)];
    capture.duplicates = Some(bench.rule(&[SECRET], None, DuplicateAction::Reject));
    let captured = bench.capture(capture).await;
    let claimed = bench.claim_one(lane).await;
    assert!(bench.store.finish(telling(bench, &claimed, DeliveryState::Failed)).await.unwrap());
    let workspace = bench.store.workspace(bench.workspace);
    workspace.resend(captured.deliveries[0]).await.unwrap();
    let tagged = change(bench, captured.lead, Some("won"), add(&[SECRET]));
    workspace.change_leads(vec![tagged], Some(entry(bench, "lead.update"))).await.unwrap();
    let key = Idempotency { key: [4; 16], body_hash: [1; 32] };
    let mut written = note(bench, captured.lead, SECRET);
    written.idempotency = Some((key, 201, SECRET.as_bytes().to_vec()));
    workspace.add_note(written).await.unwrap();
    (captured.lead, captured.deliveries[0])
}

/// Where a text is still found: every text and every bytes of every table, as hex and as it is.
async fn traces(bench: &Bench, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    match &bench.location {
        baton_store::Location::Sqlite { dir } => {
            for file in ["baton.sqlite3", "baton-search.sqlite3"] {
                let db = rusqlite::Connection::open(dir.join(file)).unwrap();
                let tables: Vec<String> = db
                    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
                    .unwrap()
                    .query_map([], |row| row.get(0))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                for table in tables.iter().filter(|t| !t.starts_with("lead_search_")) {
                    let mut rows = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
                    let width = rows.column_count();
                    let mut rows = rows.query([]).unwrap();
                    while let Some(row) = rows.next().unwrap() {
                        for column in 0..width {
                            use rusqlite::types::ValueRef;
                            let bytes = match row.get_ref(column).unwrap() {
                                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
                                _ => Vec::new(),
                            };
                            if bytes.windows(text.len()).any(|w| w == text.as_bytes()) {
                                found.push(format!("{table}[{column}]"));
                            }
                        }
                    }
                }
            }
        }
        baton_store::Location::Postgres { url } => {
            let (client, connection) =
                tokio_postgres::connect(url.reveal(), tokio_postgres::NoTls).await.unwrap();
            let driver = tokio::spawn(connection);
            let sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
            let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
            for row in client.query(sql, &[]).await.unwrap() {
                let table: String = row.get(0);
                let rows = client.query(&format!("SELECT t::text FROM {table} t"), &[]).await;
                for row in rows.unwrap() {
                    let shown: String = row.get(0);
                    if shown.contains(text) || shown.contains(&hex) {
                        found.push(table.clone());
                    }
                }
            }
            drop(client);
            drop(driver.await);
        }
    }
    found.sort();
    found.dedup();
    found
}

async fn index(bench: &Bench) {
    // On PostgreSQL an event may be read only once no older transaction runs anywhere.
    let hidden = "SELECT 1 FROM events \
                  WHERE tx >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    let all_shown = async {
        while bench.store.is_postgres() && bench.meddle(hidden).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), all_shown).await.expect("shown");
    while bench.store.index_search().await.unwrap() > 0 {}
}

async fn nothing_of_the_person_is_left_in_any_table(bench: Bench) {
    let (lead, delivery) = known_everywhere(&bench).await;
    index(&bench).await;
    let before = traces(&bench, SECRET).await;
    for table in ["lead_data", "requests", "attempts", "events", "lead_notes", "lead_tags", "leads"]
    {
        assert!(before.iter().any(|t| t.starts_with(table)), "{table}: {before:?}");
    }
    let workspace = bench.store.workspace(bench.workspace);
    let key = bench.store.master().claim_key(bench.campaign, SECRET.as_bytes());
    let erase = EraseLead { claims: vec![key], ..erase(&bench, lead) };
    assert!(workspace.erase_lead(erase).await.unwrap());
    assert_eq!(traces(&bench, SECRET).await, Vec::<String>::new());
    index(&bench).await;
    assert_eq!(
        traces(&bench, SECRET).await,
        Vec::<String>::new(),
        "the index does not bring it back"
    );
    // What stays says what happened, and to nobody.
    let row = workspace.lead(lead).await.unwrap().unwrap();
    assert_eq!((row.state, row.status.as_str()), (LeadState::Erased, "won"));
    assert!(row.data == Default::default() && row.tags.is_empty() && row.problems.is_none());
    let attempt = workspace.attempts(delivery).await.unwrap().remove(0);
    assert_eq!((attempt.n, attempt.body.status, attempt.answer.len()), (1, Some(200), 0));
    assert_eq!(workspace.request(delivery, 1).await.unwrap(), None);
    let lines = workspace.audit(&AuditFilter { limit: 50, ..Default::default() }).await.unwrap();
    assert!(lines.rows.iter().any(|line| line.entry.action == "lead.erase"));
    assert!(workspace.notes(lead).await.unwrap().is_empty());
    assert_eq!(workspace.failures().await.unwrap().total(), (0, true));
    // The person may come again: their duplicate keys are free.
    let mut again = bench.lead(&format!("{SECRET}@example.com"));
    again.duplicates = Some(bench.rule(&[SECRET], None, DuplicateAction::Reject));
    assert_eq!(bench.capture(again).await.state, LeadState::Received);
}

async fn what_waits_is_called_off_and_what_is_out_leaves_no_body(bench: Bench) {
    let lanes: Vec<DestinationId> = (0..4).map(|_| bench.store.new_id()).collect();
    let mut capture = bench.lead(&format!("{SECRET}@example.com"));
    capture.deliveries = lanes.iter().map(|lane| bench.to(*lane)).collect();
    let captured = bench.capture(capture).await;
    let out = bench.claim_one(lanes[0]).await;
    let held = bench.claim_one(lanes[1]).await;
    bench.store.finish(telling(&bench, &held, DeliveryState::Held)).await.unwrap();
    let retried = bench.claim_one(lanes[2]).await;
    let mut retry = telling(&bench, &retried, DeliveryState::Retrying);
    retry.next_at = Some(bench.store.now());
    bench.store.finish(retry).await.unwrap();
    let workspace = bench.store.workspace(bench.workspace);
    workspace.erase_lead(erase(&bench, captured.lead)).await.unwrap();
    for delivery in &captured.deliveries {
        let row = workspace.delivery(*delivery).await.unwrap().unwrap();
        assert_eq!((row.state, row.next_attempt_at), (DeliveryState::Cancelled, None));
        assert!(row.note.unwrap().starts_with("the lead was erased"));
        assert!(row.answered.is_none());
    }
    bench.advance(3_600_000);
    for lane in &lanes {
        assert!(bench.claim(&[(*lane, 5)]).await.deliveries.is_empty());
    }
    // The request that was out comes back with an answer that repeats what it got.
    let late = telling(&bench, &out, DeliveryState::Accepted);
    assert!(!bench.store.finish(late).await.unwrap(), "it is no longer theirs");
    let attempts = workspace.attempts(out.id).await.unwrap();
    assert_eq!((attempts.len(), attempts[0].late), (1, true));
    assert!(attempts[0].answer.is_empty());
    assert_eq!(workspace.request(out.id, 9).await.unwrap(), None);
    assert_eq!(traces(&bench, SECRET).await, Vec::<String>::new());
    let refused = workspace.resend(out.id).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
}

async fn an_erased_lead_is_found_by_no_search_and_never_comes_back(bench: Bench) {
    let (lead, _) = known_everywhere(&bench).await;
    index(&bench).await;
    let workspace = bench.store.workspace(bench.workspace);
    let found = async |by_text: bool| {
        let text = by_text.then(|| SECRET.to_owned());
        let exact = (!by_text).then(|| format!("{SECRET}@example.com"));
        let filter = LeadFilter { text, exact, limit: 5, ..LeadFilter::default() };
        workspace.leads(&filter).await.unwrap().rows.len()
    };
    assert_eq!((found(true).await, found(false).await), (1, 1));
    workspace.erase_lead(erase(&bench, lead)).await.unwrap();
    assert_eq!((found(true).await, found(false).await), (0, 0));
    index(&bench).await;
    assert_eq!((found(true).await, found(false).await), (0, 0));
    let states = vec![LeadState::Erased];
    let listed = LeadFilter { states, limit: 5, ..LeadFilter::default() };
    assert_eq!(workspace.leads(&listed).await.unwrap().rows.len(), 1);
}

async fn an_erased_lead_is_told_of_and_erased_once(bench: Bench) {
    let (lead, _) = known_everywhere(&bench).await;
    let workspace = bench.store.workspace(bench.workspace);
    let foreign = bench.store.workspace(bench.store.new_id());
    let refused = foreign.erase_lead(erase(&bench, lead)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    assert!(workspace.erase_lead(erase(&bench, lead)).await.unwrap());
    assert!(!workspace.erase_lead(erase(&bench, lead)).await.unwrap());
    let events = workspace.lead_events(lead).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.kind, EventKind::LeadErased);
    assert_eq!(events.iter().filter(|e| e.kind == EventKind::LeadErased).count(), 1);
    let tagged = change(&bench, lead, Some("lost"), add(&["x"]));
    assert_eq!(workspace.change_leads(vec![tagged], None).await.unwrap(), 0);
    let written = workspace.add_note(note(&bench, lead, "x")).await;
    assert!(matches!(written, Err(StoreError::NotFound)), "{written:?}");
}

async fn an_erased_lead_goes_with_its_retention(bench: Bench) {
    let (lead, _) = known_everywhere(&bench).await;
    let workspace = bench.store.workspace(bench.workspace);
    workspace.erase_lead(erase(&bench, lead)).await.unwrap();
    bench.advance(8 * 86_400_000);
    let retention = Retention {
        workspaces: vec![(bench.workspace, 7)],
        all: vec![bench.workspace],
        now: bench.store.now(),
    };
    assert_eq!(bench.store.retain(&retention, 50).await.unwrap().leads, 1);
    assert!(workspace.lead(lead).await.unwrap().is_none());
}

async fn a_partial_lead_is_not_filled_again(bench: Bench) {
    let part = |seq| {
        let mut capture = bench.lead(&format!("{SECRET}@example.com"));
        capture.state = LeadState::Partial;
        capture.partial = Some(PartialKey { key: [3; 16], seq, partial: true });
        capture
    };
    let lead = bench.capture(part(1)).await.lead;
    bench.store.workspace(bench.workspace).erase_lead(erase(&bench, lead)).await.unwrap();
    let again = bench.capture(part(2)).await;
    assert!(again.stale && again.lead == lead);
    assert_eq!(traces(&bench, SECRET).await, Vec::<String>::new());
}

/// Whoever of the two is first, nothing is left.
async fn a_finish_and_an_erasure_at_once_leave_no_body(bench: Bench) {
    for _ in 0..10 {
        let lane: DestinationId = bench.store.new_id();
        let mut capture = bench.lead(&format!("{SECRET}@example.com"));
        capture.deliveries = vec![bench.to(lane)];
        let lead = bench.capture(capture).await.lead;
        let out = bench.claim_one(lane).await;
        let workspace = bench.store.workspace(bench.workspace);
        let (erased, finished) = tokio::join!(
            workspace.erase_lead(erase(&bench, lead)),
            bench.store.finish(telling(&bench, &out, DeliveryState::Accepted)),
        );
        assert!(erased.unwrap());
        finished.unwrap();
    }
    assert_eq!(traces(&bench, SECRET).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_overwritten_is_gone_from_the_file() {
    let bench = Bench::new(Engine::Sqlite).await;
    let (lead, _) = known_everywhere(&bench).await;
    let workspace = bench.store.workspace(bench.workspace);
    workspace.erase_lead(erase(&bench, lead)).await.unwrap();
    let Bench { store, _dir, .. } = bench;
    drop((workspace, store));
    // The log is copied back and emptied when the store closes.
    for file in ["baton.sqlite3", "baton.sqlite3-wal"] {
        let bytes = std::fs::read(_dir.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes()), "{file}");
    }
}
