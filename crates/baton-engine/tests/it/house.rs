//! A whole engine on an embedded store in a directory of its own, with a sandbox as the receiver
//! and a clock that only the test moves.

use baton_domain::config::{Campaign, Destination, DocKind, Partials, Subscription};
use baton_domain::connector::manifest::{EMBEDDED, Registry};
use baton_domain::connector::settings::split_secrets;
use baton_domain::id::{
    CampaignId, DeliveryId, DestinationId, EventId, LeadId, SourceId, SubscriptionId, TypedId,
    WorkspaceId,
};
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::personal::FieldMap;
use baton_domain::secret::{SIGNING, Secret, Secrets};
use baton_domain::time::{Clock, Entropy, Millis};
use baton_engine::http::{AllowList, Client, ClientSettings};
use baton_engine::{
    Engine, EngineClock, EngineHandle, EngineLimits, EngineSettings, Hooks, JitterMode,
    ManualClock, NoHooks, SystemTimer,
};
use baton_sandbox::{Sandbox, SandboxHandle, SandboxSettings};
use baton_store::capture::{Capture, Captured, NewDelivery, PartialKey};
use baton_store::deliveries::{AttemptRow, DeliveryFilter, DeliveryRow};
use baton_store::docs::{DocWrite, Expect};
use baton_store::sealing::MasterKey;
use baton_store::{Location, OpenError, Store, StoreSettings};
use serde_json::json;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

pub const MINUTE: i64 = 60_000;
pub const SECRET: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
/// Connectors of the tests, each with one of the further exchanges.
const OWN: [(&str, &str); 4] = [
    ("keyed.toml", include_str!("connectors/keyed.toml")),
    ("bidding.toml", include_str!("connectors/bidding.toml")),
    ("queueing.toml", include_str!("connectors/queueing.toml")),
    ("careful.toml", include_str!("connectors/careful.toml")),
];
/// Longest any wait of a test lasts before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a clock that ticks makes a step.
const TICK: Duration = Duration::from_millis(1);
const START: Millis = Millis(1_790_000_000_000);

/// Counts up: ids are distinct and the same in every run.
struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let n = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (n ^ (n >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Time as it passes, beginning at the start of the test.
struct RunningClock(tokio::time::Instant);

impl Clock for RunningClock {
    fn now(&self) -> Millis {
        START.plus_ms(i64::try_from(self.0.elapsed().as_millis()).unwrap())
    }
}

pub struct House {
    pub store: Store,
    /// The clock of the tests on SQLite; on PostgreSQL nothing goes by it.
    pub clock: Arc<ManualClock>,
    time: Arc<dyn EngineClock>,
    pub sandbox: SandboxHandle,
    pub workspace: WorkspaceId,
    pub campaign: CampaignId,
    source: SourceId,
    engine: Option<EngineHandle>,
    location: Location,
    _dir: TempDir,
}

/// The two databases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engines {
    Sqlite,
    Postgres,
}

/// Makes two tests of one async function that takes an [`Engines`]: one per database.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite { $(
            #[tokio::test]
            async fn $name() {
                super::$name($crate::house::Engines::Sqlite).await;
            }
        )* }
        mod postgres { $(
            #[tokio::test]
            async fn $name() {
                super::$name($crate::house::Engines::Postgres).await;
            }
        )* }
    };
}

static DATABASES: AtomicU64 = AtomicU64::new(0);

async fn postgres_database() -> String {
    let url = std::env::var("BATON_TEST_POSTGRES_URL").expect(
        "BATON_TEST_POSTGRES_URL is not set: run the tests with scripts/with-postgres.sh or make test",
    );
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("engine_{}_{number}", std::process::id());
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    drop(client);
    drop(driver.await);
    let (head, _) = url.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}

async fn open_store(
    location: Location,
    seed: u64,
    time: &Arc<dyn EngineClock>,
    by_own_clock: bool,
) -> Result<Store, OpenError> {
    let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy(AtomicU64::new(seed)));
    let settings = StoreSettings {
        location,
        master: MasterKey::new([9; 32], Arc::clone(&entropy)),
        clock: Arc::clone(time) as Arc<dyn Clock>,
        entropy,
    };
    match by_own_clock {
        true => Store::open_by_own_clock(settings).await,
        false => Store::open(settings).await,
    }
}

fn registry() -> Registry {
    let own = OWN.map(|(file, text)| (file.to_owned(), text.to_owned()));
    Registry::load(EMBEDDED, &own).unwrap()
}

pub fn signing() -> Secrets {
    Secrets::from([(SIGNING.to_owned(), Secret::new(SECRET))])
}

impl House {
    /// A store and a receiver; no engine yet.
    pub async fn built() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let location = Location::Sqlite { dir: dir.path().to_owned() };
        let clock = Arc::new(ManualClock::new(START));
        let time = Arc::clone(&clock) as Arc<dyn EngineClock>;
        Self::built_on(location, dir, 1, clock, time).await
    }

    /// The same on a PostgreSQL database of its own. Its store goes by the database's clock, which
    /// no test can move, so time runs by itself.
    pub async fn built_on_postgres() -> Self {
        let url = Secret::new(postgres_database().await);
        Self::built_running(Location::Postgres { url }, 1).await
    }

    /// The same on a PostgreSQL database of its own whose store goes by the clock of the test.
    pub async fn built_on_postgres_by_own_clock() -> Self {
        let url = Secret::new(postgres_database().await);
        let clock = Arc::new(ManualClock::new(START));
        let time = Arc::clone(&clock) as Arc<dyn EngineClock>;
        let dir = tempfile::tempdir().unwrap();
        Self::built_on(Location::Postgres { url }, dir, 1, clock, time).await
    }

    /// The same on both databases, with an engine.
    pub async fn open_on(database: Engines) -> Self {
        let mut house = Self::built_on_engine(database).await;
        house.start().await;
        house
    }

    /// The same without an engine.
    pub async fn built_on_engine(database: Engines) -> Self {
        match database {
            Engines::Sqlite => Self::built().await,
            Engines::Postgres => Self::built_on_postgres_by_own_clock().await,
        }
    }

    /// Runs a statement behind the store's back; how many rows it touched.
    pub async fn meddle(&self, sqlite: &str, postgres: &str) -> u64 {
        match &self.location {
            Location::Sqlite { dir } => {
                let path = dir.join(baton_store::DATABASE_FILE);
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(PATIENCE).unwrap();
                connection.execute(sqlite, []).unwrap() as u64
            }
            Location::Postgres { url } => {
                let (client, connection) =
                    tokio_postgres::connect(url.reveal(), tokio_postgres::NoTls).await.unwrap();
                let driver = tokio::spawn(connection);
                let touched = client.execute(postgres, &[]).await.unwrap();
                drop(client);
                drop(driver.await);
                touched
            }
        }
    }

    async fn built_running(location: Location, seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let running = RunningClock(tokio::time::Instant::now());
        let time = Arc::new(SystemTimer::new(Arc::new(running)));
        Self::built_on(location, tempfile::tempdir().unwrap(), seed, clock, time).await
    }

    /// Another node on the same database, with an engine of its own, for the same workspace.
    pub async fn another_node(&self) -> Self {
        let mut node = Self::built_running(self.location.clone(), 77).await;
        (node.workspace, node.campaign, node.source) = (self.workspace, self.campaign, self.source);
        node.start().await;
        node
    }

    async fn built_on(
        location: Location,
        dir: TempDir,
        seed: u64,
        clock: Arc<ManualClock>,
        time: Arc<dyn EngineClock>,
    ) -> Self {
        // By the database's clock where time runs by itself.
        let moved = Arc::as_ptr(&time).cast::<()>() == Arc::as_ptr(&clock).cast::<()>();
        let store = open_store(location.clone(), seed, &time, moved).await.unwrap();
        let sandbox = SandboxSettings::loopback(Arc::clone(&time) as Arc<dyn Clock>);
        let sandbox = Sandbox::start(sandbox).await.unwrap();
        let (workspace, campaign, source) = (store.new_id(), store.new_id(), store.new_id());
        let house = Self {
            store,
            clock,
            time,
            sandbox,
            workspace,
            campaign,
            source,
            engine: None,
            location,
            _dir: dir,
        };
        house.write_campaign(false, Expect::New).await;
        house
    }

    /// The same with an engine.
    pub async fn open() -> Self {
        let mut house = Self::built().await;
        house.start().await;
        house
    }

    pub async fn start(&mut self) {
        self.start_with(EngineLimits::default(), Arc::new(NoHooks)).await;
    }

    pub async fn start_with(&mut self, limits: EngineLimits, hooks: Arc<dyn Hooks>) {
        let registry = registry();
        let allow = AllowList { private: true, ..AllowList::default() };
        let client = Client::new(ClientSettings { allow, ..ClientSettings::default() }).unwrap();
        let settings = EngineSettings {
            store: self.store.clone(),
            client,
            registry: Arc::new(registry),
            clock: Arc::clone(&self.time),
            limits,
            jitter: JitterMode::None,
            hooks,
        };
        self.engine = Some(Engine::start(settings).await.unwrap());
    }

    /// Ends the engine, closes the store and opens it again, as a new process would.
    pub async fn restart_store(&mut self) {
        if self.engine.is_some() {
            self.stop(Duration::ZERO).await;
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let place = Location::Sqlite { dir: elsewhere.path().to_owned() };
        self.store = open_store(place, 32, &self.time, true).await.unwrap();
        let reopened = async {
            loop {
                match open_store(self.location.clone(), 33, &self.time, true).await {
                    // A task that ends just now still holds it.
                    Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
                    opened => return opened.unwrap(),
                }
            }
        };
        self.store = tokio::time::timeout(PATIENCE, reopened).await.unwrap();
    }

    pub fn engine(&self) -> &EngineHandle {
        self.engine.as_ref().unwrap()
    }

    pub async fn stop(&mut self, deadline: Duration) {
        self.engine.take().unwrap().stop(deadline).await;
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Waits until a condition holds, looking again whenever the engine or the record moved.
    pub async fn until<F, W>(&self, what: &str, condition: F)
    where
        F: Fn() -> W,
        W: Future<Output = bool>,
    {
        let mut changed = self.engine().changed();
        let mut events = self.store.hints().events();
        let wait = async {
            loop {
                changed.borrow_and_update();
                events.borrow_and_update();
                if condition().await {
                    return;
                }
                tokio::select! {
                    moved = changed.changed() => moved.unwrap(),
                    moved = events.changed() => moved.unwrap(),
                }
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("never came: {what}; {:?}", self.engine().stats());
        }
    }

    /// The same while the clock goes on in steps, for what waits by the engine's own backoff. A step
    /// is made each [`TICK`] and not faster, for what is short on the engine's clock (a lease, the
    /// time a result is kept) is then long on the machine's, however busy it is.
    pub async fn until_ticking<F, W>(&self, what: &str, step_ms: i64, condition: F)
    where
        F: Fn() -> W,
        W: Future<Output = bool>,
    {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let wait = async {
            while !condition().await {
                ticks.tick().await;
                self.clock.advance(step_ms);
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("never came: {what}; {:?}", self.engine().stats());
        }
    }

    pub async fn until_state(&self, id: DeliveryId, state: &str) -> DeliveryRow {
        self.until(&format!("{id} {state}"), || async {
            self.delivery(id).await.state.as_str() == state
        })
        .await;
        self.delivery(id).await
    }

    /// Waits until so many attempts of a delivery are written down.
    pub async fn until_attempts(&self, id: DeliveryId, n: i64) -> DeliveryRow {
        self.until(&format!("{n} attempts"), || async { self.delivery(id).await.attempts >= n })
            .await;
        self.delivery(id).await
    }

    fn doc(
        &self,
        kind: DocKind,
        id: uuid::Uuid,
        expect: Expect,
        body: Option<&serde_json::Value>,
        secrets: Option<&Secrets>,
        stopped: bool,
    ) -> DocWrite {
        DocWrite {
            workspace: self.workspace,
            kind,
            id,
            expect,
            body: body.map(|b| serde_json::to_vec(b).unwrap()),
            secrets: secrets.map(|s| self.store.master().seal_secrets(s).unwrap()),
            unique: None,
            stopped,
            changed_by: "test".into(),
            now: self.store.now(),
            idempotency: None,
        }
    }

    pub async fn write_campaign(&self, paused: bool, expect: Expect) {
        let body = json!({"name": "Solar", "reference": "SOLAR", "country": "GB", "fields": [],
            "paused": paused});
        drop(serde_json::from_value::<Campaign>(body.clone()).unwrap());
        let id = self.campaign.uuid();
        let write = self.doc(DocKind::Campaign, id, expect, Some(&body), None, false);
        self.store.change_docs(vec![write]).await.unwrap();
    }

    pub async fn write_workspace(&self, workspace: &baton_domain::config::Workspace) {
        let body = serde_json::to_value(workspace).unwrap();
        let id = self.workspace.uuid();
        let write = self.doc(DocKind::Workspace, id, Expect::New, Some(&body), None, false);
        self.store.change_docs(vec![write]).await.unwrap();
    }

    /// Writes a destination of the connector `webhook` at a path of the sandbox; `change` is
    /// merged over its body.
    pub async fn write_destination(
        &self,
        id: DestinationId,
        path: &str,
        change: serde_json::Value,
        expect: Expect,
    ) {
        let mut body = json!({"campaign": self.campaign, "connector": "webhook", "name": path,
            "settings": {"url": self.sandbox.url(path)}});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        drop(serde_json::from_value::<Destination>(body.clone()).unwrap());
        let secrets = signing();
        let secrets = (expect == Expect::New).then_some(&secrets);
        let stopped = !body["disabled"].is_null();
        let kind = DocKind::Destination;
        let write = self.doc(kind, id.uuid(), expect, Some(&body), secrets, stopped);
        self.store.change_docs(vec![write]).await.unwrap();
    }

    pub async fn destination(&self, path: &str, change: serde_json::Value) -> DestinationId {
        let id = self.store.new_id();
        self.write_destination(id, path, change, Expect::New).await;
        self.sandbox.set_secret(path, Secret::new(SECRET)).unwrap();
        id
    }

    pub async fn delete_destination(&self, id: DestinationId) {
        let write = self.doc(DocKind::Destination, id.uuid(), Expect::Any, None, None, true);
        self.store.change_docs(vec![write]).await.unwrap();
    }

    pub async fn subscription(&self, path: &str, change: serde_json::Value) -> SubscriptionId {
        let id: SubscriptionId = self.store.new_id();
        let mut body = json!({"url": self.sandbox.url(path), "events": []});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        drop(serde_json::from_value::<Subscription>(body.clone()).unwrap());
        let secrets = signing();
        let kind = DocKind::Subscription;
        let write = self.doc(kind, id.uuid(), Expect::New, Some(&body), Some(&secrets), false);
        self.store.change_docs(vec![write]).await.unwrap();
        self.sandbox.set_secret(path, Secret::new(SECRET)).unwrap();
        id
    }

    /// A destination of one of the tests' connectors at a prefix of the sandbox.
    pub async fn at(
        &self,
        connector: &str,
        prefix: &str,
        change: serde_json::Value,
    ) -> DestinationId {
        let mut body = json!({"connector": connector, "name": prefix,
            "settings": {"base_url": self.sandbox.url(prefix)}});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let id = self.store.new_id();
        self.write_destination(id, prefix, body, Expect::New).await;
        id
    }

    /// A destination of a connector with settings as the API takes them, secret ones among them.
    pub async fn connected(
        &self,
        connector: &str,
        settings: serde_json::Value,
        change: serde_json::Value,
    ) -> DestinationId {
        let registry = registry();
        let manifest = registry.get(connector).unwrap();
        let settings = settings.as_object().unwrap().clone();
        let (settings, mut secrets) = split_secrets(manifest, settings);
        secrets.extend(signing());
        let mut body = json!({"campaign": self.campaign, "connector": connector,
            "name": connector, "settings": settings});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        drop(serde_json::from_value::<Destination>(body.clone()).unwrap());
        let id: DestinationId = self.store.new_id();
        let (kind, new) = (DocKind::Destination, Expect::New);
        let write = self.doc(kind, id.uuid(), new, Some(&body), Some(&secrets), false);
        self.store.change_docs(vec![write]).await.unwrap();
        id
    }

    /// Captures a lead of that state for these destinations.
    pub async fn capture(&self, state: LeadState, destinations: &[DestinationId]) -> Captured {
        self.store.capture(self.incoming(state, destinations)).await.unwrap()
    }

    /// Captures a version of the lead with that key: a partial one, or the one that completes it.
    pub async fn part(&self, key: u8, seq: i64, partial: bool, to: &[DestinationId]) -> Captured {
        let state = if partial { LeadState::Partial } else { LeadState::Received };
        let mut capture = self.incoming(state, to);
        capture.data.raw.set("seq_sent", seq.into());
        capture.partial = Some(PartialKey { key: [key; 16], seq, partial });
        self.store.capture(capture).await.unwrap()
    }

    pub fn incoming(&self, state: LeadState, destinations: &[DestinationId]) -> Capture {
        let fields = [("email", "jane@example.com"), ("first_name", "Jane")];
        let raw: FieldMap = fields.map(|(k, v)| (k.to_owned(), v.into())).into_iter().collect();
        Capture {
            workspace: self.workspace,
            campaign: self.campaign,
            source: self.source,
            lead: self.store.new_id::<LeadId>(),
            data: LeadData { raw, ..LeadData::default() },
            state,
            problems: None,
            test: false,
            config_version: 1,
            now: self.store.now(),
            idempotency: None,
            duplicates: None,
            partial: None,
            deliveries: destinations
                .iter()
                .map(|d| NewDelivery {
                    id: self.store.new_id(),
                    destination: *d,
                    due: self.now(),
                    partials: self.partials_of(*d),
                })
                .collect(),
            event_ids: std::array::from_fn(|_| self.store.new_id::<EventId>()),
        }
    }

    fn partials_of(&self, id: DestinationId) -> Partials {
        let snapshot = self.store.snapshot();
        snapshot.destinations.get(&id).map(|doc| doc.body.partials).unwrap_or_default()
    }

    /// Captures a lead for one destination; its delivery.
    pub async fn lead(&self, destination: DestinationId) -> DeliveryId {
        self.capture(LeadState::Received, &[destination]).await.deliveries[0]
    }

    pub async fn delivery(&self, id: DeliveryId) -> DeliveryRow {
        self.store.workspace(self.workspace).delivery(id).await.unwrap().unwrap()
    }

    pub async fn attempts(&self, id: DeliveryId) -> Vec<AttemptRow> {
        self.store.workspace(self.workspace).attempts(id).await.unwrap()
    }

    /// The deliveries to a target, newest first.
    pub async fn deliveries_to(&self, target: uuid::Uuid) -> Vec<DeliveryRow> {
        let filter =
            DeliveryFilter { target: Some(target), limit: 200, ..DeliveryFilter::default() };
        self.store.workspace(self.workspace).deliveries(&filter).await.unwrap().rows
    }

    /// The kinds of a lead's events, in order.
    pub async fn events(&self, lead: LeadId) -> Vec<String> {
        let events = self.store.workspace(self.workspace).lead_events(lead).await.unwrap();
        events.iter().map(|e| e.kind.to_string()).collect()
    }
}
