//! What a finish can bring about besides an end: questions, links, fields of the lead; and who gets
//! which part of a lead.

use crate::finishes::finish;
use crate::harness::Bench;
use crate::on_both;
use baton_domain::config::Partials;
use baton_domain::connector::answered::Answered;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::verdict::Verdict;
use baton_store::capture::PartialKey;
use baton_store::{Finish, Followup, GivenFields, NewEvent, Release};
use serde_json::json;

on_both! {
    a_question_is_due_at_its_time_and_spends_nothing
    a_queued_delivery_stays_queued_while_it_is_asked_about
    a_link_carries_the_same_lead_and_its_answer
    two_resends_that_end_at_once_go_on_once
    an_answers_fields_are_a_version_that_supersedes_nothing
    several_answers_give_one_lead_their_fields
    what_answers_gave_to_a_part_goes_on_to_the_whole
    destinations_get_the_parts_they_want
    what_waits_for_another_was_never_started
}

fn queued(bench: &Bench, claimed: &baton_store::ClaimedDelivery, wait_ms: i64) -> Finish {
    let mut queued = finish(bench, claimed, DeliveryState::Queued);
    queued.next_at = Some(bench.store.now().plus_ms(wait_ms));
    let values = [("queue_id".to_owned(), "q-1".to_owned())].into();
    queued.answered = Some(Answered { verdict: Some(Verdict::Queued), destination: None, values });
    queued.events.clear();
    queued
}

async fn a_question_is_due_at_its_time_and_spends_nothing(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    bench.store.finish(queued(&bench, &claimed, 10_000)).await.unwrap();
    let queued_at = bench.store.now();
    for asked in 1..=3 {
        bench.advance(9_999);
        assert!(bench.claim(&[(lane, 1)]).await.deliveries.is_empty());
        bench.advance(1);
        let question = bench.claim_one(lane).await;
        assert_eq!((question.was, question.asked), (DeliveryState::Queued, asked - 1));
        assert_eq!((question.starts, question.attempts), (2, 1));
        let given = question.answered.clone().unwrap();
        assert_eq!(given.values["queue_id"], "q-1");
        let mut again = queued(&bench, &question, 10_000);
        again.question = true;
        again.answered = None;
        again.attempt = again.attempt.map(|a| baton_store::AttemptRecord {
            n: 1,
            question: Some(asked),
            verdict: Verdict::Transient,
            ..a
        });
        assert!(bench.store.finish(again).await.unwrap());
    }
    let workspace = bench.store.workspace(bench.workspace);
    let row = workspace.delivery(delivery).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.asked), (DeliveryState::Queued, 1, 3));
    assert_eq!(row.verdict.as_deref(), Some("accepted"), "that of the attempt, not of a question");
    assert!(row.queued_at.is_some_and(|at| at.since_ms(queued_at).abs() < 5_000));
    bench.advance(10_000);
    let question = bench.claim_one(lane).await;
    let mut settled = finish(&bench, &question, DeliveryState::Rejected);
    settled.question = true;
    bench.store.finish(settled).await.unwrap();
    let row = workspace.delivery(delivery).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.next_attempt_at), (DeliveryState::Rejected, 1, None));
    let log = workspace.attempts(delivery).await.unwrap();
    assert_eq!(log.iter().filter(|a| a.body.question.is_some()).count(), 3);
}

async fn a_queued_delivery_stays_queued_while_it_is_asked_about(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    bench.store.finish(queued(&bench, &claimed, 0)).await.unwrap();
    let question = bench.claim_one(lane).await;
    let workspace = bench.store.workspace(bench.workspace);
    let state = async || workspace.delivery(delivery).await.unwrap().unwrap().state;
    assert_eq!(state().await, DeliveryState::Queued);
    let release = Release {
        workspace: bench.workspace,
        delivery,
        token: question.token,
        due: bench.store.now(),
        counts: true,
    };
    bench.store.release(vec![release]).await.unwrap();
    assert_eq!(state().await, DeliveryState::Queued);
    let again = bench.claim_one(lane).await;
    assert_eq!((again.was, again.starts), (DeliveryState::Queued, 3));
    if bench.store.is_postgres() {
        bench.advance(45_001);
    } else {
        assert_eq!(bench.store.free_leases().await.unwrap(), 1, "as after a crash");
    }
    assert_eq!(bench.claim_one(lane).await.was, DeliveryState::Queued);
}

async fn a_link_carries_the_same_lead_and_its_answer(bench: Bench) {
    let (lane, other): (DestinationId, DestinationId) =
        (bench.store.new_id(), bench.store.new_id());
    let (lead, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let mut done = finish(&bench, &claimed, DeliveryState::Accepted);
    let values = [("vendor_id".to_owned(), "77".to_owned())].into();
    let answered =
        Answered { verdict: Some(Verdict::Accepted), destination: Some("CRM".to_owned()), values };
    done.answered = Some(answered.clone());
    done.followups = vec![Followup {
        id: bench.store.new_id(),
        destination: other,
        cause: DeliveryCause::Linked,
        due: bench.store.now(),
    }];
    bench.store.finish(done).await.unwrap();
    let next = bench.claim_one(other).await;
    assert_eq!(
        (next.lead, next.parent, next.cause),
        (Some(lead), Some(delivery), DeliveryCause::Linked)
    );
    let row = bench.store.workspace(bench.workspace).delivery(delivery).await.unwrap().unwrap();
    assert_eq!(row.answered, Some(answered));
}

async fn two_resends_that_end_at_once_go_on_once(bench: Bench) {
    let (lane, other, spare): (DestinationId, DestinationId, DestinationId) =
        (bench.store.new_id(), bench.store.new_id(), bench.store.new_id());
    let (lead, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let failed = finish(&bench, &claimed, DeliveryState::Failed);
    bench.store.finish(failed).await.unwrap();
    let workspace = bench.store.workspace(bench.workspace);
    let mut ends = Vec::new();
    for _ in 0..2 {
        workspace.resend(delivery).await.unwrap();
        let claimed = bench.claim_one(lane).await;
        let mut done = finish(&bench, &claimed, DeliveryState::Accepted);
        let to = [(other, DeliveryCause::Linked), (spare, DeliveryCause::Failover)];
        done.followups = to
            .map(|(destination, cause)| Followup {
                id: bench.store.new_id(),
                destination,
                cause,
                due: bench.store.now(),
            })
            .into();
        ends.push(done);
    }
    let store = &bench.store;
    let ended = futures_util::future::join_all(ends.into_iter().map(|e| store.finish(e))).await;
    assert!(ended.into_iter().all(Result::unwrap), "both were ours");
    for to in [other, spare] {
        let made = bench.claim(&[(to, 5)]).await.deliveries;
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].lead, Some(lead));
    }
}

fn given(bench: &Bench, fields: &[(&str, &str)]) -> Option<GivenFields> {
    let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Some(GivenFields { fields, event: bench.store.new_id() })
}

async fn an_answers_fields_are_a_version_that_supersedes_nothing(bench: Bench) {
    let (lane, slow): (DestinationId, DestinationId) = (bench.store.new_id(), bench.store.new_id());
    let mut capture = bench.lead("x@example.com");
    capture.partial = Some(PartialKey { key: [4; 16], seq: 1, partial: false });
    capture.deliveries = vec![bench.to(lane), bench.to(slow)];
    let captured = bench.capture(capture).await;
    let (first, second) = (bench.claim_one(lane).await, bench.claim_one(slow).await);
    let mut done = finish(&bench, &first, DeliveryState::Accepted);
    done.lead_fields = given(&bench, &[("buyer_ref", "r-1")]);
    bench.store.finish(done).await.unwrap();
    let workspace = bench.store.workspace(bench.workspace);
    let lead = workspace.lead(captured.lead).await.unwrap().unwrap();
    assert_eq!(lead.data_version, 2);
    assert_eq!(lead.data.fields().get("buyer_ref"), Some(&json!("r-1")));
    assert_eq!(lead.data.fields().get("email"), Some(&json!("x@example.com")));
    let events = workspace.lead_events(captured.lead).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.n, last.data_version), ("lead.updated", 3, 2));
    assert_eq!(events.iter().map(|e| e.n).collect::<Vec<_>>(), [1, 2, 3]);
    // The other destination goes on trying with what was captured.
    let mut retry = finish(&bench, &second, DeliveryState::Retrying);
    retry.next_at = Some(bench.store.now());
    retry.events.clear();
    bench.store.finish(retry).await.unwrap();
    let again = bench.claim_one(slow).await;
    assert_eq!(again.data_version, 1);
    let (newest, earlier) =
        workspace.deliveries_before(captured.lead, slow.uuid(), 1).await.unwrap().unwrap();
    assert_eq!((newest, earlier.len()), (1, 0));
    // The same values again are no new version and no event.
    let mut same = finish(&bench, &again, DeliveryState::Accepted);
    same.lead_fields = given(&bench, &[("buyer_ref", "r-1")]);
    same.events = Vec::<NewEvent>::new();
    bench.store.finish(same).await.unwrap();
    assert_eq!(workspace.lead(captured.lead).await.unwrap().unwrap().data_version, 2);
    assert_eq!(workspace.lead_events(captured.lead).await.unwrap().len(), 3);
}

/// Of several finishes in one batch none is lost.
async fn several_answers_give_one_lead_their_fields(bench: Bench) {
    let lanes: Vec<DestinationId> = (0..6).map(|_| bench.store.new_id()).collect();
    let mut capture = bench.lead("x@example.com");
    capture.deliveries = lanes.iter().map(|l| bench.to(*l)).collect();
    let lead = bench.capture(capture).await.lead;
    let rooms: Vec<_> = lanes.iter().map(|l| (*l, 1)).collect();
    let claimed = bench.claim(&rooms).await.deliveries;
    let tasks: Vec<_> = claimed
        .iter()
        .enumerate()
        .map(|(n, c)| {
            let mut finish = finish(&bench, c, DeliveryState::Accepted);
            finish.lead_fields = given(&bench, &[(&format!("ref_{n}"), "x")]);
            let store = bench.store.clone();
            tokio::spawn(async move { store.finish(finish).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let workspace = bench.store.workspace(bench.workspace);
    let row = workspace.lead(lead).await.unwrap().unwrap();
    let fields = row.data.fields();
    assert!((0..6).all(|n| fields.get(&format!("ref_{n}")).is_some()));
    let events = workspace.lead_events(lead).await.unwrap();
    let numbers: Vec<i64> = events.iter().map(|e| e.n).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
}

/// Also over several versions that come in one batch.
async fn what_answers_gave_to_a_part_goes_on_to_the_whole(bench: Bench) {
    let lane = bench.store.new_id();
    let part = |seq: i64, partial: bool, fields: &[(&str, &str)]| {
        let mut capture = bench.lead("x@example.com");
        capture.data = bench.fields(fields);
        capture.state = if partial { LeadState::Partial } else { LeadState::Received };
        capture.partial = Some(PartialKey { key: [6; 16], seq, partial });
        capture
    };
    let mut first = part(1, true, &[("email", "a@b.c"), ("plan", "x")]);
    first.deliveries = vec![bench.to(lane)];
    first.deliveries[0].partials = Partials::PartialAndComplete;
    let lead = bench.capture(first).await.lead;
    let claimed = bench.claim_one(lane).await;
    let mut done = finish(&bench, &claimed, DeliveryState::Accepted);
    done.lead_fields = given(&bench, &[("buyer_ref", "r-1"), ("plan", "y")]);
    bench.store.finish(done).await.unwrap();
    let versions = [
        part(2, true, &[("email", "a@b.c"), ("plan", "x")]),
        part(3, true, &[("email", "a@b.c"), ("plan", "z"), ("zip", "1")]),
        part(4, false, &[("email", "a@b.c"), ("plan", "z"), ("zip", "1")]),
    ];
    let store = &bench.store;
    let captured = futures_util::future::join_all(versions.map(|v| store.capture(v))).await;
    assert!(captured.iter().all(|c| c.as_ref().is_ok_and(|c| c.lead == lead)));
    let row = bench.store.workspace(bench.workspace).lead(lead).await.unwrap().unwrap();
    assert_eq!(row.state, LeadState::Received);
    let expect = json!({"email": "a@b.c", "plan": "z", "zip": "1", "buyer_ref": "r-1"});
    assert_eq!(json!(row.data.fields()), expect);
    assert_eq!(row.data.raw.get("buyer_ref"), None);
}

async fn destinations_get_the_parts_they_want(bench: Bench) {
    use Partials::{CompleteOnly, None as Nothing, PartialAndComplete};
    let check = async |key: u8, parts: &[bool], want: &[&[Partials]]| {
        let kinds = [Nothing, PartialAndComplete, CompleteOnly];
        let lanes: Vec<(DestinationId, Partials)> =
            kinds.iter().map(|kind| (bench.store.new_id(), *kind)).collect();
        for (seq, (partial, want)) in parts.iter().zip(want).enumerate() {
            let mut capture = bench.lead("x@example.com");
            capture.state = if *partial { LeadState::Partial } else { LeadState::Received };
            let (key, seq) = ([key; 16], seq as i64);
            capture.partial = Some(PartialKey { key, seq, partial: *partial });
            capture.deliveries = lanes.iter().map(|(lane, _)| bench.to(*lane)).collect();
            for (delivery, (_, partials)) in capture.deliveries.iter_mut().zip(&lanes) {
                delivery.partials = *partials;
            }
            let made = bench.capture(capture).await.deliveries;
            let mut got = Vec::new();
            for (lane, partials) in &lanes {
                let claimed = bench.claim(&[(*lane, 5)]).await.deliveries;
                got.extend(claimed.iter().filter(|d| made.contains(&d.id)).map(|_| *partials));
            }
            assert_eq!(&got, want, "{parts:?} {seq:?}");
        }
    };
    check(1, &[false], &[&[Nothing, PartialAndComplete, CompleteOnly]]).await;
    let both: &[Partials] = &[PartialAndComplete];
    let last: &[Partials] = &[PartialAndComplete, CompleteOnly];
    check(2, &[true, true, false], &[both, both, last]).await;
}

async fn what_waits_for_another_was_never_started(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    for _ in 0..3 {
        let claimed = bench.claim_one(lane).await;
        assert_eq!(claimed.starts, 1);
        let release = Release {
            workspace: bench.workspace,
            delivery,
            token: claimed.token,
            due: bench.store.now(),
            counts: false,
        };
        bench.store.release(vec![release]).await.unwrap();
    }
}
