//! The handle everything above holds.

use crate::capture::{Capture, Captured};
use crate::claim::{Claim, Claimed};
use crate::command::{CaptureCommand, Command, FinishCommand, Job, Reply, WriterOf};
use crate::db::{Many, Row, Value};
use crate::deliveries::{AttemptBody, encode_request};
use crate::direct::{DirectStart, is_certain};
use crate::docs::DocWrite;
use crate::error::{OpenError, StoreError};
use crate::finish::{AttemptRecord, Finish, Release};
use crate::hints::Hints;
use crate::migrations::Migration;
use crate::outage::Outages;
use crate::postgres::Postgres;
use crate::sealing::MasterKey;
use crate::snapshot::{DOC_COLUMNS, Snapshot};
use crate::sqlite::Sqlite;
use arc_swap::ArcSwap;
use baton_domain::id::{DeliveryId, IdRandom, TypedId, WorkspaceId};
use baton_domain::time::{Clock, Entropy, Millis};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Most kept versions that are looked at for a document that is damaged.
const HISTORY_LOOKS_MAX: u32 = 20;

/// Where the data is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A data directory with an embedded SQLite database.
    Sqlite {
        /// The directory; it is made if it is missing.
        dir: PathBuf,
    },
    /// A PostgreSQL database by its URL.
    Postgres {
        /// The URL, with credentials.
        url: baton_domain::secret::Secret,
    },
}

/// How to open a store.
#[derive(Clone)]
pub struct StoreSettings {
    /// Where the data is.
    pub location: Location,
    /// The key of the installation.
    pub master: MasterKey,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
}

enum Engine {
    Lite(Sqlite),
    Pg(Box<Postgres>),
}

struct Inner {
    engine: Option<Engine>,
    snapshot: ArcSwap<Snapshot>,
    refreshing: tokio::sync::Mutex<()>,
    hints: Arc<Hints>,
    master: MasterKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    node: Uuid,
    nodes: Arc<AtomicU32>,
    /// Milliseconds to add to our clock to get the database's.
    offset_ms: AtomicI64,
    database_clock: bool,
    /// The engine of this process, while it runs.
    direct: RwLock<Option<Arc<dyn DirectStart>>>,
    reads: Outages,
    writes: Outages,
}

impl Drop for Inner {
    fn drop(&mut self) {
        match self.engine.take() {
            Some(Engine::Lite(engine)) => engine.close(),
            Some(Engine::Pg(engine)) => engine.close(),
            None => {}
        }
    }
}

/// Everything Baton remembers. Cheap to clone; the last clone that goes closes the database.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// Reads and changes of one workspace: the only way to them.
#[derive(Clone)]
pub struct WorkspaceStore {
    pub(crate) store: Store,
    pub(crate) workspace: WorkspaceId,
}

impl Store {
    /// Opens the store, brings it to the newest migration and reads the configuration. On
    /// PostgreSQL the present is the database's from now on.
    pub async fn open(settings: StoreSettings) -> Result<Self, OpenError> {
        Self::open_by(settings, true, &[]).await
    }

    /// Opens the store as [`Self::open`] does, but goes by the given clock on PostgreSQL too: for
    /// tests that move time.
    pub async fn open_by_own_clock(settings: StoreSettings) -> Result<Self, OpenError> {
        Self::open_by(settings, false, &[]).await
    }

    /// Opens the store as the next release would, whose schema is further by these steps: for
    /// tests of upgrades.
    #[doc(hidden)]
    pub async fn open_upgraded(
        settings: StoreSettings,
        later: &[Migration],
    ) -> Result<Self, OpenError> {
        Self::open_by(settings, false, later).await
    }

    async fn open_by(
        settings: StoreSettings,
        database_clock: bool,
        later: &[Migration],
    ) -> Result<Self, OpenError> {
        let StoreSettings { location, master, clock, entropy } = settings;
        let mut random: IdRandom = [0; 10];
        entropy.fill(&mut random);
        // A random id per start: a node that restarts is another node.
        let node = baton_domain::id::uuid_v7(clock.now(), random);
        let hints = Arc::new(Hints::default());
        let nodes = Arc::new(AtomicU32::new(1));
        let engine = match &location {
            Location::Sqlite { dir } => {
                std::fs::create_dir_all(dir).map_err(|source| OpenError::Directory {
                    dir: dir.display().to_string(),
                    source,
                })?;
                let told = Arc::clone(&hints);
                Engine::Lite(Sqlite::open(dir, clock.now(), later, move |e| told.tell(e))?)
            }
            Location::Postgres { url } => {
                let (nodes, hints) = (Arc::clone(&nodes), Arc::clone(&hints));
                let opened = Postgres::open(url.reveal(), clock.now(), node, nodes, hints, later);
                Engine::Pg(Box::new(opened.await?))
            }
        };
        let store = Self(Arc::new(Inner {
            engine: Some(engine),
            snapshot: ArcSwap::default(),
            refreshing: tokio::sync::Mutex::new(()),
            hints,
            master,
            clock,
            entropy,
            node,
            nodes,
            offset_ms: AtomicI64::new(0),
            database_clock,
            direct: RwLock::default(),
            reads: Outages::of("reads"),
            writes: Outages::of("writes"),
        }));
        store.measure_clock().await?;
        match store.refresh().await {
            Err(StoreError::Damaged { what: "sealed value", .. }) => Err(OpenError::WrongKey),
            Err(error) => Err(OpenError::Database(error)),
            Ok(()) => Ok(store),
        }
    }

    /// The published configuration.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    /// Says which engine of this process may start new deliveries directly.
    pub fn start_directly(&self, engine: Option<Arc<dyn DirectStart>>) {
        *self.0.direct.write().unwrap_or_else(PoisonError::into_inner) = engine;
    }

    pub(crate) fn direct_start(&self) -> Option<Arc<dyn DirectStart>> {
        self.0.direct.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hints about what changed.
    #[must_use]
    pub fn hints(&self) -> &Arc<Hints> {
        &self.0.hints
    }

    /// The installation's key.
    #[must_use]
    pub fn master(&self) -> &MasterKey {
        &self.0.master
    }

    /// The present by the database's clock.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.0.clock.now().plus_ms(self.0.offset_ms.load(Ordering::Relaxed))
    }

    /// The present for others to read, as in the timestamp of a signature: it follows a clock that
    /// was set back at once, which [`Self::now`] does not.
    #[must_use]
    pub fn wall(&self) -> Millis {
        let database = self.0.database_clock && self.is_postgres();
        if database { self.now() } else { self.0.clock.wall() }
    }

    /// How far our clock is from the database's, in milliseconds.
    #[must_use]
    pub fn clock_offset_ms(&self) -> i64 {
        self.0.offset_ms.load(Ordering::Relaxed)
    }

    /// A new id of the present.
    #[must_use]
    pub fn new_id<T: TypedId>(&self) -> T {
        let mut random: IdRandom = [0; 10];
        self.0.entropy.fill(&mut random);
        T::new(self.now(), random)
    }

    /// Random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.entropy.fill(&mut bytes);
        bytes
    }

    /// This process among those that share the database.
    #[must_use]
    pub fn node(&self) -> Uuid {
        self.0.node
    }

    /// How many nodes share the database, as of the last heartbeat.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.0.nodes.load(Ordering::Relaxed)
    }

    pub(crate) fn live_nodes(&self) -> &AtomicU32 {
        &self.0.nodes
    }

    /// Says that other processes share the database, before or without a heartbeat: what is
    /// committed here is then told to them. For a process without an engine, which has none.
    pub fn expect_other_nodes(&self) {
        self.0.nodes.fetch_max(2, Ordering::Relaxed);
    }

    /// Whether it runs on PostgreSQL: leases then end by themselves.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.0.engine, Some(Engine::Pg(_)))
    }

    /// Bytes in SQLite's log; 0 on PostgreSQL.
    #[must_use]
    pub fn wal_bytes(&self) -> u64 {
        match &self.0.engine {
            Some(Engine::Lite(engine)) => engine.wal_bytes(),
            _ => 0,
        }
    }

    pub(crate) fn sqlite(&self) -> Option<&Sqlite> {
        match &self.0.engine {
            Some(Engine::Lite(engine)) => Some(engine),
            _ => None,
        }
    }

    /// Reads and changes of one workspace.
    #[must_use]
    pub fn workspace(&self, workspace: WorkspaceId) -> WorkspaceStore {
        WorkspaceStore { store: self.clone(), workspace }
    }

    pub(crate) async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let rows = match &self.0.engine {
            Some(Engine::Lite(engine)) => engine.query(sql, params).await,
            Some(Engine::Pg(engine)) => engine.query(sql, params).await,
            None => Err(StoreError::Closed),
        };
        self.0.reads.note(&rows, || self.now());
        rows
    }

    /// Reads the rows of one query for many rows of parameters.
    pub(crate) async fn query_many(
        &self,
        many: &'static Many,
        params: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = match &self.0.engine {
            Some(Engine::Lite(engine)) => engine.query_many(many, params).await,
            Some(Engine::Pg(engine)) => engine.query_many(many, params).await,
            None => Err(StoreError::Closed),
        };
        self.0.reads.note(&rows, || self.now());
        rows
    }

    /// Hands a command to a writer and waits for its commit. What comes from outside is refused
    /// when the queue is full; what the engine has to say waits its turn.
    pub(crate) async fn write(&self, command: Command) -> Result<Reply, StoreError> {
        let which = command.writer();
        let writer = match &self.0.engine {
            Some(Engine::Lite(engine)) => {
                if engine.is_choked() && command.is_bulk() {
                    return Err(StoreError::Overloaded);
                }
                engine.writer(which)
            }
            Some(Engine::Pg(engine)) => engine.writer(which),
            None => return Err(StoreError::Closed),
        };
        let (reply, answer) = oneshot::channel();
        let job = Job { command, reply };
        if which == WriterOf::Engine {
            writer.send(job).await.map_err(|_| StoreError::Closed)?;
        } else {
            writer.try_send(job).map_err(|e| match e {
                tokio::sync::mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                tokio::sync::mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
            })?;
        }
        let done = answer.await.map_err(|_| StoreError::Closed)?;
        self.0.writes.note(&done, || self.now());
        done
    }

    /// Takes a lead in; returns after the commit.
    pub async fn capture(&self, capture: Capture) -> Result<Captured, StoreError> {
        let body =
            serde_json::to_vec(&capture.data).map_err(|e| StoreError::unreadable("lead", &e))?;
        let mut reserved = self.reserve(&capture);
        let leases = reserved.leases();
        reserved.is_sent();
        let command = CaptureCommand { capture, body, leases, quiet: false };
        match self.write(Command::Capture(Box::new(command))).await {
            Ok(Reply::Captured(captured)) => {
                reserved.committed(&captured);
                Ok(captured)
            }
            Err(error) => {
                if is_certain(&error) {
                    reserved.refused();
                }
                Err(error)
            }
            Ok(_) => Err(StoreError::Closed),
        }
    }

    /// Takes due deliveries.
    pub async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        match self.write(Command::Claim(claim)).await? {
            Reply::Claimed(claimed) => Ok(claimed),
            _ => Err(StoreError::Closed),
        }
    }

    /// Ends an attempt; false when the delivery was no longer ours, the attempt is then recorded
    /// as late and nothing else happens.
    pub async fn finish(&self, finish: Finish) -> Result<bool, StoreError> {
        let attempt_body = finish.attempt.as_ref().map(encode_attempt).transpose()?;
        let request_body =
            finish.request.as_ref().map(|r| encode_request(r, self.master())).transpose()?;
        let slot = crate::outcomes::slot_of(self.node());
        let command = FinishCommand { finish, attempt_body, request_body, slot };
        match self.write(Command::Finish(Box::new(command))).await? {
            Reply::Finished { owned } => Ok(owned),
            _ => Err(StoreError::Closed),
        }
    }

    /// Gives claimed deliveries back without spending an attempt.
    pub async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.write(Command::Release(releases)).await.map(|_| ())
    }

    /// Renews the leases of deliveries in flight: workspace, delivery and token of each.
    pub async fn renew(
        &self,
        held: &[(WorkspaceId, DeliveryId, Uuid)],
        until: Millis,
    ) -> Result<(), StoreError> {
        let deliveries = held.iter().map(|(ws, d, _)| (ws.uuid(), *d)).collect();
        let tokens = held.iter().map(|(_, _, token)| *token).collect();
        let command = Command::Renew { deliveries, token_until: until, tokens };
        self.write(command).await.map(|_| ())
    }

    /// At start on SQLite: makes due what was in flight when the process ended.
    pub async fn free_leases(&self) -> Result<u64, StoreError> {
        if self.is_postgres() {
            return Ok(0);
        }
        match self.write(Command::FreeLeases { now: self.now() }).await? {
            Reply::Count(n) => Ok(n),
            _ => Ok(0),
        }
    }

    /// Changes documents, all or none, and takes the change into the snapshot before it returns
    /// their new versions.
    pub async fn change_docs(&self, writes: Vec<DocWrite>) -> Result<Vec<i64>, StoreError> {
        let versions = match self.write(Command::Docs(writes)).await? {
            Reply::Docs(versions) => versions,
            _ => return Err(StoreError::Closed),
        };
        self.refresh().await?;
        Ok(versions)
    }

    /// Takes changed documents into the snapshot. Called at once after a change here, and by the
    /// engine on a hint or once a second for changes elsewhere.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.0.refreshing.lock().await;
        let current = self.snapshot();
        let sql =
            format!("SELECT {DOC_COLUMNS} FROM docs WHERE change_seq > ?1 ORDER BY change_seq");
        let rows = self.query(&sql, &[current.change_seq.into()]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let (mut next, damaged) = current.with(&rows, self.master());
        for (row, error) in damaged {
            if matches!(error, StoreError::Damaged { what: "sealed value", .. })
                && !next.holds_secrets()
            {
                return Err(error);
            }
            self.take_from_history(&mut next, row, &error).await?;
        }
        let change_seq = next.change_seq;
        self.0.snapshot.store(Arc::new(next));
        // Told last: who hears of it looks at the snapshot once and has to find the change there.
        self.0.hints.config_is_at(change_seq);
        Ok(())
    }

    /// Takes a damaged document from the newest of its kept versions that can be read. Without one
    /// it stays as it was when it could last be read, and is unknown after a restart.
    async fn take_from_history(
        &self,
        snapshot: &mut Snapshot,
        row: &Row,
        error: &StoreError,
    ) -> Result<(), StoreError> {
        let document = row.uuid(1).ok();
        let sql = format!(
            "SELECT body FROM doc_versions WHERE kind = ?1 AND id = ?2 \
             ORDER BY version DESC LIMIT {HISTORY_LOOKS_MAX}"
        );
        let kept = self.query(&sql, &[row.value(0), row.value(1)]).await?;
        for version in kept {
            let Ok(body) = version.bytes(0) else { continue };
            if snapshot.with_body(row, body, self.master()).is_ok() {
                tracing::error!(?document, %error, "a document is damaged; its last kept version that can be read is used: save it again to mend it");
                return Ok(());
            }
        }
        tracing::error!(?document, %error, "a document is damaged and has no kept version that can be read: restore it from a backup");
        Ok(())
    }

    /// Measures how far our clock is from the database's. The engine does so with its heartbeat; a
    /// process without an engine does it by itself.
    pub async fn measure_clock(&self) -> Result<(), StoreError> {
        if !self.is_postgres() || !self.0.database_clock {
            return Ok(());
        }
        let before = self.0.clock.now();
        let rows =
            self.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8", &[]).await?;
        let after = self.0.clock.now();
        if let Some(row) = rows.first() {
            let middle = before.plus_ms(after.since_ms(before) / 2);
            self.0.offset_ms.store(row.millis(0)?.since_ms(middle), Ordering::Relaxed);
        }
        Ok(())
    }
}

impl WorkspaceStore {
    /// The workspace.
    #[must_use]
    pub fn id(&self) -> WorkspaceId {
        self.workspace
    }

    pub(crate) async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.store.query(sql, params).await
    }

    /// The plan of a statement, in the database's words.
    pub(crate) async fn explain(&self, sql: &str, params: &[Value]) -> Result<String, StoreError> {
        let postgres = self.store.is_postgres();
        let (word, column) = if postgres { ("EXPLAIN", 0) } else { ("EXPLAIN QUERY PLAN", 3) };
        let rows = self.query(&format!("{word} {sql}"), params).await?;
        let lines: Result<Vec<&str>, StoreError> =
            rows.iter().map(|row| row.text(column)).collect();
        Ok(lines?.join("\n"))
    }
}

fn encode_attempt(attempt: &AttemptRecord) -> Result<Vec<u8>, StoreError> {
    let damaged = |e| StoreError::unreadable("attempt", &e);
    let extracted = match &attempt.extracted {
        Some(bytes) => serde_json::from_slice(bytes).map_err(damaged)?,
        None => serde_json::Value::Null,
    };
    serde_json::to_vec(&AttemptBody {
        decided_by: attempt.decided_by.clone(),
        rule: attempt.rule,
        reason: attempt.reason.clone(),
        status: attempt.status,
        fault: attempt.fault.clone(),
        sent_headers: attempt.sent_headers.clone(),
        answer_headers: attempt.answer_headers.clone(),
        answer_cut: attempt.answer_cut,
        phases: attempt.phases,
        extracted,
        steps: attempt.steps.clone(),
        question: attempt.question,
        sent: attempt.sent.clone(),
    })
    .map_err(damaged)
}
