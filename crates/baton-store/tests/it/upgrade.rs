//! An upgrade to a later schema while rows wait, and one that is killed halfway. There is one
//! release so far, so the later schema is made up here; it goes through the runner of migrations as
//! a real one will.

use crate::harness::{Bench, Engine, TestClock, claim, open, settings};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{DeliveryId, DestinationId, WorkspaceId};
use baton_store::{DATABASE_FILE, Finish, Location, Migration, OpenError, Store};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

crate::on_both! {
    rows_that_wait_are_delivered_after_an_upgrade
    an_upgrade_that_fails_halfway_has_not_happened
}

/// Later than any there is.
const MADE_UP: i64 = 1_000;

/// Changes the table that the queue is in: a column, all rows, its index.
const LATER: Migration = Migration {
    number: MADE_UP,
    name: "made up",
    sqlite: "ALTER TABLE deliveries ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;
             UPDATE deliveries SET weight = 7;
             DROP INDEX deliveries_due;
             CREATE INDEX deliveries_due ON deliveries (lane, class, wake_at, weight)
               WHERE wake_at IS NOT NULL;",
    postgres: "ALTER TABLE deliveries ADD COLUMN weight bigint NOT NULL DEFAULT 0;
               UPDATE deliveries SET weight = 7;
               DROP INDEX deliveries_due;
               CREATE INDEX deliveries_due ON deliveries (lane, class, wake_at, weight)
                 WHERE wake_at IS NOT NULL;",
};

/// The same, and then a statement that cannot be run.
const FAILING: Migration = Migration {
    sqlite: "ALTER TABLE deliveries ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;
             UPDATE deliveries SET weight = 7; DROP INDEX deliveries_due; DROP TABLE nowhere;",
    postgres: "ALTER TABLE deliveries ADD COLUMN weight bigint NOT NULL DEFAULT 0;
               UPDATE deliveries SET weight = 7; DROP INDEX deliveries_due; DROP TABLE nowhere;",
    ..LATER
};

/// The same, and then one that never ends; on SQLite it spills what it changes to the log.
const ENDLESS: Migration = Migration {
    sqlite: "PRAGMA cache_size = 10;
             ALTER TABLE deliveries ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;
             UPDATE deliveries SET weight = 7; DROP INDEX deliveries_due;
             CREATE TABLE filler (bytes BLOB);
             INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
               SELECT randomblob(4000) FROM n;",
    postgres: "ALTER TABLE deliveries ADD COLUMN weight bigint NOT NULL DEFAULT 0;
               UPDATE deliveries SET weight = 7; DROP INDEX deliveries_due;
               SELECT pg_sleep(3600);",
    ..LATER
};

/// Says to this program that it is the child that is to be killed, and where the data is.
const CHILD_DIR: &str = "BATON_TEST_UPGRADE_DIR";
/// Bytes in the log from which the upgrade is surely under way.
const SPILLED_BYTES: u64 = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);
/// Far enough to be later than the machine's clock.
const LATER_MS: i64 = 50 * 365 * 86_400_000;

/// Deliveries that wait in every way there is: never tried, being retried, in flight.
async fn some_wait(bench: &Bench, lane: DestinationId) -> Vec<DeliveryId> {
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(bench.delivery(lane).await.1);
    }
    let tried = bench.claim_one(lane).await;
    let finish = Finish {
        workspace: tried.workspace,
        delivery: tried.id,
        token: tried.token,
        lead: tried.lead,
        now: bench.store.now(),
        attempt: None,
        request: None,
        state: DeliveryState::Retrying,
        next_at: Some(bench.store.now()),
        note: None,
        lead_delivered: false,
        followups: Vec::new(),
        events: Vec::new(),
        disable: None,
        tally: None,
        question: false,
        answered: None,
        lead_fields: None,
    };
    assert!(bench.store.finish(finish).await.unwrap());
    bench.claim_one(lane).await;
    waiting.sort_unstable();
    waiting
}

/// All that waits can be claimed, with its lead, and ended.
async fn all_go(
    store: &Store,
    workspace: WorkspaceId,
    lane: DestinationId,
    waiting: &[DeliveryId],
) {
    store.free_leases().await.unwrap();
    let mut claimed = claim(store, &[(lane, 50)]).await.deliveries;
    claimed.sort_unstable_by_key(|delivery| delivery.id);
    let ids: Vec<DeliveryId> = claimed.iter().map(|delivery| delivery.id).collect();
    assert_eq!(ids, waiting);
    let workspace = store.workspace(workspace);
    for delivery in claimed {
        let lead = workspace.lead(delivery.lead.unwrap()).await.unwrap().unwrap();
        assert_eq!(lead.data.raw.get("email"), Some(&"someone@example.com".into()));
        let finish = Finish {
            workspace: delivery.workspace,
            delivery: delivery.id,
            token: delivery.token,
            lead: delivery.lead,
            now: store.now(),
            attempt: None,
            request: None,
            state: DeliveryState::Accepted,
            next_at: None,
            note: None,
            lead_delivered: true,
            followups: Vec::new(),
            events: Vec::new(),
            disable: None,
            tally: None,
            question: false,
            answered: None,
            lead_fields: None,
        };
        assert!(store.finish(finish).await.unwrap());
    }
}

/// What is left of a bench whose store is closed.
struct Closed {
    location: Location,
    clock: Arc<TestClock>,
    workspace: WorkspaceId,
    dir: tempfile::TempDir,
}

impl Closed {
    async fn after(bench: Bench) -> Self {
        let Bench { store, clock, location, workspace, _dir: dir, .. } = bench;
        // On PostgreSQL what is in flight stays so until its lease ends, by that database's clock
        // so far and by this one from here on.
        clock.advance(LATER_MS);
        drop(store);
        Self { location, clock, workspace, dir }
    }

    async fn upgraded(&self, later: Migration, seed: u64) -> Result<Store, OpenError> {
        Store::open_upgraded(settings(&self.location, &self.clock, seed), &[later]).await
    }
}

async fn rows_that_wait_are_delivered_after_an_upgrade(bench: Bench) {
    let lane = bench.store.new_id();
    let waiting = some_wait(&bench, lane).await;
    let closed = Closed::after(bench).await;
    let store = closed.upgraded(LATER, 21).await.unwrap();
    all_go(&store, closed.workspace, lane, &waiting).await;
    drop(store);
    // Once is enough, and the release before does not touch what it does not know.
    drop(closed.upgraded(LATER, 22).await.unwrap());
    let before = Store::open(settings(&closed.location, &closed.clock, 23)).await;
    assert!(matches!(before, Err(OpenError::Newer { found: MADE_UP, .. })));
}

async fn an_upgrade_that_fails_halfway_has_not_happened(bench: Bench) {
    let lane = bench.store.new_id();
    let waiting = some_wait(&bench, lane).await;
    let closed = Closed::after(bench).await;
    assert!(closed.upgraded(FAILING, 31).await.is_err());
    // The release before still works on it, and so does an upgrade that is right.
    drop(open(&closed.location, &closed.clock, 32).await);
    let store = closed.upgraded(LATER, 33).await.unwrap();
    all_go(&store, closed.workspace, lane, &waiting).await;
}

#[tokio::test]
async fn an_upgrade_killed_halfway_has_not_happened_on_postgresql() {
    let bench = Bench::new(Engine::Postgres).await;
    let lane = bench.store.new_id();
    let waiting = some_wait(&bench, lane).await;
    let closed = Closed::after(bench).await;
    let Location::Postgres { url } = &closed.location else { unreachable!() };
    let (client, connection) =
        tokio_postgres::connect(url.reveal(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let kill = async {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE wait_event = 'PgSleep' AND datname = current_database()";
        while client.query(sql, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let (upgraded, killed) =
        tokio::join!(closed.upgraded(ENDLESS, 41), tokio::time::timeout(PATIENCE, kill));
    killed.unwrap();
    assert!(upgraded.is_err());
    drop(client);
    drop(driver.await);
    drop(open(&closed.location, &closed.clock, 42).await);
    let store = closed.upgraded(LATER, 43).await.unwrap();
    all_go(&store, closed.workspace, lane, &waiting).await;
}

/// Runs itself once more as the process that upgrades, and kills that.
#[tokio::test]
async fn an_upgrade_killed_halfway_has_not_happened_on_sqlite() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000)));
        let location = Location::Sqlite { dir: dir.into() };
        drop(Store::open_upgraded(settings(&location, &clock, 51), &[ENDLESS]).await);
        unreachable!("it is killed before it comes to an end");
    }
    let bench = Bench::new(Engine::Sqlite).await;
    let lane = bench.store.new_id();
    let waiting = some_wait(&bench, lane).await;
    let closed = Closed::after(bench).await;
    let name = "upgrade::an_upgrade_killed_halfway_has_not_happened_on_sqlite";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD_DIR, closed.dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = closed.dir.path().join(format!("{DATABASE_FILE}-wal"));
    let spilled = async {
        while !std::fs::metadata(&log).is_ok_and(|log| log.len() > SPILLED_BYTES) {
            assert!(child.try_wait().unwrap().is_none(), "the upgrade ended by itself");
            tokio::task::yield_now().await;
        }
    };
    let spilled = tokio::time::timeout(PATIENCE, spilled).await;
    child.kill().unwrap();
    child.wait().unwrap();
    spilled.unwrap();
    drop(open(&closed.location, &closed.clock, 52).await);
    let store = closed.upgraded(LATER, 53).await.unwrap();
    all_go(&store, closed.workspace, lane, &waiting).await;
}
