//! Counts of what became of deliveries, and what stands behind them.

use crate::finishes::finish;
use crate::harness::Bench;
use crate::on_both;
use baton_domain::config::DocKind;
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::id::{DeliveryId, DestinationId, LeadId, SubscriptionId, TypedId};
use baton_domain::reason::Reason;
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use baton_store::docs::Expect;
use baton_store::events::FanOut;
use baton_store::outcomes::{HOUR_MS, Hours, OUTCOME_DAYS, RefusedCursor, RefusedFilter};
use baton_store::{DisableTarget, Finish, Retention, Tally};

/// Longest wait for other transactions of the cluster.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

on_both! {
    ended_deliveries_are_counted_by_destination_verdict_and_reason
    retries_tests_and_late_ends_are_not_counted
    refused_deliveries_are_listed_page_by_page
    unmatched_answers_are_read_newest_first
    counts_stay_when_leads_go_and_go_when_they_are_old
    the_last_test_call_is_remembered
    recent_events_are_the_newest_of_their_kind
    a_hook_that_says_it_is_gone_is_deleted_and_a_webhook_is_disabled
}

const REASON: &str = "Duplicate of lead 1234567";

fn ended(lane: DestinationId, base: Finish, verdict: Verdict) -> Finish {
    let mut finish = base;
    let text = if verdict == Verdict::Accepted { "" } else { REASON };
    let reason = match verdict {
        Verdict::Unmatched => Reason::new(""),
        _ => Reason::new(text),
    };
    if let Some(attempt) = &mut finish.attempt {
        attempt.verdict = verdict;
    }
    finish.tally = Some(Tally { destination: lane, reason });
    finish
}

/// Ends one delivery to the lane.
async fn end(bench: &Bench, lane: DestinationId, verdict: Verdict) -> (LeadId, DeliveryId) {
    let (lead, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let state = match verdict {
        Verdict::Accepted => DeliveryState::Accepted,
        Verdict::Unmatched => DeliveryState::Failed,
        _ => DeliveryState::Rejected,
    };
    let finish = ended(lane, finish(bench, &claimed, state), verdict);
    assert!(bench.store.finish(finish).await.unwrap());
    (lead, delivery)
}

fn today(bench: &Bench) -> Hours {
    let now = bench.store.now();
    Hours::around(now.plus_ms(-24 * HOUR_MS), now.plus_ms(HOUR_MS))
}

async fn ended_deliveries_are_counted_by_destination_verdict_and_reason(bench: Bench) {
    let (one, two): (DestinationId, DestinationId) = (bench.store.new_id(), bench.store.new_id());
    for (lane, verdict) in [
        (one, Verdict::Accepted),
        (one, Verdict::Duplicate),
        (one, Verdict::Duplicate),
        (one, Verdict::Unmatched),
        (two, Verdict::Duplicate),
    ] {
        end(&bench, lane, verdict).await;
        bench.advance(HOUR_MS);
    }
    let workspace = bench.store.workspace(bench.workspace);
    let hours = today(&bench);
    let verdicts = workspace.verdict_counts(hours, Some(one)).await.unwrap();
    let found: Vec<_> = verdicts.iter().map(|v| (v.verdict, v.count)).collect();
    let expect = [(Verdict::Accepted, 1), (Verdict::Duplicate, 2), (Verdict::Unmatched, 1)];
    assert_eq!(found, expect);
    let reasons = workspace.refusal_counts(hours, None).await.unwrap();
    assert_eq!(reasons.len(), 3);
    let first = &reasons[0];
    assert_eq!((first.destination, first.verdict, first.count), (one, Verdict::Duplicate, 2));
    assert_eq!(first.reason, Reason::new(REASON));
    assert_eq!(first.last_at.0 - first.first_at.0, HOUR_MS);
    let none = Hours::around(Millis(0), Millis(1));
    assert!(workspace.refusal_counts(none, None).await.unwrap().is_empty());
    let other = bench.store.workspace(bench.store.new_id());
    assert!(other.verdict_counts(hours, None).await.unwrap().is_empty());
}

async fn retries_tests_and_late_ends_are_not_counted(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    let (_, _) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let mut retry = finish(&bench, &claimed, DeliveryState::Retrying);
    retry.next_at = Some(bench.store.now().plus_ms(60_000));
    let retry = ended(lane, retry, Verdict::Unmatched);
    assert!(bench.store.finish(retry.clone()).await.unwrap());
    let late = Finish { state: DeliveryState::Failed, next_at: None, ..retry };
    assert!(!bench.store.finish(late).await.unwrap());
    let mut test = bench.lead("test@example.com");
    test.test = true;
    test.deliveries = vec![bench.to(lane)];
    bench.capture(test).await;
    let claimed = bench.claim_one(lane).await;
    let tried = finish(&bench, &claimed, DeliveryState::Accepted);
    let tried = ended(lane, tried, Verdict::Accepted);
    assert!(bench.store.finish(tried).await.unwrap());
    let workspace = bench.store.workspace(bench.workspace);
    assert!(workspace.verdict_counts(today(&bench), None).await.unwrap().is_empty());
}

async fn refused_deliveries_are_listed_page_by_page(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    let mut made = Vec::new();
    for at in 0..5 {
        made.push(end(&bench, lane, Verdict::Duplicate).await);
        // Two of them in one millisecond.
        bench.advance(i64::from(at != 1));
    }
    end(&bench, lane, Verdict::Unmatched).await;
    made.reverse();
    let workspace = bench.store.workspace(bench.workspace);
    let mut filter = RefusedFilter {
        destination: lane,
        verdict: Verdict::Duplicate,
        reason: Reason::new(REASON).id,
        hours: today(&bench),
        before: None,
        limit: 2,
    };
    let mut found = Vec::new();
    loop {
        let page = workspace.refused(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        let cursor = RefusedCursor { at: last.at, delivery: last.delivery };
        assert_eq!(cursor.to_string().parse::<RefusedCursor>().unwrap(), cursor);
        filter.before = Some(cursor);
        found.extend(page.iter().map(|r| (r.lead.unwrap(), r.delivery)));
    }
    if !bench.store.is_postgres() {
        assert_eq!(found, made);
    }
    found.sort_unstable();
    made.sort_unstable();
    assert_eq!(found, made);
}

async fn unmatched_answers_are_read_newest_first(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    end(&bench, lane, Verdict::Duplicate).await;
    let (_, first) = end(&bench, lane, Verdict::Unmatched).await;
    bench.advance(1_000);
    let (_, second) = end(&bench, lane, Verdict::Unmatched).await;
    let workspace = bench.store.workspace(bench.workspace);
    let found = workspace.unmatched_answers(lane, Millis(0), 10).await.unwrap();
    let ids: Vec<_> = found.iter().map(|a| a.delivery).collect();
    assert_eq!(ids, [second, first]);
    assert_eq!((found[0].n, found[0].head.as_slice()), (1, &b"\xffok"[..]));
    assert_eq!(found[0].body.status, Some(200));
    let found = workspace.unmatched_answers(lane, found[0].at, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(workspace.unmatched_answers(lane, Millis(0), 1).await.unwrap().len(), 1);
}

async fn counts_stay_when_leads_go_and_go_when_they_are_old(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    end(&bench, lane, Verdict::Duplicate).await;
    let workspace = bench.store.workspace(bench.workspace);
    let hours = today(&bench);
    let filter = RefusedFilter {
        destination: lane,
        verdict: Verdict::Duplicate,
        reason: Reason::new(REASON).id,
        hours,
        before: None,
        limit: 9,
    };
    assert_eq!(workspace.refused(&filter).await.unwrap().len(), 1);
    let retention =
        |now| Retention { workspaces: vec![(bench.workspace, 1)], all: vec![bench.workspace], now };
    let later = bench.store.now().plus_ms(3 * 24 * HOUR_MS);
    assert_eq!(bench.store.retain(&retention(later), 50).await.unwrap().leads, 1);
    assert!(workspace.refused(&filter).await.unwrap().is_empty());
    assert_eq!(workspace.verdict_counts(hours, None).await.unwrap().len(), 1);
    let later = bench.store.now().plus_ms((OUTCOME_DAYS + 1) * 24 * HOUR_MS);
    bench.store.retain(&retention(later), 50).await.unwrap();
    assert!(workspace.verdict_counts(hours, None).await.unwrap().is_empty());
}

async fn the_last_test_call_is_remembered(bench: Bench) {
    let lane: DestinationId = bench.store.new_id();
    let workspace = bench.store.workspace(bench.workspace);
    assert!(workspace.last_test(lane).await.unwrap().is_none());
    workspace.note_test(lane, 1, Verdict::Unmatched).await.unwrap();
    workspace.note_test(lane, 2, Verdict::Accepted).await.unwrap();
    let last = workspace.last_test(lane).await.unwrap().unwrap();
    assert_eq!((last.version, last.verdict), (2, Verdict::Accepted));
    let other = bench.store.workspace(bench.store.new_id());
    assert!(other.last_test(lane).await.unwrap().is_none());
}

async fn recent_events_are_the_newest_of_their_kind(bench: Bench) {
    let first = bench.capture(bench.lead("a@example.com")).await.lead;
    let second = bench.capture(bench.lead("b@example.com")).await.lead;
    let workspace = bench.store.workspace(bench.workspace);
    let found = workspace.recent_events(EventKind::LeadCreated, 5).await.unwrap();
    let leads: Vec<_> = found.iter().map(|e| e.lead.unwrap()).collect();
    assert_eq!(leads, [second, first]);
    assert_eq!(workspace.recent_events(EventKind::LeadCreated, 1).await.unwrap().len(), 1);
    assert!(workspace.recent_events(EventKind::WebhookTest, 5).await.unwrap().is_empty());
}

async fn a_hook_that_says_it_is_gone_is_deleted_and_a_webhook_is_disabled(bench: Bench) {
    for hook in [true, false] {
        let lane: DestinationId = bench.store.new_id();
        let body = serde_json::json!({"url": "https://hooks.example/", "events": [], "hook": hook});
        let write = bench.doc(DocKind::Subscription, lane.uuid(), Expect::New, &body);
        bench.store.change_docs(vec![write]).await.unwrap();
        bench.capture(bench.lead("a@example.com")).await;
        let cursor = bench.store.cursor("fanout").await.unwrap();
        // PostgreSQL shows an event once all older transactions of its cluster have ended.
        let event = async {
            loop {
                if let Some(event) = bench.store.events_after(cursor, 1).await.unwrap().events.pop()
                {
                    return event;
                }
            }
        };
        let event = tokio::time::timeout(PATIENCE, event).await.expect("the event is shown");
        let fan_out = FanOut {
            reader: "fanout".to_owned(),
            from: cursor,
            to: event.cursor,
            deliveries: vec![(bench.store.new_id(), SubscriptionId::from_uuid(lane.uuid()), event)],
            now: bench.store.now(),
        };
        assert!(bench.store.fan_out(fan_out).await.unwrap());
        let claimed = bench.claim_one(lane).await;
        let mut gone = finish(&bench, &claimed, DeliveryState::Failed);
        gone.disable = Some(DisableTarget { reason: "it answered 410".to_owned() });
        assert!(bench.store.finish(gone).await.unwrap());
        bench.store.refresh().await.unwrap();
        let snapshot = bench.store.snapshot();
        let left = snapshot.subscriptions.get(&SubscriptionId::from_uuid(lane.uuid()));
        let reason = left.map(|doc| doc.body.disabled.clone());
        let expect = if hook { None } else { Some(Some("it answered 410".to_owned())) };
        assert_eq!(reason, expect);
        let workspace = bench.store.workspace(bench.workspace);
        let deleted = workspace.was_deleted(DocKind::Subscription, lane.uuid()).await.unwrap();
        assert_eq!(deleted, hook);
    }
}
