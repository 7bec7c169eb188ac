//! What people do with leads: statuses, tags, notes, the lists they look at, and what failed.

use crate::finishes::finish;
use crate::harness::Bench;
use crate::on_both;
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::id::{DestinationId, LeadId, NoteId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::verdict::Verdict;
use baton_store::StoreError;
use baton_store::audit::{AuditEntry, AuditFilter};
use baton_store::capture::Idempotency;
use baton_store::deliveries::DeliveryFilter;
use baton_store::leads::{
    EXAMINED_MAX, LeadChange, LeadFilter, NOTES_PER_LEAD_MAX, NewNote, TAGS_PER_LEAD_MAX, TagChange,
};
use std::collections::{BTreeSet, HashSet};

on_both! {
    status_and_tags_change_with_an_event_and_a_line_of_the_audit
    what_is_not_there_or_as_wanted_already_is_not_changed
    a_lead_takes_so_many_tags_and_no_more
    lists_go_by_tag_status_states_and_tests
    a_list_that_hits_rarely_ends_with_a_cursor_and_goes_on
    leads_are_counted_up_to_a_limit_that_is_told
    lists_show_where_leads_went
    notes_are_kept_and_removed_and_nobody_else_s
    a_note_is_written_once_under_its_key
    failures_are_grouped_counted_and_left_when_resent
    deliveries_are_listed_by_what_became_of_them
}

pub fn set(tags: &[&str]) -> BTreeSet<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

pub fn change(bench: &Bench, lead: LeadId, status: Option<&str>, tags: TagChange) -> LeadChange {
    LeadChange { lead, status: status.map(str::to_owned), tags, event: bench.store.new_id() }
}

pub fn add(tags: &[&str]) -> TagChange {
    TagChange { add: set(tags), ..TagChange::default() }
}

pub fn entry(bench: &Bench, action: &str) -> AuditEntry {
    AuditEntry {
        workspace: bench.workspace,
        at: bench.store.now(),
        by: "test".into(),
        action: action.to_owned(),
        subject_kind: "lead".to_owned(),
        subject: None,
        subject_name: None,
        before: None,
        after: None,
    }
}

async fn changed(bench: &Bench, changes: Vec<LeadChange>) -> u64 {
    bench.store.workspace(bench.workspace).change_leads(changes, None).await.unwrap()
}

async fn status_and_tags_change_with_an_event_and_a_line_of_the_audit(bench: Bench) {
    let lead = bench.capture(bench.lead("a@example.com")).await.lead;
    let workspace = bench.store.workspace(bench.workspace);
    bench.advance(5);
    let audit = Some(entry(&bench, "lead.update"));
    let one = change(&bench, lead, Some("won"), add(&["b", "a"]));
    assert_eq!(workspace.change_leads(vec![one], audit.clone()).await.unwrap(), 1);
    let row = workspace.lead(lead).await.unwrap().unwrap();
    assert_eq!(
        (row.status.as_str(), row.tags.as_slice()),
        ("won", ["a".into(), "b".into()].as_slice())
    );
    assert_eq!(row.updated_at, bench.store.now());
    let replaced = TagChange { replace: true, add: set(&["c"]), ..TagChange::default() };
    let two = change(&bench, lead, None, replaced);
    assert_eq!(workspace.change_leads(vec![two], audit).await.unwrap(), 1);
    assert_eq!(workspace.lead(lead).await.unwrap().unwrap().tags, ["c"]);
    let events = workspace.lead_events(lead).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| (event.kind, event.n)).collect();
    let updated = EventKind::LeadUpdated;
    assert_eq!(kinds, [(EventKind::LeadCreated, 1), (updated, 2), (updated, 3)]);
    let delta: serde_json::Value = serde_json::from_slice(&events[1].delta).unwrap();
    assert_eq!(
        delta,
        serde_json::json!({"state": "received", "status": "won", "tags": ["a", "b"]})
    );
    let filter = AuditFilter { limit: 10, ..AuditFilter::default() };
    let lines = workspace.audit(&filter).await.unwrap().rows;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].entry.subject, Some(lead.to_string()));
    assert_eq!(lines[0].entry.before, Some(serde_json::json!({})));
    assert_eq!(lines[0].entry.after, Some(serde_json::json!({"tags_added": 1, "tags_removed": 2})));
    assert_eq!(lines[1].entry.before, Some(serde_json::json!({"status": "new"})));
    assert_eq!(
        lines[1].entry.after,
        Some(serde_json::json!({"status": "won", "tags_added": 2, "tags_removed": 0}))
    );
    assert_eq!(workspace.tags().await.unwrap(), ["c"]);
}

async fn what_is_not_there_or_as_wanted_already_is_not_changed(bench: Bench) {
    let lead = bench.capture(bench.lead("a@example.com")).await.lead;
    let gone = bench.store.new_id();
    let wanted =
        || [lead, gone].map(|lead| change(&bench, lead, Some("contacted"), add(&["x"]))).to_vec();
    assert_eq!(changed(&bench, wanted()).await, 1);
    assert_eq!(changed(&bench, wanted()).await, 0, "a second time changes nothing");
    assert_eq!(changed(&bench, vec![change(&bench, lead, None, add(&[]))]).await, 0);
    let foreign = bench.store.workspace(bench.store.new_id());
    assert_eq!(foreign.change_leads(wanted(), None).await.unwrap(), 0);
    assert!(foreign.tags().await.unwrap().is_empty());
    let events = bench.store.workspace(bench.workspace).lead_events(lead).await.unwrap();
    assert_eq!(events.len(), 2);
}

async fn a_lead_takes_so_many_tags_and_no_more(bench: Bench) {
    let lead = bench.capture(bench.lead("a@example.com")).await.lead;
    let names: Vec<String> = (0..=TAGS_PER_LEAD_MAX).map(|n| format!("t{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let full = || change(&bench, lead, None, add(&names[..TAGS_PER_LEAD_MAX]));
    assert_eq!(changed(&bench, vec![full()]).await, 1);
    let more = || change(&bench, lead, None, add(&names[TAGS_PER_LEAD_MAX..]));
    assert_eq!(changed(&bench, vec![more()]).await, 0);
    let less = TagChange { remove: set(&names[..1]), ..TagChange::default() };
    assert_eq!(changed(&bench, vec![change(&bench, lead, None, less)]).await, 1);
    assert_eq!(changed(&bench, vec![more()]).await, 1);
    let listed = bench.store.workspace(bench.workspace).tags().await.unwrap();
    assert_eq!(listed, names[1..]);
}

async fn leads_are_counted_up_to_a_limit_that_is_told(bench: Bench) {
    let begun = bench.store.now();
    for n in 0..6 {
        bench.advance(1);
        let mut capture = bench.lead(&format!("{n}@example.com"));
        capture.test = n == 0;
        capture.state = if n == 1 { LeadState::Partial } else { LeadState::Received };
        bench.capture(capture).await;
    }
    let workspace = bench.store.workspace(bench.workspace);
    let check = async |filter: LeadFilter, most: u32, expect: (i64, bool)| {
        let found = workspace.count_leads(&filter, most).await.unwrap();
        assert_eq!((found.count, found.is_exact), expect, "{filter:?}, {most}");
    };
    let none = LeadFilter::default;
    let received = || LeadFilter { states: vec![LeadState::Received], ..none() };
    check(none(), 6, (6, true)).await;
    check(none(), 5, (5, false)).await;
    check(received(), 100, (5, true)).await;
    check(LeadFilter { test: Some(false), ..received() }, 100, (4, true)).await;
    // Five are looked at, and all of those match; the test is not reached.
    check(LeadFilter { test: Some(false), ..received() }, 4, (4, false)).await;
    check(LeadFilter { states: vec![LeadState::Partial], ..none() }, 1, (1, true)).await;
    check(LeadFilter { since: Some(begun.plus_ms(4)), ..none() }, 100, (3, true)).await;
    check(LeadFilter { until: Some(begun), ..none() }, 100, (0, true)).await;
}

async fn lists_go_by_tag_status_states_and_tests(bench: Bench) {
    let mut leads = Vec::new();
    for n in 0..12 {
        bench.advance(1);
        let mut capture = bench.lead(&format!("{n}@example.com"));
        capture.test = n % 4 == 0;
        capture.state = match n % 3 {
            0 => LeadState::Rejected,
            1 => LeadState::Quarantined,
            _ => LeadState::Received,
        };
        leads.push(bench.capture(capture).await.lead);
    }
    let tag = leads[..6].iter().map(|lead| change(&bench, *lead, None, add(&["vip"]))).collect();
    assert_eq!(changed(&bench, tag).await, 6);
    let won = leads[3..9].iter().map(|lead| change(&bench, *lead, Some("won"), add(&[]))).collect();
    assert_eq!(changed(&bench, won).await, 6);
    let workspace = bench.store.workspace(bench.workspace);
    let check = async |filter: LeadFilter, expect: &[usize]| {
        let mut found = Vec::new();
        let mut filter = LeadFilter { limit: 2, ..filter };
        loop {
            let page = workspace.leads(&filter).await.unwrap();
            found.extend(page.rows.iter().map(|row| row.id));
            let Some(next) = page.next else { break };
            filter.before = Some(LeadId::from_uuid(next));
        }
        let expect: Vec<LeadId> = expect.iter().rev().map(|n| leads[*n]).collect();
        assert_eq!(found, expect, "{filter:?}");
    };
    let none = LeadFilter::default;
    let (vip, won) = (Some("vip".to_owned()), Some("won".to_owned()));
    let (rejected, quarantined) = (LeadState::Rejected, LeadState::Quarantined);
    check(LeadFilter { tag: vip.clone(), ..none() }, &[0, 1, 2, 3, 4, 5]).await;
    check(LeadFilter { status: won.clone(), ..none() }, &[3, 4, 5, 6, 7, 8]).await;
    check(LeadFilter { status: Some("new".into()), ..none() }, &[0, 1, 2, 9, 10, 11]).await;
    check(LeadFilter { tag: vip.clone(), status: won.clone(), ..none() }, &[3, 4, 5]).await;
    check(LeadFilter { states: vec![rejected], ..none() }, &[0, 3, 6, 9]).await;
    let both = vec![rejected, quarantined];
    check(LeadFilter { states: both.clone(), ..none() }, &[0, 1, 3, 4, 6, 7, 9, 10]).await;
    let mixed = vec![rejected, LeadState::Received];
    check(LeadFilter { states: mixed, ..none() }, &[0, 2, 3, 5, 6, 8, 9, 11]).await;
    check(LeadFilter { test: Some(true), ..none() }, &[0, 4, 8]).await;
    check(LeadFilter { test: Some(false), states: both, ..none() }, &[1, 3, 6, 7, 9, 10]).await;
    check(LeadFilter { test: Some(true), tag: vip.clone(), ..none() }, &[0, 4]).await;
    check(LeadFilter { tag: Some("none".into()), ..none() }, &[]).await;
    let after = workspace.lead(leads[2]).await.unwrap().unwrap().created_at;
    check(LeadFilter { tag: vip.clone(), since: Some(after), ..none() }, &[2, 3, 4, 5]).await;
    check(LeadFilter { tag: vip, until: Some(after), ..none() }, &[0, 1]).await;
    let since = Some(after);
    check(
        LeadFilter { states: vec![rejected, quarantined], since, ..none() },
        &[3, 4, 6, 7, 9, 10],
    )
    .await;
}

async fn a_list_that_hits_rarely_ends_with_a_cursor_and_goes_on(bench: Bench) {
    let first = bench.capture(bench.lead("first@example.com")).await.lead;
    let captures: Vec<_> = (0..EXAMINED_MAX)
        .map(|n| {
            let mut capture = bench.lead(&format!("{n}@example.com"));
            capture.test = true;
            capture
        })
        .collect();
    bench.advance(1);
    let stored = captures.into_iter().map(|mut capture| {
        capture.lead = bench.store.new_id();
        bench.store.capture(capture)
    });
    for captured in futures_util::future::join_all(stored).await {
        captured.unwrap();
    }
    let workspace = bench.store.workspace(bench.workspace);
    let mut filter = LeadFilter { test: Some(false), limit: 10, ..LeadFilter::default() };
    let page = workspace.leads(&filter).await.unwrap();
    assert!(page.rows.is_empty());
    filter.before = page.next.map(LeadId::from_uuid);
    let page = workspace.leads(&filter).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [first]);
    assert_eq!(page.next, None);
}

async fn lists_show_where_leads_went(bench: Bench) {
    let (one, other): (DestinationId, DestinationId) = (bench.store.new_id(), bench.store.new_id());
    let mut capture = bench.lead("a@example.com");
    capture.deliveries = vec![bench.to(one), bench.to(other)];
    let lead = bench.capture(capture).await.lead;
    let without = bench.capture(bench.lead("b@example.com")).await.lead;
    let claimed = bench.claim_one(one).await;
    bench.store.finish(finish(&bench, &claimed, DeliveryState::Accepted)).await.unwrap();
    let workspace = bench.store.workspace(bench.workspace);
    let found = workspace.deliveries_of(&[lead, without]).await.unwrap();
    let shown: HashSet<_> = found[&lead].iter().map(|d| (d.destination, d.state)).collect();
    let expect = [(one, DeliveryState::Accepted), (other, DeliveryState::Pending)];
    assert_eq!(shown, HashSet::from(expect));
    assert!(!found.contains_key(&without));
    let foreign = bench.store.workspace(bench.store.new_id());
    assert!(foreign.deliveries_of(&[lead]).await.unwrap().is_empty());
}

pub fn note(bench: &Bench, lead: LeadId, text: &str) -> NewNote {
    NewNote {
        id: bench.store.new_id(),
        lead,
        text: text.to_owned(),
        author: "Ann".to_owned(),
        now: bench.store.now(),
        idempotency: None,
        audit: Some(entry(bench, "lead.note")),
    }
}

async fn notes_are_kept_and_removed_and_nobody_else_s(bench: Bench) {
    let lead = bench.capture(bench.lead("a@example.com")).await.lead;
    let workspace = bench.store.workspace(bench.workspace);
    let foreign = bench.store.workspace(bench.store.new_id());
    let mut ids: Vec<NoteId> = Vec::new();
    for text in ["first\nline", "second"] {
        bench.advance(1);
        let new = note(&bench, lead, text);
        ids.push(new.id);
        workspace.add_note(new).await.unwrap();
    }
    let texts: Vec<_> =
        workspace.notes(lead).await.unwrap().into_iter().map(|n| (n.text, n.author)).collect();
    assert_eq!(texts, [("second".into(), "Ann".into()), ("first\nline".into(), "Ann".into())]);
    assert!(foreign.notes(lead).await.unwrap().is_empty());
    let refused = foreign.add_note(note(&bench, lead, "x")).await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
    assert!(!foreign.remove_note(lead, ids[0], None).await.unwrap());
    let remove = || workspace.remove_note(lead, ids[0], Some(entry(&bench, "lead.note_remove")));
    assert!(remove().await.unwrap());
    assert!(!remove().await.unwrap());
    assert_eq!(workspace.notes(lead).await.unwrap().len(), 1);
    for n in 1..NOTES_PER_LEAD_MAX {
        workspace.add_note(note(&bench, lead, &n.to_string())).await.unwrap();
    }
    let full = workspace.add_note(note(&bench, lead, "one more")).await;
    assert!(matches!(full, Err(StoreError::Taken { .. })), "{full:?}");
    let filter =
        AuditFilter { action: Some("lead.note_remove".into()), limit: 9, ..Default::default() };
    assert_eq!(workspace.audit(&filter).await.unwrap().rows.len(), 1, "told once");
}

async fn a_note_is_written_once_under_its_key(bench: Bench) {
    let lead = bench.capture(bench.lead("a@example.com")).await.lead;
    let workspace = bench.store.workspace(bench.workspace);
    let keyed = || {
        let key = Idempotency { key: [5; 16], body_hash: [1; 32] };
        NewNote { idempotency: Some((key, 201, b"sealed".to_vec())), ..note(&bench, lead, "once") }
    };
    workspace.add_note(keyed()).await.unwrap();
    let again = workspace.add_note(keyed()).await;
    assert!(matches!(again, Err(StoreError::Replayed { status: 201, .. })), "{again:?}");
    assert_eq!(workspace.notes(lead).await.unwrap().len(), 1);
}

/// Makes a delivery to a lane that ended so.
pub async fn ended(
    bench: &Bench,
    lane: DestinationId,
    state: DeliveryState,
    verdict: Verdict,
    note: Option<&str>,
) -> baton_domain::id::DeliveryId {
    bench.advance(1);
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    assert_eq!(claimed.id, delivery);
    let mut done = finish(bench, &claimed, state);
    done.note = note.map(str::to_owned);
    if let Some(attempt) = &mut done.attempt {
        attempt.verdict = verdict;
    }
    assert!(bench.store.finish(done).await.unwrap());
    delivery
}

async fn failures_are_grouped_counted_and_left_when_resent(bench: Bench) {
    let (one, other): (DestinationId, DestinationId) = (bench.store.new_id(), bench.store.new_id());
    let workspace = bench.store.workspace(bench.workspace);
    assert_eq!(workspace.failures().await.unwrap().total(), (0, true));
    let long = "x".repeat(300);
    let mut fives = Vec::new();
    for _ in 0..3 {
        fives
            .push(ended(&bench, one, DeliveryState::Failed, Verdict::Transient, Some("500")).await);
    }
    ended(&bench, one, DeliveryState::Failed, Verdict::Unmatched, Some("500")).await;
    ended(&bench, one, DeliveryState::Held, Verdict::AuthOrConfig, Some("401")).await;
    ended(&bench, other, DeliveryState::Failed, Verdict::Transient, Some(&long)).await;
    ended(&bench, other, DeliveryState::Unknown, Verdict::Unknown, None).await;
    ended(&bench, other, DeliveryState::Rejected, Verdict::Rejected, Some("no")).await;
    ended(&bench, other, DeliveryState::Accepted, Verdict::Accepted, None).await;
    let failures = workspace.failures().await.unwrap();
    assert_eq!((failures.total(), failures.more), ((7, true), false));
    let groups: Vec<_> = failures
        .groups
        .iter()
        .map(|g| (g.newest.target, g.newest.state.as_str(), g.count, g.count_is_exact))
        .collect();
    // The newest failure is on top.
    let expect = [
        (other.uuid(), "unknown", 1, true),
        (other.uuid(), "failed", 1, true),
        (one.uuid(), "held", 1, true),
        (one.uuid(), "failed", 1, true),
        (one.uuid(), "failed", 3, true),
    ];
    assert_eq!(groups, expect);
    let group = &failures.groups[4];
    assert_eq!(group.newest.id, fives[2]);
    assert!(group.first_at < group.last_at);
    for resent in &fives[..2] {
        workspace.resend(*resent).await.unwrap();
    }
    let row = workspace.delivery(fives[0]).await.unwrap().unwrap();
    assert_eq!(row.state, DeliveryState::Failed, "what happened stays as it was");
    assert!(row.resent_by.is_some());
    assert_eq!(workspace.failures().await.unwrap().total(), (5, true));
    let foreign = bench.store.workspace(bench.store.new_id());
    assert!(foreign.failures().await.unwrap().groups.is_empty());
}

async fn deliveries_are_listed_by_what_became_of_them(bench: Bench) {
    let (one, other): (DestinationId, DestinationId) = (bench.store.new_id(), bench.store.new_id());
    let failed = DeliveryState::Failed;
    let first = ended(&bench, one, failed, Verdict::Transient, Some("500")).await;
    let second = ended(&bench, one, failed, Verdict::Transient, Some("502")).await;
    let third = ended(&bench, other, failed, Verdict::Unmatched, None).await;
    let fine = ended(&bench, one, DeliveryState::Accepted, Verdict::Accepted, None).await;
    let workspace = bench.store.workspace(bench.workspace);
    let again = workspace.resend(first).await.unwrap();
    let check = async |filter: DeliveryFilter, expect: &[_]| {
        let filter = DeliveryFilter { limit: 50, ..filter };
        let page = workspace.deliveries(&filter).await.unwrap();
        let found: Vec<_> = page.rows.iter().map(|row| row.id).collect();
        assert_eq!(found, expect, "{filter:?}");
    };
    let none = DeliveryFilter::default;
    let (target, state) = (Some(one.uuid()), Some(failed));
    let (verdict, note) = (Some("transient".to_owned()), Some("500".to_owned()));
    check(none(), &[again, fine, third, second, first]).await;
    check(DeliveryFilter { state, ..none() }, &[third, second, first]).await;
    check(DeliveryFilter { state, resent: Some(false), ..none() }, &[third, second]).await;
    check(DeliveryFilter { resent: Some(true), ..none() }, &[first]).await;
    check(DeliveryFilter { target, ..none() }, &[again, fine, second, first]).await;
    check(DeliveryFilter { verdict: verdict.clone(), ..none() }, &[second, first]).await;
    let group = DeliveryFilter { target, state, verdict, note, ..none() };
    check(group.clone(), &[first]).await;
    check(DeliveryFilter { resent: Some(false), ..group }, &[]).await;
    let empty = Some(String::new());
    check(DeliveryFilter { state, note: empty, ..none() }, &[third]).await;
    let at = workspace.delivery(second).await.unwrap().unwrap().created_at;
    check(DeliveryFilter { since: Some(at), state, ..none() }, &[third, second]).await;
    check(DeliveryFilter { until: Some(at), ..none() }, &[first]).await;
}
