//! The store alone: the same commands as the server's, in process.

use crate::machine::{CountingEntropy, SystemClock, Table, cpu_seconds, env_or, written_bytes};
use baton_domain::config::DuplicateAction;
use baton_domain::delivery::DeliveryState;
use baton_domain::event::EventKind;
use baton_domain::exchange::{Phases, RequestSpec};
use baton_domain::id::{CampaignId, DestinationId, SourceId, TypedId, WorkspaceId};
use baton_domain::lead::{Context, LeadData, LeadState};
use baton_domain::personal::FieldMap;
use baton_domain::secret::Secret;
use baton_domain::time::Clock;
use baton_domain::verdict::Verdict;
use baton_store::capture::{Capture, DuplicateClaim, NewDelivery};
use baton_store::sealing::MasterKey;
use baton_store::{
    AttemptRecord, Claim, Finish, LaneRoom, Location, NewEvent, Store, StoreSettings, StoredRequest,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// What the leads belong to and where they go.
#[derive(Clone, Copy)]
pub struct Ids {
    /// Their workspace.
    pub workspace: WorkspaceId,
    /// Their campaign.
    pub campaign: CampaignId,
    /// Their source.
    pub source: SourceId,
    /// Their destination.
    pub lane: DestinationId,
}

/// Captures, then claims and finishes, on both engines; SQLite's captures a second.
pub async fn run(table: &mut Table, dir: &Path, database: Option<&str>) -> f64 {
    let leads = env_or("BENCH_LEADS", 40_000);
    let sqlite = Location::Sqlite { dir: dir.to_owned() };
    let rate = measure(table, "sqlite", sqlite, leads).await;
    if let Some(url) = database {
        let postgres = Location::Postgres { url: Secret::new(url) };
        measure(table, "postgres", postgres, leads).await;
    }
    rate
}

/// Where the data of a server is.
pub fn location(dir: &Path, database: Option<&str>) -> Location {
    match database {
        Some(url) => Location::Postgres { url: Secret::new(url) },
        None => Location::Sqlite { dir: dir.to_owned() },
    }
}

/// Fills a database with finished leads that can be searched.
pub async fn fill(location: Location, ids: Ids, leads: u64) {
    let (store, _) = open(location).await;
    capture(&store, ids, leads, 0).await;
    deliver(&store, ids, leads).await;
    while store.index_search().await.expect("indexed") > 0 {}
}

/// Fills a database with leads whose deliveries are due in ten days.
pub async fn fill_waiting(location: Location, ids: Ids, leads: u64) {
    let (store, _) = open(location).await;
    capture(&store, ids, leads, 10 * 86_400_000).await;
    while store.index_search().await.expect("indexed") > 0 {}
}

/// What a claim of one due delivery costs: in an empty database, and among a million finished and
/// a hundred thousand blocked rows.
pub async fn claim_cost(table: &mut Table, empty: &Path, full: &Path) {
    let mut medians = Vec::new();
    for (what, dir, blocked) in [("an empty database", empty, 0), ("the full one", full, 500)] {
        let (store, ids) = open(Location::Sqlite { dir: dir.to_owned() }).await;
        for n in 0..blocked {
            let mut capture = lead(&store, ids, 10_000_000 + n);
            // 200 rows each in 500 lanes that nobody asks for.
            capture.deliveries = (0..200)
                .map(|k| NewDelivery {
                    id: store.new_id(),
                    destination: DestinationId::from_uuid(uuid::Uuid::from_u128(k % 500 + 1)),
                    due: store.now(),
                    partials: Default::default(),
                })
                .collect();
            store.capture(capture).await.expect("captured");
        }
        let mut times = crate::load::histogram();
        for n in 0..1_000 {
            let mut capture = lead(&store, ids, 20_000_000 + n);
            capture.duplicates = None;
            store.capture(capture).await.expect("captured");
            let at = Instant::now();
            let claimed = claim(&store, ids).await;
            times.saturating_record(u64::try_from(at.elapsed().as_micros()).unwrap_or(1).max(1));
            for delivery in &claimed {
                store.finish(finish(&store, delivery)).await.expect("ended");
            }
        }
        let (p50, p99) = (times.value_at_percentile(50.0), times.value_at_percentile(99.0));
        medians.push(p50 as f64);
        table.row(
            &format!("claim of one due delivery in {what}"),
            &format!("p50 {p50} us, p99 {p99} us, commit included"),
        );
    }
    table.row(
        "ratio: claim in the full database, 100,000 rows blocked, to empty",
        &format!("{:.2}", medians[1] / medians[0]),
    );
}

/// What is due of a destination, as a sender takes it.
pub async fn claim(store: &Store, ids: Ids) -> Vec<baton_store::ClaimedDelivery> {
    let room = LaneRoom { lane: ids.lane.uuid(), first: 256, retry: 256, total: 256 };
    let now = store.now();
    let claim = Claim {
        lanes: vec![room],
        now,
        lease_until: now.plus_ms(45_000),
        token: store.new_id::<SourceId>().uuid(),
    };
    store.claim(claim).await.expect("claimed").deliveries
}

async fn open(location: Location) -> (Store, Ids) {
    let store = open_at(location, Arc::new(SystemClock)).await;
    let ids = Ids {
        workspace: store.new_id(),
        campaign: store.new_id(),
        source: store.new_id(),
        lane: store.new_id(),
    };
    (store, ids)
}

/// A store whose present is that of `clock`.
pub async fn open_at(location: Location, clock: Arc<dyn Clock>) -> Store {
    let entropy = Arc::new(CountingEntropy(AtomicU64::new(1)));
    let settings = StoreSettings {
        location,
        master: MasterKey::new([1; 32], Arc::clone(&entropy) as _),
        clock,
        entropy,
    };
    Store::open(settings).await.expect("the store opens")
}

async fn measure(table: &mut Table, name: &str, location: Location, leads: u64) -> f64 {
    let (store, ids) = open(location).await;
    let begin = || (cpu_seconds(), written_bytes(), Instant::now());
    let from = begin();
    let worst = capture(&store, ids, leads, 0).await;
    let what = format!("{name}, store alone: capture, 256 callers");
    let rate = report(table, &what, leads, from, &format!(", worst {} ms", worst.as_millis()));
    let from = begin();
    deliver(&store, ids, leads).await;
    report(table, &format!("{name}, store alone: claim and finish"), leads, from, "");
    rate
}

/// Takes leads in whose deliveries are due in `wait_ms`; the longest that a capture took.
async fn capture(store: &Store, ids: Ids, leads: u64, wait_ms: i64) -> Duration {
    let next = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..256)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut worst = Duration::ZERO;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= leads {
                        return worst;
                    }
                    let mut lead = lead(&store, ids, n);
                    lead.deliveries[0].due = lead.now.plus_ms(wait_ms);
                    let at = Instant::now();
                    store.capture(lead).await.expect("captured");
                    worst = worst.max(at.elapsed());
                }
            })
        })
        .collect();
    let mut worst = Duration::ZERO;
    for task in tasks {
        worst = worst.max(task.await.expect("a caller"));
    }
    worst
}

async fn deliver(store: &Store, ids: Ids, leads: u64) {
    let mut done = 0;
    while done < leads {
        let claimed = claim(store, ids).await;
        done += claimed.len() as u64;
        let tasks: Vec<_> = claimed
            .into_iter()
            .map(|d| {
                let store = store.clone();
                tokio::spawn(async move { store.finish(finish(&store, &d)).await.expect("ended") })
            })
            .collect();
        for task in tasks {
            task.await.expect("a finish");
        }
    }
}

fn report(
    table: &mut Table,
    what: &str,
    leads: u64,
    (cpu, written, began): (f64, u64, Instant),
    more: &str,
) -> f64 {
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let n = leads as f64;
    let kb = (written_bytes() - written) as f64 / n / 1024.0;
    let got =
        format!("{:.0}/s, {:.1} us CPU, {kb:.1} KB written{more}", n / seconds, cpu / n * 1e6);
    table.row(what, &got);
    n / seconds
}

/// A lead with a delivery that is due, of about 1 KB.
pub fn lead(store: &Store, ids: Ids, n: u64) -> Capture {
    let text = |t: String| serde_json::Value::String(t);
    let mut raw = FieldMap::new();
    raw.set("email", text(format!("person{n}@example.com")));
    raw.set("phone", text(format!("+4477009{n:05}")));
    raw.set("first_name", text("Jane".to_owned()));
    raw.set("last_name", text("Smith".to_owned()));
    raw.set("message", text("x".repeat(600)));
    let keys = [format!("person{n}@example.com"), format!("+4477009{n:05}")]
        .iter()
        .map(|k| store.master().claim_key(ids.campaign, k.as_bytes()))
        .collect();
    let context = Context {
        ip: Some("203.0.113.7".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
        page_url: Some("https://form.example/solar".to_owned()),
        ..Context::default()
    };
    Capture {
        workspace: ids.workspace,
        campaign: ids.campaign,
        source: ids.source,
        lead: store.new_id(),
        data: LeadData { raw, context, ..LeadData::default() },
        state: LeadState::Received,
        problems: None,
        test: false,
        config_version: 1,
        now: store.now(),
        idempotency: None,
        duplicates: Some(DuplicateClaim { keys, window_ms: None, action: DuplicateAction::Mark }),
        partial: None,
        deliveries: vec![NewDelivery {
            id: store.new_id(),
            destination: ids.lane,
            due: store.now(),
            partials: Default::default(),
        }],
        event_ids: std::array::from_fn(|_| store.new_id()),
    }
}

/// The end of a delivery that was taken.
pub fn finish(store: &Store, claimed: &baton_store::ClaimedDelivery) -> Finish {
    let now = store.now();
    Finish {
        workspace: claimed.workspace,
        delivery: claimed.id,
        token: claimed.token,
        lead: claimed.lead,
        now,
        attempt: Some(AttemptRecord {
            n: 1,
            started_at: now,
            verdict: Verdict::Accepted,
            decided_by: "rule 1 (status 2xx)".to_owned(),
            rule: Some(0),
            reason: None,
            status: Some(200),
            fault: None,
            sent_headers: vec![
                ("webhook-id".to_owned(), claimed.id.to_string()),
                ("webhook-signature".to_owned(), "v1,".to_owned() + &"x".repeat(44)),
                ("X-LeadsBot-Signature".to_owned(), "0".repeat(64)),
            ],
            answer_headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            answer: b"{\"ok\":true}".to_vec(),
            answer_cut: false,
            phases: Phases { total_us: 900, first_byte_us: Some(800), ..Phases::default() },
            extracted: None,
            steps: Vec::new(),
            question: None,
            sent: None,
        }),
        request: Some(StoredRequest {
            request: RequestSpec {
                method: "POST".to_owned(),
                url: "https://crm.example/leads".to_owned(),
                headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                body: vec![b'x'; 1_000],
            },
            secret_headers: Vec::new(),
            sealed: false,
            variant: Default::default(),
        }),
        state: DeliveryState::Accepted,
        next_at: None,
        question: false,
        answered: None,
        lead_fields: None,
        note: None,
        lead_delivered: true,
        followups: Vec::new(),
        events: vec![NewEvent {
            id: store.new_id(),
            kind: EventKind::DeliverySucceeded,
            delta: b"{\"delivery_id\":\"dlv_x\",\"attempts\":1}".to_vec(),
        }],
        disable: None,
        tally: None,
    }
}
