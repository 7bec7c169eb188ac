//! Resending many: a job that goes on where it stopped and resends nothing twice (scenario 49).

use crate::finishes::finish;
use crate::harness::Bench;
use crate::inbox::{ended, entry};
use crate::on_both;
use baton_domain::config::DocKind;
use baton_domain::delivery::{DeliveryCause, DeliveryState};
use baton_domain::exchange::RequestSpec;
use baton_domain::id::{DeliveryId, DestinationId, JobId, TypedId};
use baton_domain::job::JobState;
use baton_domain::verdict::Verdict;
use baton_store::capture::Idempotency;
use baton_store::deliveries::Payload;
use baton_store::docs::Expect;
use baton_store::jobs::{
    BulkResend, JOB_SLICE, JOBS_KEPT_DAYS, JOBS_OPEN_MAX, JobRow, NewJob, ResendFilter, Selection,
};
use baton_store::{Retention, Store, StoreError, StoredRequest};
use futures_util::future::join_all;

on_both! {
    a_job_resends_what_its_filter_finds_slice_by_slice
    a_job_goes_on_in_another_process_where_it_stopped
    two_jobs_at_once_resend_nothing_twice
    two_nodes_at_one_job_resend_nothing_twice
    a_job_can_be_stopped_between_slices
    a_job_never_comes_to_its_own_resends
    a_job_takes_the_deliveries_it_is_given_and_leaves_what_is_on_its_way
    a_group_of_failures_is_resent_and_no_other
    the_same_bytes_are_sent_again_when_they_are_asked_for
    a_job_is_made_once_under_its_key
    jobs_have_a_limit_and_their_days
    deleted_destinations_and_erased_leads_are_left_alone
}

/// A destination that stands.
async fn destination(bench: &Bench) -> DestinationId {
    let lane: DestinationId = bench.store.new_id();
    let doc = bench.doc(DocKind::Destination, lane.uuid(), Expect::New, &bench.destination_body());
    bench.store.change_docs(vec![doc]).await.unwrap();
    lane
}

/// Makes many deliveries that failed.
async fn fail(bench: &Bench, lane: DestinationId, count: usize) -> Vec<DeliveryId> {
    let captures = (0..count).map(|n| {
        let mut capture = bench.lead(&format!("{n}@example.com"));
        capture.deliveries = vec![bench.to(lane)];
        bench.store.capture(capture)
    });
    let made = join_all(captures).await;
    let made = made.into_iter().map(|captured| captured.unwrap().deliveries[0]).collect();
    let claimed = bench.claim(&[(lane, u32::try_from(count).unwrap())]).await.deliveries;
    let finishes = claimed.iter().map(|claimed| {
        let mut failed = finish(bench, claimed, DeliveryState::Failed);
        failed.note = Some("500".to_owned());
        bench.store.finish(failed)
    });
    assert!(join_all(finishes).await.into_iter().all(|owned| owned.unwrap()));
    // What a job is about was made before it.
    bench.advance(1);
    made
}

fn failed() -> ResendFilter {
    ResendFilter {
        state: DeliveryState::Failed,
        target: None,
        verdict: None,
        note: None,
        since: None,
        until: None,
    }
}

async fn new_job(bench: &Bench, selection: Selection) -> NewJob {
    let workspace = bench.store.workspace(bench.workspace);
    NewJob {
        id: bench.store.new_id(),
        total: workspace.count_resendable(&selection).await.unwrap(),
        resend: BulkResend { selection, payload: Payload::Current },
        created_by: "Ann".to_owned(),
        now: bench.store.now(),
        idempotency: None,
        audit: Some(entry(bench, "delivery.bulk_resend")),
    }
}

async fn start(bench: &Bench, selection: Selection) -> JobId {
    let job = new_job(bench, selection).await;
    let id = job.id;
    bench.store.workspace(bench.workspace).new_job(job).await.unwrap();
    id
}

async fn job(bench: &Bench, id: JobId) -> JobRow {
    bench.store.workspace(bench.workspace).job(id).await.unwrap().unwrap()
}

async fn through(store: &Store) {
    while store.job_slice().await.unwrap() {}
}

/// Parents of the resends that can be claimed, sorted.
async fn resent(bench: &Bench, lane: DestinationId) -> Vec<DeliveryId> {
    let claimed = bench.claim(&[(lane, 5_000)]).await.deliveries;
    assert!(claimed.iter().all(|d| d.cause == DeliveryCause::Resend));
    let mut parents: Vec<_> = claimed.iter().map(|d| d.parent.unwrap()).collect();
    parents.sort_unstable();
    parents
}

async fn a_job_resends_what_its_filter_finds_slice_by_slice(bench: Bench) {
    let lane = destination(&bench).await;
    let mut made = fail(&bench, lane, JOB_SLICE + 7).await;
    made.sort_unstable();
    assert!(!bench.store.job_slice().await.unwrap(), "nothing was asked for");
    let id = start(&bench, Selection::Filter(failed())).await;
    let waiting = job(&bench, id).await;
    assert_eq!((waiting.state, waiting.total), (JobState::Waiting, (JOB_SLICE + 7) as i64));
    assert!(bench.store.job_slice().await.unwrap());
    let running = job(&bench, id).await;
    assert_eq!((running.state, running.done), (JobState::Running, JOB_SLICE as i64));
    through(&bench.store).await;
    let done = job(&bench, id).await;
    assert_eq!((done.state, done.done, done.skipped), (JobState::Done, (JOB_SLICE + 7) as i64, 0));
    assert_eq!(resent(&bench, lane).await, made);
    let foreign = bench.store.workspace(bench.store.new_id());
    assert!(foreign.job(id).await.unwrap().is_none());
    assert!(foreign.jobs(None, 10).await.unwrap().is_empty());
    assert!(!foreign.cancel_job(id, None).await.unwrap());
}

async fn a_job_goes_on_in_another_process_where_it_stopped(bench: Bench) {
    let lane = destination(&bench).await;
    let mut made = fail(&bench, lane, 2 * JOB_SLICE + 5).await;
    made.sort_unstable();
    let id = start(&bench, Selection::Filter(failed())).await;
    assert!(bench.store.job_slice().await.unwrap());
    // What is on disk is all that the next process needs.
    let bench = match bench.store.is_postgres() {
        true => Bench { store: bench.another_node().await, ..bench },
        false => {
            let Bench { store, location, clock, workspace, campaign, source, _dir } = bench;
            drop(store);
            let store = crate::harness::open(&location, &clock, 5).await;
            Bench { store, location, clock, workspace, campaign, source, _dir }
        }
    };
    through(&bench.store).await;
    assert_eq!(job(&bench, id).await.done, made.len() as i64);
    assert_eq!(resent(&bench, lane).await, made);
}

async fn two_jobs_at_once_resend_nothing_twice(bench: Bench) {
    let lane = destination(&bench).await;
    let mut made = fail(&bench, lane, 2 * JOB_SLICE).await;
    made.sort_unstable();
    let first = start(&bench, Selection::Filter(failed())).await;
    let second = start(&bench, Selection::Filter(failed())).await;
    through(&bench.store).await;
    let (first, second) = (job(&bench, first).await, job(&bench, second).await);
    assert_eq!(first.done + second.done, made.len() as i64, "{first} {second}");
    for job in [first, second] {
        assert_eq!((job.state, job.done + job.skipped), (JobState::Done, job.total), "{job}");
    }
    assert_eq!(resent(&bench, lane).await, made);
}

async fn two_nodes_at_one_job_resend_nothing_twice(bench: Bench) {
    let lane = destination(&bench).await;
    let mut made = fail(&bench, lane, 3 * JOB_SLICE + 1).await;
    made.sort_unstable();
    let id = start(&bench, Selection::Filter(failed())).await;
    let other = match bench.store.is_postgres() {
        true => bench.another_node().await,
        false => bench.store.clone(),
    };
    tokio::join!(through(&bench.store), through(&other));
    through(&bench.store).await;
    assert_eq!(job(&bench, id).await.done, made.len() as i64);
    // The other node took the database's time later, while the test's clock stood still.
    bench.advance(60_000);
    assert_eq!(resent(&bench, lane).await, made);
}

async fn a_job_can_be_stopped_between_slices(bench: Bench) {
    let lane = destination(&bench).await;
    fail(&bench, lane, 2 * JOB_SLICE).await;
    let id = start(&bench, Selection::Filter(failed())).await;
    assert!(bench.store.job_slice().await.unwrap());
    let workspace = bench.store.workspace(bench.workspace);
    assert!(workspace.cancel_job(id, None).await.unwrap());
    assert!(!workspace.cancel_job(id, None).await.unwrap());
    assert!(!bench.store.job_slice().await.unwrap());
    let stopped = job(&bench, id).await;
    assert_eq!((stopped.state, stopped.done), (JobState::Cancelled, JOB_SLICE as i64));
    assert_eq!(resent(&bench, lane).await.len(), JOB_SLICE);
    assert_eq!(workspace.failures().await.unwrap().total(), (JOB_SLICE as i64, true));
}

async fn a_job_never_comes_to_its_own_resends(bench: Bench) {
    let lane = destination(&bench).await;
    fail(&bench, lane, JOB_SLICE + 1).await;
    let id = start(&bench, Selection::Filter(failed())).await;
    assert!(bench.store.job_slice().await.unwrap());
    // The receiver still fails.
    let claimed = bench.claim(&[(lane, 1_000)]).await.deliveries;
    for claimed in &claimed {
        bench.store.finish(finish(&bench, claimed, DeliveryState::Failed)).await.unwrap();
    }
    bench.advance(1_000);
    through(&bench.store).await;
    let done = job(&bench, id).await;
    assert_eq!((done.state, done.done), (JobState::Done, (JOB_SLICE + 1) as i64));
}

async fn a_job_takes_the_deliveries_it_is_given_and_leaves_what_is_on_its_way(bench: Bench) {
    let lane = destination(&bench).await;
    let rejected = ended(&bench, lane, DeliveryState::Rejected, Verdict::Rejected, None).await;
    let held = ended(&bench, lane, DeliveryState::Held, Verdict::AuthOrConfig, None).await;
    let accepted = ended(&bench, lane, DeliveryState::Accepted, Verdict::Accepted, None).await;
    let (_, pending) = bench.delivery(lane).await;
    let unknown: DeliveryId = bench.store.new_id();
    let ids = vec![rejected, held, accepted, pending, unknown, held];
    let id = start(&bench, Selection::Ids(ids)).await;
    through(&bench.store).await;
    let done = job(&bench, id).await;
    assert_eq!((done.state, done.done, done.skipped), (JobState::Done, 3, 3));
    let row = bench.store.workspace(bench.workspace).delivery(held).await.unwrap().unwrap();
    assert_eq!(row.state, DeliveryState::Cancelled, "what was still planned is called off");
    let claimed = bench.claim(&[(lane, 10)]).await.deliveries;
    assert_eq!(claimed.len(), 4);
    assert_eq!(claimed[0].id, pending, "what leads bring in goes first");
    let again = start(&bench, Selection::Ids(vec![rejected, held])).await;
    through(&bench.store).await;
    let again = job(&bench, again).await;
    assert_eq!((again.done, again.skipped), (0, 2), "pressed twice, sent once");
}

async fn a_group_of_failures_is_resent_and_no_other(bench: Bench) {
    let (lane, other) = (destination(&bench).await, destination(&bench).await);
    let failed_with = async |lane, note| {
        ended(&bench, lane, DeliveryState::Failed, Verdict::Transient, note).await
    };
    let wanted = failed_with(lane, Some("500")).await;
    failed_with(lane, Some("502")).await;
    failed_with(lane, None).await;
    failed_with(other, Some("500")).await;
    bench.advance(1);
    let group = ResendFilter {
        target: Some(lane),
        verdict: Some("transient".to_owned()),
        note: Some("500".to_owned()),
        ..failed()
    };
    let workspace = bench.store.workspace(bench.workspace);
    let count = |filter: &ResendFilter| {
        let (selection, workspace) = (Selection::Filter(filter.clone()), workspace.clone());
        async move { workspace.count_resendable(&selection).await.unwrap() }
    };
    assert_eq!(count(&group).await, (1, true));
    assert_eq!(count(&ResendFilter { target: Some(lane), ..failed() }).await, (3, true));
    let noteless = ResendFilter { note: Some(String::new()), ..failed() };
    assert_eq!(count(&noteless).await, (1, true));
    let later = ResendFilter { since: Some(bench.store.now()), ..failed() };
    assert_eq!(count(&later).await, (0, true));
    let id = start(&bench, Selection::Filter(group.clone())).await;
    through(&bench.store).await;
    assert_eq!(job(&bench, id).await.done, 1);
    assert_eq!(resent(&bench, lane).await, [wanted]);
    assert_eq!(count(&group).await, (0, true));
    let id = start(&bench, Selection::Filter(noteless)).await;
    through(&bench.store).await;
    assert_eq!(job(&bench, id).await.done, 1);
}

async fn the_same_bytes_are_sent_again_when_they_are_asked_for(bench: Bench) {
    let lane = destination(&bench).await;
    let (_, delivery) = bench.delivery(lane).await;
    let claimed = bench.claim_one(lane).await;
    let request = StoredRequest {
        request: RequestSpec {
            method: "POST".to_owned(),
            url: "https://crm.example/?key=1".to_owned(),
            headers: vec![("x".to_owned(), "y".to_owned())],
            body: b"{\"a\":1}".to_vec(),
        },
        secret_headers: Vec::new(),
        variant: Default::default(),
        sealed: true,
    };
    let mut done = finish(&bench, &claimed, DeliveryState::Failed);
    done.request = Some(request.clone());
    bench.store.finish(done).await.unwrap();
    let unsent = {
        let mut given_up = finish(
            &bench,
            &{
                bench.delivery(lane).await;
                bench.claim_one(lane).await
            },
            DeliveryState::Failed,
        );
        given_up.attempt = None;
        let delivery = given_up.delivery;
        bench.store.finish(given_up).await.unwrap();
        delivery
    };
    bench.advance(1);
    let mut same = new_job(&bench, Selection::Ids(vec![delivery, unsent])).await;
    same.resend.payload = Payload::Same;
    let id = same.id;
    let workspace = bench.store.workspace(bench.workspace);
    workspace.new_job(same).await.unwrap();
    through(&bench.store).await;
    let row = job(&bench, id).await;
    assert_eq!((row.done, row.skipped), (1, 1), "what was never sent has no bytes");
    let again = bench.claim_one(lane).await;
    assert_eq!(workspace.request(again.id, 0).await.unwrap(), Some(request));
    assert!(workspace.delivery(unsent).await.unwrap().unwrap().resent_by.is_none());
}

async fn a_job_is_made_once_under_its_key(bench: Bench) {
    let workspace = bench.store.workspace(bench.workspace);
    for made in [true, false] {
        let key = Idempotency { key: [6; 16], body_hash: [1; 32] };
        let mut job = new_job(&bench, Selection::Filter(failed())).await;
        job.idempotency = Some((key, 202, b"sealed".to_vec()));
        let done = workspace.new_job(job).await;
        match made {
            true => done.unwrap(),
            false => assert!(matches!(done, Err(StoreError::Replayed { status: 202, .. }))),
        }
    }
    assert_eq!(workspace.jobs(None, 10).await.unwrap().len(), 1);
}

async fn jobs_have_a_limit_and_their_days(bench: Bench) {
    for _ in 0..JOBS_OPEN_MAX {
        start(&bench, Selection::Filter(failed())).await;
    }
    let workspace = bench.store.workspace(bench.workspace);
    let more = workspace.new_job(new_job(&bench, Selection::Filter(failed())).await).await;
    assert!(matches!(more, Err(StoreError::Taken { .. })), "{more:?}");
    through(&bench.store).await;
    let open = start(&bench, Selection::Filter(failed())).await;
    bench.advance(JOBS_KEPT_DAYS * 86_400_000 + 1);
    let now = bench.store.now();
    let retention = Retention { workspaces: Vec::new(), all: vec![bench.workspace], now };
    bench.store.retain(&retention, 10).await.unwrap();
    let left: Vec<_> = workspace.jobs(None, 100).await.unwrap().iter().map(|j| j.id).collect();
    assert_eq!(left, [open], "what is not over stays");
}

async fn deleted_destinations_and_erased_leads_are_left_alone(bench: Bench) {
    let (lane, gone) = (destination(&bench).await, destination(&bench).await);
    let made = fail(&bench, lane, 2).await;
    fail(&bench, gone, 1).await;
    let mut deletion = bench.doc(DocKind::Destination, gone.uuid(), Expect::Any, &());
    (deletion.body, deletion.stopped) = (None, true);
    bench.store.change_docs(vec![deletion]).await.unwrap();
    let workspace = bench.store.workspace(bench.workspace);
    let lead = workspace.delivery(made[0]).await.unwrap().unwrap().lead.unwrap();
    let id = start(&bench, Selection::Filter(failed())).await;
    let erase = baton_store::leads::EraseLead { lead, claims: Vec::new(), audit: None };
    assert!(workspace.erase_lead(erase).await.unwrap());
    through(&bench.store).await;
    let done = job(&bench, id).await;
    assert_eq!((done.state, done.done, done.skipped), (JobState::Done, 1, 2));
    assert_eq!(resent(&bench, lane).await, made[1..]);
}
