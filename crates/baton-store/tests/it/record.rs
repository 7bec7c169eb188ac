use crate::harness::Bench;
use crate::on_both;
use baton_domain::id::{SubscriptionId, TaskId, TypedId};
use baton_domain::lead::LeadState;
use baton_store::capture::Idempotency;
use baton_store::events::{EventCursor, EventRow, FanOut};
use baton_store::leads::LeadFilter;
use baton_store::tasks::{NewTask, TaskClaim, TaskFinish};
use baton_store::{IDEMPOTENCY_HOURS, Retention, TargetKind};

on_both! {
    events_are_read_in_commit_order_from_a_cursor
    a_fan_out_moves_its_reader_once
    search_finds_text_and_exact_values_after_indexing
    a_search_in_a_span_is_not_lost_among_newer_hits
    lists_page_by_cursor_and_stay_in_their_workspace
    a_task_is_done_once
    idempotency_keys_are_kept_a_day
    retention_removes_what_is_finished_and_old_and_nothing_else
    a_probe_commits
    held_leads_are_let_go_in_slices
}

/// The first `wanted` events after a place. On PostgreSQL a row may be read only once no older
/// transaction runs anywhere in the cluster, other tests' included.
async fn events(bench: &Bench, after: EventCursor, wanted: usize) -> Vec<EventRow> {
    let limit = u32::try_from(wanted).unwrap();
    let settled = async {
        loop {
            let events = bench.store.events_after(after, limit).await.unwrap().events;
            if events.len() == wanted {
                return events;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), settled).await.expect("events show up")
}

async fn events_are_read_in_commit_order_from_a_cursor(bench: Bench) {
    for n in 0..10 {
        bench.capture(bench.lead(&format!("{n}@example.com"))).await;
    }
    let first = events(&bench, EventCursor::default(), 4).await;
    assert_eq!(first.len(), 4);
    let rest = events(&bench, first[3].cursor, 6).await;
    assert_eq!(rest.len(), 6);
    assert!(rest.iter().all(|e| e.cursor > first[3].cursor));
    let end = bench.store.events_end().await.unwrap();
    assert_eq!(end, rest[5].cursor);
    assert_eq!(end.to_string().parse::<EventCursor>().unwrap(), end);
    let foreign = bench.store.workspace(bench.store.new_id());
    assert!(foreign.events(EventCursor::default(), 100).await.unwrap().0.is_empty());
    let own = bench.store.workspace(bench.workspace);
    assert_eq!(own.events(EventCursor::default(), 7).await.unwrap().0.len(), 7);
}

async fn a_fan_out_moves_its_reader_once(bench: Bench) {
    bench.capture(bench.lead("a@example.com")).await;
    let event = events(&bench, EventCursor::default(), 1).await.remove(0);
    let subscription: SubscriptionId = bench.store.new_id();
    let fan_out = FanOut {
        reader: "subscriptions".to_owned(),
        from: EventCursor::default(),
        to: event.cursor,
        deliveries: vec![(bench.store.new_id(), subscription, event.clone())],
        now: bench.store.now(),
    };
    assert!(bench.store.fan_out(fan_out.clone()).await.unwrap());
    assert!(!bench.store.fan_out(fan_out).await.unwrap(), "another node was faster");
    assert_eq!(bench.store.cursor("subscriptions").await.unwrap(), event.cursor);
    let room = [(baton_domain::id::DestinationId::from_uuid(subscription.uuid()), 5)];
    let claimed = bench.claim(&room).await.deliveries;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].target_kind, TargetKind::Subscription);
    let read = bench.store.event_at(bench.workspace, claimed[0].event.unwrap()).await.unwrap();
    assert_eq!(read, Some(event));
}

async fn search_finds_text_and_exact_values_after_indexing(bench: Bench) {
    let mut capture = bench.lead("Jane.Smith@Example.com");
    capture.data = bench.fields(&[
        ("email", "Jane.Smith@Example.com"),
        ("phone", "+447700900123"),
        ("note", "50% off_road \"quoted\""),
    ]);
    let jane = bench.capture(capture).await.lead;
    for n in 0..20 {
        bench.capture(bench.lead(&format!("other{n}@example.com"))).await;
    }
    events(&bench, EventCursor::default(), 21).await;
    while bench.store.index_search().await.unwrap() > 0 {}
    let workspace = bench.store.workspace(bench.workspace);
    let text = |text: &str| {
        let filter = LeadFilter { text: Some(text.to_owned()), limit: 50, ..LeadFilter::default() };
        let workspace = workspace.clone();
        async move { workspace.leads(&filter).await.unwrap().rows }
    };
    for hit in ["jane.sm", "JANE", "50% off_", "\"quoted\"", "7700900"] {
        let rows = text(hit).await;
        assert_eq!(rows.iter().map(|r| r.id).collect::<Vec<_>>(), [jane], "{hit}");
    }
    for miss in ["50x off", "ja", "nobody", "' OR 1=1 --", "a AND b"] {
        assert!(text(miss).await.is_empty(), "{miss}");
    }
    assert_eq!(text("example.com").await.len(), 21);
    for exact in ["jane.smith@example.com", "+447700900123"] {
        let filter =
            LeadFilter { exact: Some(exact.to_owned()), limit: 5, ..LeadFilter::default() };
        assert_eq!(workspace.leads(&filter).await.unwrap().rows.len(), 1, "{exact}");
        let foreign = bench.store.workspace(bench.store.new_id());
        assert!(foreign.leads(&filter).await.unwrap().rows.is_empty());
    }
}

async fn a_search_in_a_span_is_not_lost_among_newer_hits(bench: Bench) {
    let old = bench.capture(bench.lead("old@example.com")).await.lead;
    bench.advance(10_000);
    let until = bench.store.now();
    for n in 0..20 {
        bench.advance(1);
        bench.capture(bench.lead(&format!("newer{n}@example.com"))).await;
    }
    events(&bench, EventCursor::default(), 21).await;
    while bench.store.index_search().await.unwrap() > 0 {}
    let workspace = bench.store.workspace(bench.workspace);
    let span = LeadFilter {
        text: Some("example.com".to_owned()),
        until: Some(until),
        limit: 2,
        ..LeadFilter::default()
    };
    let page = workspace.leads(&span).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [old]);
    let since = LeadFilter { since: Some(until), until: None, ..span };
    assert_eq!(workspace.leads(&since).await.unwrap().rows.len(), 2);
}

async fn lists_page_by_cursor_and_stay_in_their_workspace(bench: Bench) {
    for n in 0..25 {
        bench.advance(1);
        let mut capture = bench.lead(&format!("{n}@example.com"));
        if n % 5 == 0 {
            capture.state = LeadState::Rejected;
        }
        bench.capture(capture).await;
    }
    let workspace = bench.store.workspace(bench.workspace);
    let mut filter = LeadFilter { limit: 10, ..LeadFilter::default() };
    let mut sizes = Vec::new();
    let mut seen = std::collections::HashSet::new();
    loop {
        let page = workspace.leads(&filter).await.unwrap();
        sizes.push(page.rows.len());
        assert!(page.rows.iter().all(|r| seen.insert(r.id)));
        match page.next {
            Some(next) => filter.before = Some(TypedId::from_uuid(next)),
            None => break,
        }
    }
    assert_eq!(sizes, [10, 10, 5]);
    let rejected =
        LeadFilter { states: vec![LeadState::Rejected], limit: 10, ..LeadFilter::default() };
    assert_eq!(workspace.leads(&rejected).await.unwrap().rows.len(), 5);
    let campaign =
        LeadFilter { campaign: Some(bench.store.new_id()), limit: 10, ..LeadFilter::default() };
    assert!(workspace.leads(&campaign).await.unwrap().rows.is_empty());
    let foreign = bench.store.workspace(bench.store.new_id());
    assert!(
        foreign
            .leads(&LeadFilter { limit: 10, ..LeadFilter::default() })
            .await
            .unwrap()
            .rows
            .is_empty()
    );
}

async fn a_task_is_done_once(bench: Bench) {
    let id: TaskId = bench.store.new_id();
    let task = NewTask {
        id,
        workspace: bench.workspace,
        kind: "destination_test".to_owned(),
        format: 1,
        body: b"sealed".to_vec(),
        now: bench.store.now(),
    };
    bench.store.new_task(task).await.unwrap();
    let claim = |token| TaskClaim {
        now: bench.store.now(),
        lease_until: bench.store.now().plus_ms(1_000),
        token,
    };
    let (one, two) = (id.uuid(), uuid::Uuid::max());
    let first = bench.store.claim_task(claim(one)).await.unwrap().unwrap();
    assert_eq!((first.body.as_slice(), first.starts), (&b"sealed"[..], 1));
    assert!(bench.store.claim_task(claim(two)).await.unwrap().is_none());
    bench.advance(1_001);
    let second = bench.store.claim_task(claim(two)).await.unwrap().unwrap();
    assert_eq!(second.starts, 2);
    let finish = |token| TaskFinish { id, token, result: b"done".to_vec(), now: bench.store.now() };
    bench.store.finish_task(finish(one)).await.unwrap();
    assert_eq!(bench.store.task_result(bench.workspace, id).await.unwrap(), None);
    bench.store.finish_task(finish(two)).await.unwrap();
    let result = bench.store.task_result(bench.workspace, id).await.unwrap();
    assert_eq!(result.as_deref(), Some(&b"done"[..]));
}

async fn retention_removes_what_is_finished_and_old_and_nothing_else(bench: Bench) {
    let lane = bench.store.new_id();
    let (waiting, _) = bench.delivery(lane).await;
    let finished = bench.capture(bench.lead("old@example.com")).await.lead;
    let mut rejected = bench.lead("bad@example.com");
    rejected.state = LeadState::Rejected;
    let rejected = bench.capture(rejected).await.lead;
    let retention = |bench: &Bench, days| Retention {
        workspaces: vec![(bench.workspace, days)],
        all: vec![bench.workspace],
        now: bench.store.now(),
    };
    bench.advance(31 * 86_400_000);
    let young = bench.capture(bench.lead("young@example.com")).await.lead;
    let report = bench.store.retain(&retention(&bench, 90), 100).await.unwrap();
    assert_eq!(report.leads, 1, "only the refused one is past its 30 days");
    let report = bench.store.retain(&retention(&bench, 7), 100).await.unwrap();
    assert_eq!(report.leads, 1);
    let workspace = bench.store.workspace(bench.workspace);
    for (lead, there) in [(waiting, true), (finished, false), (rejected, false), (young, true)] {
        assert_eq!(workspace.lead(lead).await.unwrap().is_some(), there);
    }
    assert!(workspace.lead_events(finished).await.unwrap().is_empty());
    assert_eq!(bench.claim(&[(lane, 5)]).await.deliveries.len(), 1, "what waits is still sent");
}

async fn a_probe_commits(bench: Bench) {
    bench.store.probe().await.unwrap();
    assert_eq!(bench.store.heartbeat().await.unwrap(), 1);
}

async fn held_leads_are_let_go_in_slices(bench: Bench) {
    for n in 0..5 {
        let mut capture = bench.lead(&format!("{n}@example.com"));
        capture.state = LeadState::Held;
        bench.capture(capture).await;
    }
    let lane = bench.store.new_id();
    let workspace = bench.store.workspace(bench.workspace);
    assert_eq!(
        workspace.resume_held(bench.campaign, vec![(lane, Default::default())], 3).await.unwrap(),
        3
    );
    assert_eq!(
        workspace.resume_held(bench.campaign, vec![(lane, Default::default())], 3).await.unwrap(),
        2
    );
    assert_eq!(
        workspace.resume_held(bench.campaign, vec![(lane, Default::default())], 3).await.unwrap(),
        0
    );
    assert_eq!(bench.claim(&[(lane, 9)]).await.deliveries.len(), 5);
}

async fn idempotency_keys_are_kept_a_day(bench: Bench) {
    let keyed = |n: u8| {
        let mut capture = bench.lead(&format!("{n}@example.com"));
        capture.idempotency = Some(Idempotency { key: [n; 16], body_hash: [0; 32] });
        capture
    };
    for n in 0..3 {
        bench.capture(keyed(n)).await;
    }
    bench.advance(IDEMPOTENCY_HOURS * 3_600_000);
    bench.capture(keyed(3)).await;
    let retain = async |expect: u64| {
        let now = bench.store.now();
        let retention = Retention { workspaces: Vec::new(), all: Vec::new(), now };
        let report = bench.store.retain(&retention, 10).await.unwrap();
        assert_eq!(report.idempotency, expect);
    };
    retain(0).await;
    bench.advance(1);
    retain(3).await;
    assert!(bench.capture(keyed(3)).await.replayed);
    assert!(!bench.capture(keyed(0)).await.replayed);
}
