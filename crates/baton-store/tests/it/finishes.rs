use crate::harness::Bench;
use crate::on_both;
use baton_domain::connector::render::Variant;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::event::EventKind;
use baton_domain::exchange::{Phases, RequestSpec};
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::lead::LeadState;
use baton_domain::verdict::Verdict;
use baton_store::{
    AttemptRecord, ClaimedDelivery, Finish, Followup, NewEvent, StoreError, StoredRequest,
};

on_both! {
    an_accepted_delivery_is_final_and_its_lead_delivered
    a_retry_is_due_at_its_time
    a_failover_carries_the_same_lead
    several_finishes_of_one_lead_count_its_events_on
    a_request_is_stored_sealed_when_it_holds_secrets
    a_resend_is_a_delivery_of_its_own
    a_retry_of_an_outdated_partial_is_superseded
    two_owners_in_one_batch_are_told_apart
}

pub fn finish(bench: &Bench, claimed: &ClaimedDelivery, state: DeliveryState) -> Finish {
    let now = bench.store.now();
    Finish {
        workspace: claimed.workspace,
        delivery: claimed.id,
        token: claimed.token,
        lead: claimed.lead,
        now,
        attempt: Some(AttemptRecord {
            n: claimed.attempts + 1,
            started_at: now,
            verdict: Verdict::Accepted,
            decided_by: "status 200".to_owned(),
            rule: Some(0),
            reason: None,
            status: Some(200),
            fault: None,
            sent_headers: vec![("webhook-id".to_owned(), claimed.id.to_string())],
            answer_headers: Vec::new(),
            answer: b"\xffok".to_vec(),
            answer_cut: false,
            phases: Phases { total_us: 1_234, ..Phases::default() },
            extracted: Some(br#"{"price":"1.50"}"#.to_vec()),
            steps: Vec::new(),
            question: None,
            sent: None,
        }),
        request: None,
        state,
        next_at: None,
        question: false,
        answered: None,
        lead_fields: None,
        note: None,
        lead_delivered: state == DeliveryState::Accepted,
        followups: Vec::new(),
        events: vec![NewEvent {
            id: bench.store.new_id(),
            kind: EventKind::DeliverySucceeded,
            delta: b"{}".to_vec(),
        }],
        disable: None,
        tally: None,
    }
}

async fn an_accepted_delivery_is_final_and_its_lead_delivered(bench: Bench) {
    let lane = bench.store.new_id();
    let (lead, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    assert!(bench.store.finish(finish(&bench, &claimed, DeliveryState::Accepted)).await.unwrap());
    let workspace = bench.store.workspace(bench.workspace);
    assert_eq!(workspace.lead(lead).await.unwrap().unwrap().state, LeadState::Delivered);
    let row = workspace.delivery(delivery).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.next_attempt_at), (DeliveryState::Accepted, 1, None));
    let attempt = workspace.attempts(delivery).await.unwrap().remove(0);
    assert_eq!((attempt.n, attempt.answer.as_slice(), attempt.late), (1, &b"\xffok"[..], false));
    assert_eq!(attempt.body.phases.total_us, 1_234);
    assert_eq!(attempt.body.extracted["price"], "1.50");
    assert!(
        !bench.store.finish(finish(&bench, &claimed, DeliveryState::Failed)).await.unwrap(),
        "a second finish of the same claim is late"
    );
}

async fn a_retry_is_due_at_its_time(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let mut retry = finish(&bench, &claimed, DeliveryState::Retrying);
    retry.next_at = Some(bench.store.now().plus_ms(60_000));
    bench.store.finish(retry).await.unwrap();
    bench.advance(59_999);
    assert!(bench.claim(&[(lane, 1)]).await.deliveries.is_empty());
    bench.advance(1);
    let again = bench.claim_one(lane).await;
    assert_eq!((again.id, again.attempts, again.was), (delivery, 1, DeliveryState::Retrying));
}

async fn a_failover_carries_the_same_lead(bench: Bench) {
    let (lane, other): (DestinationId, DestinationId) =
        (bench.store.new_id(), bench.store.new_id());
    let (lead, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let mut failed = finish(&bench, &claimed, DeliveryState::Failed);
    let followup = Followup {
        id: bench.store.new_id(),
        destination: other,
        cause: DeliveryCause::Failover,
        due: bench.store.now(),
    };
    failed.followups = vec![followup.clone()];
    bench.store.finish(failed).await.unwrap();
    let next = bench.claim_one(other).await;
    assert_eq!(next.id, followup.id);
    assert_eq!(
        (next.lead, next.parent, next.cause),
        (Some(lead), Some(delivery), DeliveryCause::Failover)
    );
}

async fn several_finishes_of_one_lead_count_its_events_on(bench: Bench) {
    let lanes: Vec<DestinationId> = (0..8).map(|_| bench.store.new_id()).collect();
    let mut capture = bench.lead("x@example.com");
    capture.deliveries = lanes.iter().map(|l| bench.to(*l)).collect();
    let lead = bench.capture(capture).await.lead;
    let rooms: Vec<_> = lanes.iter().map(|l| (*l, 1)).collect();
    let claimed = bench.claim(&rooms).await.deliveries;
    assert_eq!(claimed.len(), 8);
    let tasks: Vec<_> = claimed
        .iter()
        .map(|c| {
            let (store, finish) = (bench.store.clone(), finish(&bench, c, DeliveryState::Accepted));
            tokio::spawn(async move { store.finish(finish).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let events = bench.store.workspace(bench.workspace).lead_events(lead).await.unwrap();
    assert_eq!(events.iter().map(|e| e.n).collect::<Vec<_>>(), (1..=9).collect::<Vec<i64>>());
}

async fn a_request_is_stored_sealed_when_it_holds_secrets(bench: Bench) {
    let lane = bench.store.new_id();
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let request = StoredRequest {
        request: RequestSpec {
            method: "POST".to_owned(),
            url: "https://crm.example/leads".to_owned(),
            headers: vec![("X_KEY".to_owned(), "very-secret".to_owned())],
            body: vec![0, 159, 146, 150],
        },
        secret_headers: vec!["X_KEY".to_owned()],
        sealed: true,
        variant: Variant::Update,
    };
    let mut done = finish(&bench, &claimed, DeliveryState::Accepted);
    done.request = Some(request.clone());
    bench.store.finish(done).await.unwrap();
    let read = bench.store.workspace(bench.workspace).request(delivery, 1).await.unwrap();
    assert_eq!(read, Some(request));
    let foreign = bench.store.workspace(bench.store.new_id());
    assert_eq!(foreign.request(delivery, 1).await.unwrap(), None, "bound to its workspace");
}

async fn a_resend_is_a_delivery_of_its_own(bench: Bench) {
    let lane = bench.store.new_id();
    let (lead, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    bench.store.finish(finish(&bench, &claimed, DeliveryState::Failed)).await.unwrap();
    let workspace = bench.store.workspace(bench.workspace);
    let first = workspace.resend(delivery).await.unwrap();
    let second = workspace.resend(delivery).await.unwrap();
    assert_ne!(first, second, "each press is its own resend");
    let again = bench.claim(&[(lane, 5)]).await.deliveries;
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|d| d.lead == Some(lead) && d.cause == DeliveryCause::Resend));
    let foreign = bench.store.workspace(bench.store.new_id());
    assert!(matches!(foreign.resend(delivery).await, Err(StoreError::NotFound)));
}

async fn a_retry_of_an_outdated_partial_is_superseded(bench: Bench) {
    use baton_store::capture::PartialKey;
    let lane: DestinationId = bench.store.new_id();
    let part = |seq, partial| {
        let mut capture = bench.lead("x@example.com");
        capture.state = if partial { LeadState::Partial } else { LeadState::Received };
        capture.partial = Some(PartialKey { key: [3; 16], seq, partial });
        capture.deliveries = vec![bench.to(lane)];
        capture
    };
    let first = bench.capture(part(1, true)).await;
    let claimed = bench.claim_one(lane).await;
    let complete = bench.capture(part(2, false)).await;
    let mut retry = finish(&bench, &claimed, DeliveryState::Retrying);
    retry.next_at = Some(bench.store.now().plus_ms(1));
    bench.store.finish(retry).await.unwrap();
    bench.advance(10);
    let due = bench.claim(&[(lane, 5)]).await.deliveries;
    assert_eq!(due.iter().map(|d| d.id).collect::<Vec<_>>(), complete.deliveries);
    let workspace = bench.store.workspace(bench.workspace);
    let row = workspace.delivery(first.deliveries[0]).await.unwrap().unwrap();
    assert_eq!(row.state, DeliveryState::Superseded);
    assert_eq!(row.target, lane.uuid());
}

/// The lease ran out while the first was sending; both end at the same time.
async fn two_owners_in_one_batch_are_told_apart(bench: Bench) {
    let lane = bench.store.new_id();
    for _ in 0..20 {
        let (_, delivery) = bench.delivery(lane).await;
        let first = bench.claim_one(lane).await;
        bench.advance(45_001);
        let second = bench.claim_one(lane).await;
        let (late, timely) = tokio::join!(
            bench.store.finish(finish(&bench, &first, DeliveryState::Accepted)),
            bench.store.finish(finish(&bench, &second, DeliveryState::Accepted)),
        );
        assert_eq!((late.unwrap(), timely.unwrap()), (false, true));
        let attempts = bench.store.workspace(bench.workspace).attempts(delivery).await.unwrap();
        assert_eq!(attempts.iter().filter(|a| a.late).count(), 1);
        assert_eq!(attempts.len(), 2);
    }
}
