//! PostgreSQL 15 or newer, shared by several nodes: writer threads that commit in groups, a few
//! connections for reading, one that listens.

mod connect;
mod notices;

use crate::command::{Effects, Job, WriterOf};
use crate::db::{Many, Row, Value, from_postgres, pg_query, pg_query_many};
use crate::error::{OpenError, StoreError};
use crate::hints::Hints;
use crate::migrations::Migration;
use crate::writer::{self, BATCH_MAX, Care, QUEUE_MAX, is_members_fault};
use connect::{Connection, Connector, in_time, silent};
use futures_util::FutureExt as _;
use notices::{CHANNEL, encode_effects, listen};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_postgres::SimpleQueryMessage;
use uuid::Uuid;

const READERS: usize = 6;
/// Transactions that collide are run again at most so often.
const COLLISIONS_MAX: u32 = 10;
/// A query that takes longer, or a batch, is given up with its connection: the database is silent,
/// or locked by somebody else. Callers are told that it is not available.
const QUERY_WAIT: Duration = Duration::from_secs(10);
/// After a failed connect, jobs are refused at once for so long before the next try.
const CONNECT_REST: Duration = Duration::from_millis(500);
/// How long the outcome of a commit is looked for after the connection was lost in it. Others
/// wait for the writer meanwhile and are to learn soon that the database is gone.
const OUTCOME_WAIT: Duration = Duration::from_secs(2);
/// Rest between two looks.
const OUTCOME_REST: Duration = Duration::from_millis(100);
/// Key of the advisory lock under which migrations run.
const MIGRATION_LOCK: i64 = 0x0062_6174_6f6e;

pub(crate) struct Postgres {
    /// Captures and everything that is not the engine's.
    intake: mpsc::Sender<Job>,
    /// Claims, finishes, renewals: so that neither waits for the other's commit.
    engine: mpsc::Sender<Job>,
    /// What nobody waits for: a long removal or a merge of the search index delays neither.
    upkeep: mpsc::Sender<Job>,
    connector: Connector,
    readers: Mutex<Vec<Connection>>,
    permits: Semaphore,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
}

impl Postgres {
    /// Connects, checks the version and brings the database to the newest migration.
    pub async fn open(
        url: &str,
        now: baton_domain::time::Millis,
        node: Uuid,
        nodes: Arc<AtomicU32>,
        hints: Arc<Hints>,
        later: &[Migration],
    ) -> Result<Self, OpenError> {
        let connector = Connector::new(url)?;
        // Kept by nobody: it holds the lock of the migrations, and readers are set up otherwise.
        let first = connector.connect().await?;
        check_version(&first).await?;
        first
            .client
            .batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
            .await
            .map_err(from_postgres)?;
        let migrated = crate::migrations::migrate(&first.tx(), now, later).await;
        let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
        first.client.batch_execute(&unlock).await.map_err(from_postgres)?;
        migrated?;
        let mut threads = Vec::new();
        let mut start = |name: &str| -> Result<mpsc::Sender<Job>, OpenError> {
            let (sender, queue) = mpsc::channel(QUEUE_MAX);
            let writer = Writer {
                connector: connector.clone(),
                handle: Handle::current(),
                node,
                nodes: Arc::clone(&nodes),
                hints: Arc::clone(&hints),
                refused_until: None,
            };
            let thread = std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || writer.run(queue))
                .map_err(|source| OpenError::Directory { dir: name.to_owned(), source })?;
            threads.push(thread);
            Ok(sender)
        };
        let intake = start("baton-intake")?;
        let engine = start("baton-engine")?;
        let upkeep = start("baton-upkeep")?;
        tokio::spawn(listen(connector.clone(), node, hints));
        Ok(Self {
            intake,
            engine,
            upkeep,
            connector,
            readers: Mutex::default(),
            permits: Semaphore::new(READERS),
            threads: Mutex::new(threads),
        })
    }

    /// The writer for a command.
    pub fn writer(&self, which: WriterOf) -> &mpsc::Sender<Job> {
        match which {
            WriterOf::Intake => &self.intake,
            WriterOf::Engine => &self.engine,
            WriterOf::Upkeep | WriterOf::Search => &self.upkeep,
        }
    }

    /// Reads the rows of a query on a free connection.
    pub async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let connection = self.reader().await?;
        let rows = pg_query(&connection.client, &connection.statements, sql, params);
        let rows = timeout(QUERY_WAIT, rows).await.map_err(|_| silent())?;
        self.give_back(connection);
        rows
    }

    /// Reads the rows of one query for many rows of parameters.
    pub async fn query_many(
        &self,
        many: &Many,
        params: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        if params.is_empty() {
            return Ok(Vec::new());
        }
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let connection = self.reader().await?;
        let rows = pg_query_many(&connection.client, &connection.statements, many, &params);
        let rows = timeout(QUERY_WAIT, rows).await.map_err(|_| silent())?;
        self.give_back(connection);
        rows
    }

    /// A free connection. It is given back after an answer only: when a query is given up, one
    /// may still come on it.
    async fn reader(&self) -> Result<Connection, StoreError> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match free {
            Some(connection) if !connection.client.is_closed() => Ok(connection),
            _ => self.connector.connect_reader().await,
        }
    }

    fn give_back(&self, connection: Connection) {
        if !connection.client.is_closed() {
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }

    /// Ends the writers once they have finished what they were given. On a thread of a runtime it
    /// does not wait for them: that thread may be the one that drives their connections.
    pub fn close(self) {
        drop(self.intake);
        drop(self.engine);
        drop(self.upkeep);
        if Handle::try_current().is_ok() {
            return;
        }
        let threads = self.threads.into_inner().unwrap_or_else(PoisonError::into_inner);
        for thread in threads {
            drop(thread.join());
        }
    }
}

async fn check_version(connection: &Connection) -> Result<(), OpenError> {
    let row = connection
        .tx()
        .query_opt("SELECT current_setting('server_version_num')::int8, version()", &[])
        .await?;
    let Some(row) = row else { return Ok(()) };
    if row.int(0).map_err(OpenError::Database)? >= 150_000 {
        return Ok(());
    }
    let found = row.text(1).map_err(OpenError::Database)?.to_owned();
    Err(OpenError::PostgresTooOld { found })
}

struct Writer {
    connector: Connector,
    handle: Handle,
    node: Uuid,
    nodes: Arc<AtomicU32>,
    hints: Arc<Hints>,
    refused_until: Option<tokio::time::Instant>,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let handle = self.handle.clone();
        handle.block_on(async move {
            let mut connection = None;
            let mut jobs = Vec::with_capacity(BATCH_MAX);
            while queue.recv_many(&mut jobs, BATCH_MAX).await > 0 {
                let batch = std::mem::take(&mut jobs);
                let write = AssertUnwindSafe(self.write(&mut connection, batch));
                // A panic is that of one batch, whose callers hear that nothing comes: the writer
                // goes on with the next, on a new connection.
                if write.catch_unwind().await.is_err() {
                    tracing::error!("a batch of writes panicked");
                    connection = None;
                }
            }
        });
    }

    async fn write(&mut self, connection: &mut Option<Connection>, jobs: Vec<Job>) {
        match in_time(QUERY_WAIT, self.commit(connection, &jobs)).await {
            Ok((results, effects)) => {
                self.hints.tell(&effects);
                writer::answer_all(jobs, results);
            }
            Err(error) => {
                match &error {
                    // The store tells of outages.
                    StoreError::Unavailable(_) => {
                        tracing::debug!(error = %error, commands = jobs.len(), "a batch was lost");
                    }
                    _ => tracing::error!(error = %error, commands = jobs.len(), "a batch was lost"),
                }
                *connection = None;
                writer::fail_all(jobs, &error);
            }
        }
    }

    async fn commit(
        &mut self,
        slot: &mut Option<Connection>,
        jobs: &[Job],
    ) -> Result<(writer::Results, Effects), StoreError> {
        let (mut collisions, mut care) = (0, Care::Hopeful);
        loop {
            let connection = self.connected(slot).await?;
            match self.attempt(connection, jobs, care).await {
                Err(StoreError::Collision) if collisions < COLLISIONS_MAX => collisions += 1,
                Err(error) if care == Care::Hopeful && is_members_fault(&error) => {
                    care = Care::Savepoints;
                }
                other => return other,
            }
            connection.client.batch_execute("ROLLBACK").await.map_err(from_postgres)?;
        }
    }

    async fn connected<'c>(
        &mut self,
        slot: &'c mut Option<Connection>,
    ) -> Result<&'c mut Connection, StoreError> {
        if slot.as_ref().is_none_or(|c| c.client.is_closed()) {
            *slot = None;
            let now = tokio::time::Instant::now();
            if self.refused_until.is_some_and(|until| now < until) {
                return Err(StoreError::Unavailable("postgres: not connected".to_owned()));
            }
            match self.connector.connect_writer().await {
                Ok(connection) => {
                    self.refused_until = None;
                    *slot = Some(connection);
                }
                Err(_) => {
                    self.refused_until = Some(tokio::time::Instant::now() + CONNECT_REST);
                    return Err(StoreError::Unavailable("postgres: cannot connect".to_owned()));
                }
            }
        }
        slot.as_mut().ok_or(StoreError::Closed)
    }

    async fn attempt(
        &self,
        connection: &Connection,
        jobs: &[Job],
        care: Care,
    ) -> Result<(writer::Results, Effects), StoreError> {
        let begun = connection
            .client
            .simple_query("BEGIN; SELECT pg_current_xact_id()::text")
            .await
            .map_err(from_postgres)?;
        let transaction = begun.iter().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        let (results, effects) = writer::run_batch(&connection.tx(), jobs, care).await?;
        self.notify(connection, &effects).await?;
        match connection.client.batch_execute("COMMIT").await.map_err(from_postgres) {
            Ok(()) => Ok((results, effects)),
            Err(StoreError::Unavailable(why)) => {
                // The answer to COMMIT was lost: ask the database what became of it.
                if self.was_committed(transaction.as_deref()).await {
                    Ok((results, effects))
                } else {
                    Err(StoreError::Unavailable(why))
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the transaction was committed; false also when that cannot be found out in time.
    async fn was_committed(&self, transaction: Option<&str>) -> bool {
        let Some(transaction) = transaction else { return false };
        let found = timeout(OUTCOME_WAIT, self.outcome(transaction)).await;
        found.unwrap_or(false)
    }

    /// Looks until the database tells what became of the transaction.
    async fn outcome(&self, transaction: &str) -> bool {
        // The number is digits by its cast where it was read, so it can stand in the text.
        let sql = format!("SELECT pg_xact_status('{transaction}'::xid8)");
        loop {
            if let Ok(connection) = self.connector.connect().await
                && let Ok(Some(row)) = connection.tx().query_opt(&sql, &[]).await
            {
                match row.opt_text(0) {
                    Ok(Some(status)) if status == "in progress" => {}
                    Ok(status) => return status.as_deref() == Some("committed"),
                    Err(_) => return false,
                }
            }
            tokio::time::sleep(OUTCOME_REST).await;
        }
    }

    /// Tells other nodes, in the transaction and only when there are others: NOTIFY takes a lock
    /// on the whole database at commit.
    async fn notify(&self, connection: &Connection, effects: &Effects) -> Result<(), StoreError> {
        if effects.is_empty() || self.nodes.load(Ordering::Relaxed) < 2 {
            return Ok(());
        }
        let payload = encode_effects(self.node, effects);
        connection
            .tx()
            .query("SELECT pg_notify(?1, ?2)::text", &[CHANNEL.into(), payload.into()])
            .await
            .map(|_| ())
    }
}

/// What a look at a database brought.
pub(crate) struct Seen {
    pub version: String,
    pub migration: i64,
    pub clock_offset_ms: i64,
}

/// Looks at a database without changing it.
pub(crate) async fn look(
    url: &str,
    clock: &dyn baton_domain::time::Clock,
) -> Result<Seen, OpenError> {
    let connection = Connector::new(url)?.connect().await?;
    check_version(&connection).await?;
    let tx = connection.tx();
    let row = tx.query_opt("SELECT current_setting('server_version')", &[]).await?;
    let version = match row {
        Some(row) => row.text(0)?.to_owned(),
        None => String::new(),
    };
    let made = tx.query_opt("SELECT to_regclass('migrations')::text", &[]).await?;
    let migration = match made.as_ref().map(|row| row.opt_text(0)).transpose()?.flatten() {
        None => 0,
        Some(_) => {
            let row = tx.query_opt("SELECT coalesce(max(number), 0) FROM migrations", &[]).await?;
            row.map_or(Ok(0), |row| row.int(0))?
        }
    };
    let before = clock.now();
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8";
    let row = tx.query_opt(sql, &[]).await?;
    let middle = before.plus_ms(clock.now().since_ms(before) / 2);
    let clock_offset_ms = row.map_or(Ok(0), |row| row.millis(0).map(|at| at.since_ms(middle)))?;
    Ok(Seen { version, migration, clock_offset_ms })
}
