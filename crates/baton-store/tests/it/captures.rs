use crate::harness::Bench;
use crate::on_both;
use baton_domain::config::DuplicateAction;
use baton_domain::event::EventKind;
use baton_domain::lead::LeadState;
use baton_store::StoreError;
use baton_store::capture::{Capture, Idempotency, PartialKey};
use baton_store::leads::LeadFilter;
use std::collections::HashSet;

on_both! {
    a_captured_lead_can_be_read_back
    one_of_fifty_equal_captures_wins
    a_rejected_duplicate_keeps_nobody_out
    a_marked_duplicate_is_delivered_and_names_the_first
    the_window_of_a_duplicate_rule_rolls
    the_same_idempotency_key_gives_the_same_lead
    another_body_under_the_same_key_is_refused_alone
    partial_leads_grow_and_complete
    a_stale_partial_changes_nothing
    a_completed_lead_supersedes_the_partials_delivery
    a_batch_with_every_kind_of_conflict_answers_each
}

async fn a_captured_lead_can_be_read_back(bench: Bench) {
    let mut capture = bench.lead("jane@example.com");
    capture.data = bench.fields(&[("zip", "00501"), ("email", "jane@example.com")]);
    capture.data.raw.set("big", serde_json::from_str("1234567890123456789012345678.10").unwrap());
    let captured = bench.capture(capture.clone()).await;
    assert_eq!(captured.lead, capture.lead);
    assert_eq!(captured.state, LeadState::Received);
    let row = bench.store.workspace(bench.workspace).lead(captured.lead).await.unwrap().unwrap();
    assert_eq!(row.data, capture.data, "data comes back digit for digit and in order");
    assert_eq!((row.data_version, row.status.as_str()), (1, "new"));
    let events = bench.store.workspace(bench.workspace).lead_events(captured.lead).await.unwrap();
    assert_eq!(
        events.iter().map(|e| (e.kind, e.n)).collect::<Vec<_>>(),
        [(EventKind::LeadCreated, 1)]
    );
}

async fn one_of_fifty_equal_captures_wins(bench: Bench) {
    let captures: Vec<Capture> = (0..50)
        .map(|_| {
            let mut capture = bench.lead("same@example.com");
            capture.duplicates =
                Some(bench.rule(&["same@example.com"], None, DuplicateAction::Reject));
            capture
        })
        .collect();
    let answers = all(&bench, captures).await;
    let winners: Vec<_> = answers.iter().filter(|a| a.state == LeadState::Received).collect();
    assert_eq!(winners.len(), 1);
    for loser in answers.iter().filter(|a| a.state == LeadState::Rejected) {
        assert_eq!(loser.duplicate_of, Some((winners[0].lead, bench.source)));
    }
}

async fn all(bench: &Bench, captures: Vec<Capture>) -> Vec<baton_store::capture::Captured> {
    let tasks: Vec<_> = captures
        .into_iter()
        .map(|c| {
            let store = bench.store.clone();
            tokio::spawn(async move { store.capture(c).await.expect("captured") })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

async fn a_rejected_duplicate_keeps_nobody_out(bench: Bench) {
    let with = |keys: &[&str]| {
        let mut capture = bench.lead("x@example.com");
        capture.duplicates = Some(bench.rule(keys, None, DuplicateAction::Reject));
        capture
    };
    assert_eq!(bench.capture(with(&["mail:a"])).await.state, LeadState::Received);
    // Repeats the address, brings a new phone: refused, so the phone stays free.
    assert_eq!(bench.capture(with(&["mail:a", "phone:1"])).await.state, LeadState::Rejected);
    assert_eq!(bench.capture(with(&["mail:b", "phone:1"])).await.state, LeadState::Received);
}

async fn a_marked_duplicate_is_delivered_and_names_the_first(bench: Bench) {
    let destination = bench.store.new_id();
    let with = || {
        let mut capture = bench.lead("x@example.com");
        capture.duplicates = Some(bench.rule(&["k"], None, DuplicateAction::Mark));
        capture.deliveries = vec![bench.to(destination)];
        capture
    };
    let first = bench.capture(with()).await;
    let second = bench.capture(with()).await;
    assert_eq!(second.state, LeadState::Received);
    assert_eq!(second.duplicate_of, Some((first.lead, bench.source)));
    assert_eq!(second.deliveries.len(), 1);
    let row = bench.store.workspace(bench.workspace).lead(second.lead).await.unwrap().unwrap();
    assert_eq!(row.duplicate_of, Some(first.lead));
}

async fn the_window_of_a_duplicate_rule_rolls(bench: Bench) {
    let with = || {
        let mut capture = bench.lead("x@example.com");
        capture.duplicates = Some(bench.rule(&["k"], Some(1_000), DuplicateAction::Reject));
        capture
    };
    let state = |c| async { bench.capture(c).await.state };
    assert_eq!(state(with()).await, LeadState::Received);
    bench.advance(999);
    assert_eq!(state(with()).await, LeadState::Rejected);
    bench.advance(1);
    assert_eq!(state(with()).await, LeadState::Received, "the refused one did not prolong it");
    bench.advance(999);
    assert_eq!(state(with()).await, LeadState::Rejected, "the window began anew");
}

fn keyed(bench: &Bench, key: u8, body: u8) -> Capture {
    let mut capture = bench.lead("x@example.com");
    capture.idempotency = Some(Idempotency { key: [key; 16], body_hash: [body; 32] });
    capture
}

async fn the_same_idempotency_key_gives_the_same_lead(bench: Bench) {
    let captures: Vec<Capture> = (0..50).map(|_| keyed(&bench, 1, 1)).collect();
    let answers = all(&bench, captures).await;
    let ids: HashSet<_> = answers.iter().map(|a| a.lead).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1);
    let page = LeadFilter { limit: 200, ..LeadFilter::default() };
    let rows = bench.store.workspace(bench.workspace).leads(&page).await.unwrap().rows;
    assert_eq!(rows.len(), 1, "one lead is stored");
}

async fn another_body_under_the_same_key_is_refused_alone(bench: Bench) {
    bench.capture(keyed(&bench, 1, 1)).await;
    let (wrong, right) = tokio::join!(
        bench.store.capture(keyed(&bench, 1, 2)),
        bench.store.capture(keyed(&bench, 2, 2))
    );
    assert!(matches!(wrong, Err(StoreError::IdempotencyMismatch)));
    assert!(right.is_ok(), "its neighbour in the batch is stored");
}

fn part(bench: &Bench, key: u8, seq: i64, partial: bool, zip: &str) -> Capture {
    let mut capture = bench.lead("x@example.com");
    capture.data = bench.fields(&[("zip", zip)]);
    capture.state = if partial { LeadState::Partial } else { LeadState::Received };
    capture.partial = Some(PartialKey { key: [key; 16], seq, partial });
    capture
}

async fn partial_leads_grow_and_complete(bench: Bench) {
    let first = bench.capture(part(&bench, 7, 1, true, "1")).await;
    let second = bench.capture(part(&bench, 7, 2, true, "2")).await;
    let done = bench.capture(part(&bench, 7, 3, false, "3")).await;
    assert_eq!((second.lead, done.lead), (first.lead, first.lead));
    assert_eq!(done.state, LeadState::Received);
    let workspace = bench.store.workspace(bench.workspace);
    let row = workspace.lead(first.lead).await.unwrap().unwrap();
    assert_eq!(row.data_version, 3);
    assert_eq!(row.data.raw.text("zip").as_deref(), Some("3"));
    let old = workspace.lead_view(first.lead, 1).await.unwrap().unwrap();
    assert_eq!(old.data.raw.text("zip").as_deref(), Some("1"), "versions never change");
    let events: Vec<_> =
        workspace.lead_events(first.lead).await.unwrap().iter().map(|e| (e.n, e.kind)).collect();
    assert_eq!(
        events,
        [
            (1, EventKind::LeadPartial),
            (2, EventKind::LeadPartial),
            (3, EventKind::LeadCompleted),
            (4, EventKind::LeadCreated)
        ]
    );
}

async fn a_stale_partial_changes_nothing(bench: Bench) {
    bench.capture(part(&bench, 7, 5, true, "5")).await;
    let stale = bench.capture(part(&bench, 7, 4, true, "4")).await;
    assert!(stale.stale);
    let done = bench.capture(part(&bench, 7, 6, false, "6")).await;
    let late = bench.capture(part(&bench, 7, 9, true, "9")).await;
    assert!(late.stale, "a partial after the completion is too late");
    assert_eq!(late.lead, done.lead);
    let row = bench.store.workspace(bench.workspace).lead(done.lead).await.unwrap().unwrap();
    assert_eq!(row.data.raw.text("zip").as_deref(), Some("6"));
}

async fn a_completed_lead_supersedes_the_partials_delivery(bench: Bench) {
    let destination = bench.store.new_id();
    let mut first = part(&bench, 7, 1, true, "1");
    first.deliveries = vec![bench.to(destination)];
    let mut done = part(&bench, 7, 2, false, "2");
    done.deliveries = vec![bench.to(destination)];
    let first = bench.capture(first).await;
    let done = bench.capture(done).await;
    let claimed = bench.claim(&[(destination, 10)]).await.deliveries;
    assert_eq!(claimed.iter().map(|c| c.id).collect::<Vec<_>>(), done.deliveries);
    let row = bench
        .store
        .workspace(bench.workspace)
        .delivery(first.deliveries[0])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.state.as_str(), "superseded");
}

async fn a_batch_with_every_kind_of_conflict_answers_each(bench: Bench) {
    bench.capture(keyed(&bench, 1, 1)).await;
    let mut captures = Vec::new();
    for n in 0..40u8 {
        captures.push(keyed(&bench, 1, 1));
        captures.push(keyed(&bench, 10 + n % 5, 1));
        let mut duplicate = bench.lead("x@example.com");
        let name = format!("k{}", n % 3);
        duplicate.duplicates = Some(bench.rule(&[&name, "z"], None, DuplicateAction::Quarantine));
        captures.push(duplicate);
        captures.push(part(&bench, 30 + n % 4, i64::from(n), n % 2 == 0, "1"));
    }
    let answers = all(&bench, captures).await;
    let quarantined = answers.iter().filter(|a| a.state == LeadState::Quarantined).count();
    assert_eq!(quarantined, 39, "one of forty took the shared key");
    let page = LeadFilter { limit: 200, ..LeadFilter::default() };
    let rows = bench.store.workspace(bench.workspace).leads(&page).await.unwrap().rows;
    assert_eq!(rows.len(), 1 + 5 + 40 + 4);
}
