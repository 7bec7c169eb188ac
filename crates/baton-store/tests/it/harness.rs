//! One store per test, on either engine, with a clock that only the test moves.

use baton_domain::config::{Destination, DocKind, DuplicateAction, Partials, Source, SourceKind};
use baton_domain::id::{
    CampaignId, DeliveryId, DestinationId, EventId, LeadId, SourceId, TypedId, WebhookId,
    WorkspaceId,
};
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::personal::FieldMap;
use baton_domain::secret::Secret;
use baton_domain::time::{Clock, Entropy, Millis};
use baton_store::capture::{Capture, Captured, DuplicateClaim, NewDelivery};
use baton_store::docs::{DocWrite, Expect};
use baton_store::sealing::MasterKey;
use baton_store::{Claim, Claimed, ClaimedDelivery, LaneRoom, Location, Store, StoreSettings};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use uuid::Uuid;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Makes two tests of one async function: one per engine.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite { $(
            #[tokio::test]
            async fn $name() {
                super::$name($crate::harness::Bench::new($crate::harness::Engine::Sqlite).await).await;
            }
        )* }
        mod postgres { $(
            #[tokio::test]
            async fn $name() {
                super::$name($crate::harness::Bench::new($crate::harness::Engine::Postgres).await).await;
            }
        )* }
    };
}

pub struct TestClock(pub AtomicI64);

impl TestClock {
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }
}

/// Counts up: ids are distinct and the same in every run.
pub struct TestEntropy(pub AtomicU64);

impl Entropy for TestEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let n = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (n ^ (n >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

pub struct Bench {
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub location: Location,
    pub workspace: WorkspaceId,
    pub campaign: CampaignId,
    pub source: SourceId,
    pub _dir: tempfile::TempDir,
}

static DATABASES: AtomicU64 = AtomicU64::new(0);

async fn postgres_database() -> String {
    let url = std::env::var("BATON_TEST_POSTGRES_URL").expect(
        "BATON_TEST_POSTGRES_URL is not set: run the tests with scripts/with-postgres.sh or make test",
    );
    let (client, connection) =
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connect");
    let driver = tokio::spawn(connection);
    let name =
        format!("store_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("create database");
    drop(client);
    drop(driver.await);
    let (head, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{head}/{name}")
}

pub fn master(entropy: &Arc<TestEntropy>) -> MasterKey {
    MasterKey::new([9; 32], Arc::clone(entropy) as Arc<dyn Entropy>)
}

pub fn settings(location: &Location, clock: &Arc<TestClock>, seed: u64) -> StoreSettings {
    let entropy = Arc::new(TestEntropy(AtomicU64::new(seed)));
    StoreSettings {
        location: location.clone(),
        master: master(&entropy),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy,
    }
}

pub async fn open(location: &Location, clock: &Arc<TestClock>, seed: u64) -> Store {
    Store::open(settings(location, clock, seed)).await.expect("the store opens")
}

impl Bench {
    pub async fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let location = match engine {
            Engine::Sqlite => Location::Sqlite { dir: dir.path().to_owned() },
            Engine::Postgres => Location::Postgres { url: Secret::new(postgres_database().await) },
        };
        // Near the real present, since PostgreSQL's own clock is what its store goes by.
        let now = 1_790_000_000_000;
        let clock = Arc::new(TestClock(AtomicI64::new(now)));
        let store = open(&location, &clock, 1).await;
        let workspace = store.new_id();
        let campaign = store.new_id();
        let source = store.new_id();
        Self { store, clock, location, workspace, campaign, source, _dir: dir }
    }

    pub async fn another_node(&self) -> Store {
        open(&self.location, &self.clock, 77).await
    }

    /// Runs a statement past the store; how many rows it touched.
    pub async fn meddle(&self, sql: &str) -> u64 {
        match &self.location {
            Location::Sqlite { dir } => {
                let path = dir.join(baton_store::DATABASE_FILE);
                let connection = rusqlite::Connection::open(path).expect("opens");
                connection.busy_timeout(std::time::Duration::from_secs(20)).expect("waits");
                let mut statement = connection.prepare(sql).expect("prepares");
                if statement.readonly() {
                    return 0;
                }
                statement.execute([]).expect("runs") as u64
            }
            Location::Postgres { url } => {
                let (client, connection) =
                    tokio_postgres::connect(url.reveal(), tokio_postgres::NoTls)
                        .await
                        .expect("connects");
                let driver = tokio::spawn(connection);
                let touched = client.execute(sql, &[]).await.expect("runs");
                drop(client);
                drop(driver.await);
                touched
            }
        }
    }

    pub fn advance(&self, ms: i64) {
        self.clock.advance(ms);
    }

    pub fn fields(&self, pairs: &[(&str, &str)]) -> LeadData {
        let raw: FieldMap = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        LeadData { raw, ..LeadData::default() }
    }

    /// A capture of a lead with one e-mail address and no duplicate rule.
    pub fn lead(&self, email: &str) -> Capture {
        Capture {
            workspace: self.workspace,
            campaign: self.campaign,
            source: self.source,
            lead: self.store.new_id::<LeadId>(),
            data: self.fields(&[("email", email)]),
            state: LeadState::Received,
            problems: None,
            test: false,
            config_version: 1,
            now: self.store.now(),
            idempotency: None,
            duplicates: None,
            partial: None,
            deliveries: Vec::new(),
            event_ids: std::array::from_fn(|_| self.store.new_id::<EventId>()),
        }
    }

    pub fn rule(
        &self,
        keys: &[&str],
        window_ms: Option<i64>,
        action: DuplicateAction,
    ) -> DuplicateClaim {
        let keys = keys
            .iter()
            .map(|k| self.store.master().claim_key(self.campaign, k.as_bytes()))
            .collect();
        DuplicateClaim { keys, window_ms, action }
    }

    pub fn to(&self, destination: DestinationId) -> NewDelivery {
        NewDelivery {
            id: self.store.new_id::<DeliveryId>(),
            destination,
            due: self.store.now(),
            partials: Partials::PartialAndComplete,
        }
    }

    pub async fn capture(&self, capture: Capture) -> Captured {
        self.store.capture(capture).await.expect("captured")
    }

    /// Captures a lead for a destination and gives its delivery.
    pub async fn delivery(&self, destination: DestinationId) -> (LeadId, DeliveryId) {
        let mut capture = self.lead("someone@example.com");
        capture.deliveries = vec![self.to(destination)];
        let captured = self.capture(capture).await;
        (captured.lead, captured.deliveries[0])
    }

    pub async fn claim(&self, lanes: &[(DestinationId, u32)]) -> Claimed {
        claim(&self.store, lanes).await
    }

    pub async fn claim_one(&self, destination: DestinationId) -> ClaimedDelivery {
        let mut claimed = self.claim(&[(destination, 1)]).await;
        claimed.deliveries.pop().expect("one is due")
    }

    pub fn doc(
        &self,
        kind: DocKind,
        id: Uuid,
        expect: Expect,
        body: &impl serde::Serialize,
    ) -> DocWrite {
        DocWrite {
            workspace: self.workspace,
            kind,
            id,
            expect,
            body: Some(serde_json::to_vec(body).expect("encodes")),
            secrets: None,
            unique: None,
            stopped: false,
            changed_by: "test".into(),
            now: self.store.now(),
            idempotency: None,
        }
    }

    pub fn source_body(&self, name: &str) -> Source {
        Source {
            campaign: self.campaign,
            kind: SourceKind::Endpoint,
            name: name.to_owned(),
            webhook_id: self.store.new_id::<WebhookId>(),
            supplier: None,
            allowed_origins: Vec::new(),
            require_signature: false,
            rate_limit: None,
            wait_ms: None,
            disabled: false,
            hmac_previous_until: None,
        }
    }

    pub fn destination_body(&self) -> Destination {
        let body = serde_json::json!({
            "campaign": self.campaign, "connector": "webhook", "name": "CRM"
        });
        serde_json::from_value(body).expect("a destination")
    }
}

pub async fn claim(store: &Store, lanes: &[(DestinationId, u32)]) -> Claimed {
    let lanes = lanes
        .iter()
        .map(|(d, n)| LaneRoom { lane: d.uuid(), first: *n, retry: *n, total: *n })
        .collect();
    let token = store.new_id::<LeadId>().uuid();
    let now = store.now();
    let claim = Claim { lanes, now, lease_until: now.plus_ms(45_000), token };
    store.claim(claim).await.expect("claimed")
}
