//! A store, an engine, a receiver and a clock, and what can happen to them.

use super::draw::Draw;
use baton_domain::config::{Destination, DocKind, DuplicateAction, Partials, RetryPolicy};
use baton_domain::connector::manifest::{EMBEDDED, Registry};
use baton_domain::delivery::DeliveryState;
use baton_domain::id::{
    CampaignId, DeliveryId, DestinationId, LeadId, SourceId, TypedId, WorkspaceId,
};
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::personal::FieldMap;
use baton_domain::secret::{SIGNING, Secrets};
use baton_domain::signature::new_secret;
use baton_domain::time::{Clock, Entropy, Millis};
use baton_engine::http::{AllowList, Client, ClientSettings, Roots};
use baton_engine::{
    Engine, EngineClock, EngineHandle, EngineLimits, EngineSettings, Hooks, JitterMode, ManualClock,
};
use baton_sandbox::{Behaviour, Reply, Sandbox, SandboxHandle, SandboxSettings};
use baton_store::capture::{
    Capture, Captured, DuplicateClaim, Idempotency, NewDelivery, PartialKey,
};
use baton_store::deliveries::{DeliveryFilter, DeliveryRow};
use baton_store::docs::{DocWrite, Expect};
use baton_store::sealing::MasterKey;
use baton_store::{ClaimedDelivery, Finish, Location, Store, StoreError, StoreSettings};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the simulated present begins: 2026-09-21.
const BEGIN: Millis = Millis(1_790_000_000_000);
/// The destinations. The first two and the last get every lead.
pub const PLACES: usize = 5;
/// Gets what the first gave up.
pub const FAILOVER: usize = 2;
/// Linked to the second, whatever comes of a lead there.
pub const LINKED_FROM: usize = 1;
pub const LINKED: usize = 3;
/// Queues leads, is asked what came of them, and lets a partial one be completed.
pub const QUEUEING: usize = 4;
const CONNECTOR: (&str, &str) = ("queueing.toml", include_str!("../connectors/queueing.toml"));
/// Longest real time one wait may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the receiver that queues says.
const QUEUED: &str = r#"{"status":"queued","queue":"q"}"#;
const PENDING: &str = r#"{"status":"pending"}"#;
const OK: &str = r#"{"status":"ok","id":"77"}"#;
const NO: &str = r#"{"status":"no"}"#;

/// Tries to empty a database.
const EMPTYINGS_MAX: usize = 5;

pub struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut draw = Draw::new(self.0.fetch_add(1, Ordering::Relaxed));
            chunk.copy_from_slice(&draw.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Faults of our own, switched by the seed.
#[derive(Default)]
pub struct Faults {
    /// One finish in so many is refused as an outage; 0: none.
    finish: AtomicU64,
    /// One attempt in so many panics; 0: none.
    panic: AtomicU64,
    count: AtomicU64,
}

impl Faults {
    fn hits(&self, one_in: &AtomicU64) -> bool {
        let one_in = one_in.load(Ordering::Relaxed);
        one_in > 0 && self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_in)
    }
}

impl Hooks for Faults {
    fn before_attempt(&self, _delivery: &ClaimedDelivery) {
        assert!(!self.hits(&self.panic), "a simulated defect");
    }

    fn before_finish(&self, _finish: &Finish) -> Result<(), StoreError> {
        if self.hits(&self.finish) {
            return Err(StoreError::Unavailable("a simulated outage".to_owned()));
        }
        Ok(())
    }
}

/// A capture that was acknowledged.
pub struct Acknowledged {
    pub captured: Captured,
    /// The duplicate key it claimed.
    pub key: Option<u64>,
}

pub struct World {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub sandbox: SandboxHandle,
    pub workspace: WorkspaceId,
    pub campaign: CampaignId,
    pub source: SourceId,
    pub destinations: [DestinationId; PLACES],
    pub action: DuplicateAction,
    pub acknowledged: Vec<Acknowledged>,
    location: Location,
    entropy: Arc<SeededEntropy>,
    faults: Arc<Faults>,
    engine: Option<EngineHandle>,
    switched_off: [bool; PLACES],
    seq: i64,
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connect");
    tokio::spawn(connection);
    client
}

/// Makes a database for all seeds of a part.
pub async fn new_database(url: &str, part: u64) -> String {
    let name = format!("sim_{}_{part}", std::process::id());
    let client = connect(url).await;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("create database");
    let (head, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{head}/{name}")
}

/// Empties the database for the next seed; making one anew would take longer than a life in it.
pub async fn empty_database(url: &str) {
    let empty = "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables \
         WHERE schemaname = 'public' AND tablename <> 'migrations' LOOP \
         EXECUTE 'DELETE FROM ' || t; END LOOP; \
         INSERT INTO counters (name, value) VALUES ('change_seq', 0); END $$";
    let client = connect(url).await;
    let deadlock = tokio_postgres::error::SqlState::T_R_DEADLOCK_DETECTED;
    // The last writes of the life before may still be under way, and lock in another order.
    for _ in 0..EMPTYINGS_MAX {
        match client.batch_execute(empty).await {
            Err(error) if error.code() == Some(&deadlock) => {}
            emptied => return emptied.expect("emptied"),
        }
    }
    panic!("the database could not be emptied");
}

async fn open(
    location: &Location,
    clock: &Arc<ManualClock>,
    entropy: &Arc<SeededEntropy>,
) -> Store {
    let settings = StoreSettings {
        location: location.clone(),
        master: MasterKey::new([7; 32], Arc::clone(entropy) as _),
        clock: Arc::clone(clock) as _,
        entropy: Arc::clone(entropy) as _,
    };
    Store::open_by_own_clock(settings).await.expect("the store opens")
}

impl World {
    pub async fn new(seed: u64, location: Location) -> Self {
        let clock = Arc::new(ManualClock::new(BEGIN));
        let entropy = Arc::new(SeededEntropy(AtomicU64::new(seed << 32)));
        let store = open(&location, &clock, &entropy).await;
        let sandbox = Sandbox::start(SandboxSettings {
            max_kept: 100_000,
            ..SandboxSettings::loopback(Arc::clone(&clock) as Arc<dyn Clock>)
        })
        .await
        .expect("the receiver starts");
        let mut world = Self {
            workspace: store.new_id(),
            campaign: store.new_id(),
            source: store.new_id(),
            destinations: std::array::from_fn(|_| store.new_id()),
            action: Draw::new(seed).pick(&[
                DuplicateAction::Reject,
                DuplicateAction::Mark,
                DuplicateAction::Quarantine,
            ]),
            acknowledged: Vec::new(),
            faults: Arc::default(),
            engine: None,
            switched_off: [false; PLACES],
            seq: 0,
            store,
            clock,
            sandbox,
            location,
            entropy,
        };
        for n in 0..PLACES {
            world.write_destination(n, Expect::New).await;
        }
        world.queue_well();
        world.start_engine().await;
        world
    }

    async fn write_destination(&self, n: usize, expect: Expect) {
        let (connector, setting) =
            if n == QUEUEING { ("queueing", "base_url") } else { ("webhook", "url") };
        let linked = match n {
            LINKED_FROM => vec![self.destinations[LINKED]],
            _ => Vec::new(),
        };
        let body: Destination = serde_json::from_value(serde_json::json!({
            "campaign": self.campaign, "connector": connector, "name": format!("receiver {n}"),
            "settings": {setting: self.sandbox.url(&format!("/{n}"))},
            "linked": {"on_success": linked.clone(), "on_failure": linked},
            "partials": "partial_and_complete",
        }))
        .expect("a destination");
        let body = Destination {
            retry: RetryPolicy { schedule_ms: vec![0, 1_000, 5_000] },
            failover: (n == 0).then_some(self.destinations[FAILOVER]),
            failover_only: n == FAILOVER || n == LINKED,
            disabled: self.switched_off[n].then(|| "by hand".to_owned()),
            timeout_ms: 150,
            ..body
        };
        let secrets: Secrets = [(SIGNING.to_owned(), new_secret([n as u8; 32]))].into();
        let write = DocWrite {
            workspace: self.workspace,
            kind: DocKind::Destination,
            id: self.destinations[n].uuid(),
            expect,
            body: Some(serde_json::to_vec(&body).expect("encodes")),
            secrets: Some(self.store.master().seal_secrets(&secrets).expect("seals")),
            unique: None,
            stopped: self.switched_off[n],
            changed_by: "simulation".into(),
            now: self.store.now(),
            idempotency: None,
        };
        self.store.change_docs(vec![write]).await.expect("written");
    }

    async fn start_engine(&mut self) {
        let client = Client::new(ClientSettings {
            allow: AllowList { private: true, ..AllowList::default() },
            roots: Roots { only_pem: true, ..Roots::default() },
            ..ClientSettings::default()
        })
        .expect("a client");
        let settings = EngineSettings {
            store: self.store.clone(),
            client,
            registry: Arc::new(
                Registry::load(EMBEDDED, &[(CONNECTOR.0.to_owned(), CONNECTOR.1.to_owned())])
                    .expect("manifests"),
            ),
            clock: Arc::clone(&self.clock) as Arc<dyn EngineClock>,
            limits: EngineLimits::default(),
            jitter: JitterMode::Random,
            hooks: Arc::clone(&self.faults) as Arc<dyn Hooks>,
        };
        self.engine = Some(Engine::start(settings).await.expect("the engine starts"));
    }

    fn lead(&mut self, draw: &mut Draw) -> (Capture, Option<u64>) {
        self.seq += 1;
        let key = draw.below(12);
        let partial = draw.chance(3).then(|| draw.below(4));
        let complete = partial.is_none() || draw.chance(2);
        let mut raw = FieldMap::new();
        raw.set("email", format!("person{key}@example.com").into());
        raw.set("n", self.seq.into());
        let duplicates = complete.then(|| DuplicateClaim {
            keys: vec![self.store.master().claim_key(self.campaign, &key.to_le_bytes())],
            window_ms: None,
            action: self.action,
        });
        let now = self.store.now();
        let deliver = |n: usize| NewDelivery {
            id: self.store.new_id(),
            destination: self.destinations[n],
            due: now,
            partials: Partials::PartialAndComplete,
        };
        let capture = Capture {
            workspace: self.workspace,
            campaign: self.campaign,
            source: self.source,
            lead: self.store.new_id(),
            data: LeadData { raw, ..LeadData::default() },
            state: if complete { LeadState::Received } else { LeadState::Partial },
            problems: None,
            test: false,
            config_version: 1,
            now,
            idempotency: None,
            duplicates,
            partial: partial.map(|p| PartialKey {
                key: [p as u8; 16],
                seq: self.seq,
                partial: !complete,
            }),
            deliveries: vec![deliver(0), deliver(1), deliver(QUEUEING)],
            event_ids: std::array::from_fn(|_| self.store.new_id()),
        };
        (capture, complete.then_some(key))
    }

    /// Some leads at once; one in three is sent twice under one idempotency key.
    pub async fn capture_some(&mut self, draw: &mut Draw) {
        let mut tasks = Vec::new();
        for _ in 0..=draw.below(5) {
            let (mut capture, key) = self.lead(draw);
            let copies = if draw.chance(3) { 2 } else { 1 };
            if copies == 2 {
                let mut idempotency = [0; 16];
                idempotency[..8].copy_from_slice(&self.seq.to_le_bytes());
                capture.idempotency = Some(Idempotency { key: idempotency, body_hash: [1; 32] });
            }
            for _ in 0..copies {
                let mut copy = capture.clone();
                copy.lead = self.store.new_id();
                for delivery in &mut copy.deliveries {
                    delivery.id = self.store.new_id();
                }
                copy.event_ids = std::array::from_fn(|_| self.store.new_id());
                let store = self.store.clone();
                let task = tokio::spawn(async move { store.capture(copy).await });
                tasks.push((task, key));
            }
        }
        for (task, key) in tasks {
            let captured = task.await.expect("no panic").expect("captured");
            self.acknowledged.push(Acknowledged { captured, key });
        }
    }

    pub fn change_receiver(&mut self, draw: &mut Draw) {
        let n = usize::try_from(draw.below(PLACES as u64)).unwrap_or(0);
        let (path, well) = match (n, draw.below(3)) {
            (QUEUEING, 0) => ("/4/leads".to_owned(), draw.pick(&[QUEUED, OK])),
            (QUEUEING, _) => ("/4/queue/q".to_owned(), draw.pick(&[PENDING, PENDING, OK, NO])),
            _ => (format!("/{n}"), ""),
        };
        let behaviour: Behaviour = match draw.below(10) {
            0..=3 => Reply::status(200).body(well).into(),
            4 => Reply::status(500).into(),
            5 => Reply::status(429).header("Retry-After", "3").into(),
            6 => Reply::status(404).into(),
            7 => Behaviour::Reset,
            8 => Behaviour::Sequence(vec![
                Reply::status(503).into(),
                Behaviour::Reset,
                Reply::status(200).body(well).into(),
            ]),
            _ => Behaviour::Hang,
        };
        self.sandbox.set_rule(&path, behaviour).expect("a rule");
    }

    /// The receiver that queues takes leads, and says of each what came of it.
    fn queue_well(&self) {
        for (path, body) in [("/4/leads", QUEUED), ("/4/queue/q", OK), ("/4/leads/77", OK)] {
            self.sandbox.set_rule(path, Reply::status(200).body(body)).expect("a rule");
        }
    }

    pub fn set_faults(&mut self, draw: &mut Draw) {
        self.faults.finish.store(draw.pick(&[0, 0, 7]), Ordering::Relaxed);
        self.faults.panic.store(draw.pick(&[0, 0, 11]), Ordering::Relaxed);
    }

    pub async fn advance(&mut self, ms: i64) {
        self.clock.advance(ms);
        tokio::task::yield_now().await;
    }

    pub async fn resend(&mut self, draw: &mut Draw) {
        let rows = self.deliveries().await;
        if rows.is_empty() {
            return;
        }
        let n = usize::try_from(draw.below(rows.len() as u64)).unwrap_or(0);
        if rows[n].state != DeliveryState::InFlight {
            self.store.workspace(self.workspace).resend(rows[n].id).await.expect("resent");
        }
    }

    pub async fn switch_destination(&mut self, draw: &mut Draw) {
        let n = usize::try_from(draw.below(PLACES as u64)).unwrap_or(0);
        self.switched_off[n] = !self.switched_off[n];
        self.write_destination(n, Expect::Any).await;
    }

    /// Stops an engine while the clock goes on, as it does outside of a simulation.
    async fn stop(&self, engine: EngineHandle) {
        let mut stopping = std::pin::pin!(engine.stop(Duration::from_millis(20)));
        while tokio::time::timeout(Duration::from_millis(10), &mut stopping).await.is_err() {
            self.clock.advance(10);
        }
    }

    /// Ends the engine, in order or cut off, and the store with it; starts both anew.
    pub async fn restart(&mut self, in_order: bool) {
        if let Some(engine) = self.engine.take() {
            if in_order {
                self.stop(engine).await;
            } else {
                drop(engine);
            }
        }
        self.start_engine().await;
    }

    /// Lets what is under way come to an end for a moment.
    pub async fn settle_a_little(&mut self) {
        let Some(engine) = &self.engine else { return };
        let mut changed = engine.changed();
        drop(tokio::time::timeout(Duration::from_millis(20), changed.changed()).await);
    }

    /// Everybody is well again; time passes until nothing waits.
    pub async fn recover(&mut self) {
        self.faults.finish.store(0, Ordering::Relaxed);
        self.faults.panic.store(0, Ordering::Relaxed);
        for n in 0..PLACES {
            self.sandbox.set_rule(&format!("/{n}"), Reply::status(200)).expect("a rule");
            self.switched_off[n] = false;
            self.write_destination(n, Expect::Any).await;
        }
        self.queue_well();
        // A queued delivery is over when nobody asks after it any more.
        let is_over = |row: &DeliveryRow| {
            row.state.is_final()
                && (row.state != DeliveryState::Queued || row.next_attempt_at.is_none())
        };
        let workspace = self.store.workspace(self.workspace);
        let drained = async {
            loop {
                for destination in self.destinations {
                    workspace.release_held(destination).await.expect("released");
                }
                if self.deliveries().await.iter().all(is_over) {
                    return;
                }
                self.clock.advance(30_000);
                let mut changed = self.engine.as_ref().expect("an engine").changed();
                drop(tokio::time::timeout(Duration::from_millis(30), changed.changed()).await);
            }
        };
        if tokio::time::timeout(PATIENCE, drained).await.is_err() {
            let stuck: Vec<DeliveryRow> =
                self.deliveries().await.into_iter().filter(|r| !is_over(r)).collect();
            panic!("deliveries are stuck: {stuck:#?}");
        }
    }

    pub async fn deliveries(&self) -> Vec<DeliveryRow> {
        let workspace = self.store.workspace(self.workspace);
        let mut filter = DeliveryFilter { limit: 200, ..DeliveryFilter::default() };
        let mut rows = Vec::new();
        loop {
            let page = workspace.deliveries(&filter).await.expect("a page");
            rows.extend(page.rows);
            match page.next {
                Some(next) => filter.before = Some(DeliveryId::from_uuid(next)),
                None => return rows,
            }
        }
    }

    /// The `webhook-id`s that reached the receiver.
    pub fn received_ids(&self) -> HashSet<String> {
        let received = self.sandbox.received();
        received.iter().filter_map(|r| r.header("webhook-id").map(str::to_owned)).collect()
    }

    pub fn leads(&self) -> HashMap<LeadId, Vec<&Acknowledged>> {
        let mut leads: HashMap<LeadId, Vec<&Acknowledged>> = HashMap::new();
        for acknowledged in &self.acknowledged {
            leads.entry(acknowledged.captured.lead).or_default().push(acknowledged);
        }
        leads
    }

    pub async fn end(mut self) {
        if let Some(engine) = self.engine.take() {
            self.stop(engine).await;
        }
        self.sandbox.shutdown().await;
        drop(self.location);
        drop(self.entropy);
    }
}
