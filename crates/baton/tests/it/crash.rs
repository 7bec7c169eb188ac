//! SIGKILL at any moment: what was acknowledged is there afterwards and gets delivered.

use crate::api::Api;
use crate::load::{Acknowledged, Load};
use crate::process::{Baton, Database, until};
use crate::scene::{Scene, lead_of, sandbox};
use baton_sandbox::SandboxHandle;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Rounds of `make test`; `BATON_CRASH_ROUNDS` asks for others.
const ROUNDS: u64 = 10;
/// A node's lease on PostgreSQL here; the usual one would make every round wait for it.
const LEASE_MS: &str = "1500";
/// Longest a round goes on before the kill, in milliseconds.
const ROUND_MS_MAX: u64 = 700;

fn rounds() -> u64 {
    let asked = std::env::var("BATON_CRASH_ROUNDS").ok();
    asked.map_or(ROUNDS, |n| n.parse().expect("BATON_CRASH_ROUNDS is a number"))
}

/// A sequence that is the same in every run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

pub async fn serve(database: &Database) -> Baton {
    let mut serve = database.serve();
    serve.args(["--lease-ms", LEASE_MS, "--log-level", "warn"]);
    Baton::start(serve, database.dir()).await
}

/// Rounds after which every lead is compared; later ones do so now and then, since a comparison
/// takes longer the more there is.
const COMPARED_ROUNDS: u64 = 20;
const COMPARED_EVERY: u64 = 50;

/// What came to the sandbox, by lead. The sandbox itself keeps only so many bytes.
#[derive(Default)]
pub struct Harvest {
    got: BTreeMap<String, u64>,
    last: u64,
}

impl Harvest {
    fn take(&mut self, sandbox: &SandboxHandle) {
        for received in sandbox.received() {
            if received.id > self.last {
                self.last = received.id;
                *self.got.entry(lead_of(&received)).or_default() += 1;
            }
        }
    }
}

/// Runs the load for so long; then it goes on until the caller ends it.
async fn for_a_while(ms: u64) {
    // A span of load, not a wait for something: the moment of the kill is what is random.
    let _ = tokio::time::timeout(Duration::from_millis(ms), std::future::pending::<()>()).await;
}

async fn kill_again_and_again(database: Database) {
    let sandbox = sandbox().await;
    let mut baton = serve(&database).await;
    let scene = Scene::set(&baton.api()).await;
    scene.destination(&baton.api(), &sandbox, "/crm", json!({})).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let mut dice = Dice(20_260_128);
    let mut harvest = Harvest::default();
    for round in 0..rounds() {
        let load = Load::start(std::slice::from_ref(&baton.url), &scene.inbound, &acknowledged);
        acknowledged.reaches(acknowledged.count() + 1 + dice.below(20) as usize).await;
        for_a_while(dice.below(ROUND_MS_MAX)).await;
        baton.kill().await;
        load.stop().await;
        baton = serve(&database).await;
        harvest.take(&sandbox);
        if round >= COMPARED_ROUNDS && round % COMPARED_EVERY != 0 {
            continue;
        }
        let there = leads(&baton.api()).await;
        let known = acknowledged.leads();
        let lost: Vec<_> = known.difference(&there).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
    }
    drained(&baton.api(), &sandbox, &acknowledged, harvest).await;
    assert!(baton.stop().await.success());
    if let Database::Embedded(dir) = &database {
        let seen = baton_store::inspect_directory(dir).unwrap().unwrap();
        assert_eq!(seen.integrity.as_deref(), Some("ok"));
    }
}

async fn leads(api: &Api) -> BTreeSet<String> {
    let rows = api.all("/api/v1/leads").await;
    rows.iter().map(|lead| lead["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until nothing waits, then compares: every lead is there and was delivered, and every
/// delivery says so.
pub async fn drained(
    api: &Api,
    sandbox: &SandboxHandle,
    acknowledged: &Acknowledged,
    mut harvest: Harvest,
) {
    for state in ["pending", "in_flight", "retrying"] {
        let place = format!("/api/v1/deliveries?state={state}");
        until(&format!("no delivery is {state}"), || async { api.all(&place).await.is_empty() })
            .await;
    }
    let there = leads(api).await;
    let known = acknowledged.leads();
    let lost: Vec<_> = known.difference(&there).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    harvest.take(sandbox);
    let got = harvest.got;
    let missed: Vec<_> = there.iter().filter(|lead| !got.contains_key(*lead)).collect();
    assert!(missed.is_empty(), "never delivered: {missed:?}");
    let strange: Vec<_> = got.keys().filter(|lead| !there.contains(*lead)).collect();
    assert!(strange.is_empty(), "delivered without being there: {strange:?}");
    let deliveries = api.all("/api/v1/deliveries").await;
    assert_eq!(deliveries.len(), there.len());
    for delivery in deliveries {
        assert_eq!(delivery["state"], "accepted", "{delivery}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_loses_no_acknowledged_lead_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    kill_again_and_again(Database::Embedded(dir.path().join("data"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_loses_no_acknowledged_lead_on_postgresql() {
    let dir = tempfile::tempdir().unwrap();
    kill_again_and_again(Database::postgres(dir.path()).await).await;
}
