//! The embedded engine: one writer thread, a few reader threads, a checkpoint thread.
//!
//! The log (WAL) is kept bounded: a thread copies it back all the time; past [`WAL_RESTART_BYTES`]
//! the writer completes the copy and starts the log anew; past [`WAL_REFUSE_BYTES`] writes are
//! refused until it has shrunk.

use crate::command::{Effects, Job};
use crate::db::{Row, Tx, Value, from_sqlite, lite_query};
use crate::error::{OpenError, StoreError};
use crate::migrations::Migration;
use crate::writer::{self, BATCH_MAX, QUEUE_MAX};
use futures_util::FutureExt;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc as std_mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Name of the database file in the data directory.
pub const DATABASE_FILE: &str = "baton.sqlite3";
const LOCK_FILE: &str = "baton.lock";
const PAGE_BYTES: u64 = 4096;
/// Size of the log at which the writer stops to start it anew.
pub(crate) const WAL_RESTART_BYTES: u64 = 64 * 1024 * 1024;
/// Size of the log at which writes are refused.
pub(crate) const WAL_REFUSE_BYTES: u64 = 512 * 1024 * 1024;
/// Size of the log from which the checkpoint thread has work to do.
const WAL_COPY_BYTES: u64 = 4 * 1024 * 1024;
const READERS: usize = 4;
/// Most reads waiting for a reader.
const READS_MAX: usize = 4_096;
/// How long a statement waits for a lock another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a batch of writes waits for such a lock. What is queued behind it is refused without a
/// wait of its own, so this is about the longest anybody is kept waiting for a refusal.
const WRITE_LOCK_WAIT: Duration = Duration::from_secs(3);
/// How long a batch waits while the lock is known to be held by another process.
const WRITE_LOCK_WAIT_AGAIN: Duration = Duration::from_millis(50);
/// How long the checkpoint thread rests when the log is short.
const CHECKPOINT_REST: Duration = Duration::from_millis(200);

type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    reads: std_mpsc::SyncSender<ReadJob>,
    wal: Arc<Wal>,
    path: PathBuf,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: File,
}

/// What is known about the log.
#[derive(Default)]
struct Wal {
    /// Bytes in the log when it was last looked at.
    bytes: AtomicU64,
    stop: AtomicBool,
    wake: (Mutex<bool>, Condvar),
}

impl Wal {
    fn nudge(&self) {
        *self.wake.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.1.notify_all();
    }
}

fn open_connection(path: &Path, write: bool) -> Result<Connection, StoreError> {
    let flags = if write {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(from_sqlite)?;
    // First, so that every later statement waits for a lock instead of failing.
    connection.busy_timeout(BUSY_TIMEOUT).map_err(from_sqlite)?;
    let pragma =
        |name: &str, value: i64| connection.pragma_update(None, name, value).map_err(from_sqlite);
    if write {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(from_sqlite)?;
        // FULL: an acknowledged lead is on disk. NORMAL would answer before the sync.
        connection.pragma_update(None, "synchronous", "FULL").map_err(from_sqlite)?;
        pragma("wal_autocheckpoint", 0)?;
        pragma("journal_size_limit", WAL_RESTART_BYTES as i64)?;
        pragma("cache_size", -32_000)?;
    } else {
        pragma("query_only", 1)?;
        pragma("cache_size", -4_000)?;
    }
    pragma("temp_store", 2)?;
    connection.set_prepared_statement_cache_capacity(200);
    Ok(connection)
}

/// Takes the lock that proves this process is the only owner of the directory.
pub(crate) fn lock_directory(dir: &Path) -> Result<File, OpenError> {
    let directory = |source| OpenError::Directory { dir: dir.display().to_string(), source };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK_FILE))
        .map_err(directory)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(directory(source)),
    }
}

impl Sqlite {
    /// Opens or creates the database of a data directory.
    pub fn open(
        dir: &Path,
        now: baton_domain::time::Millis,
        later: &[Migration],
        tell: impl Fn(&Effects) + Send + 'static,
    ) -> Result<Self, OpenError> {
        let lock = lock_directory(dir)?;
        let path = dir.join(DATABASE_FILE);
        let connection = open_connection(&path, true)?;
        let tx = Tx::Lite(&connection);
        let migrated = crate::migrations::migrate(&tx, now, later).now_or_never();
        migrated.ok_or(OpenError::Database(StoreError::Closed))??;
        tracing::info!(version = rusqlite::version(), "sqlite opened");
        let wal = Arc::new(Wal::default());
        let (writer, queue) = mpsc::channel(QUEUE_MAX);
        let (reads, read_queue) = std_mpsc::sync_channel::<ReadJob>(READS_MAX);
        let read_queue = Arc::new(Mutex::new(read_queue));
        let mut threads = Vec::new();
        let log = Arc::clone(&wal);
        threads.push(spawn("baton-writer", move || write_loop(&connection, queue, &log, &tell))?);
        for n in 0..READERS {
            let connection = open_connection(&path, false)?;
            let queue = Arc::clone(&read_queue);
            threads
                .push(spawn(&format!("baton-reader-{n}"), move || read_loop(connection, &queue))?);
        }
        let connection = open_connection(&path, true)?;
        let log = Arc::clone(&wal);
        threads.push(spawn("baton-checkpoint", move || checkpoint_loop(&connection, &log))?);
        let threads = Mutex::new(threads);
        Ok(Self { writer, reads, wal, path, threads, _lock: lock })
    }

    pub fn writer(&self) -> &mpsc::Sender<Job> {
        &self.writer
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the log has outgrown what may be written now.
    pub fn is_choked(&self) -> bool {
        self.wal.bytes.load(Ordering::Relaxed) > WAL_REFUSE_BYTES
    }

    /// Bytes in the log when last looked at.
    pub fn wal_bytes(&self) -> u64 {
        self.wal.bytes.load(Ordering::Relaxed)
    }

    /// Runs work on a reader's connection.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: ReadJob = Box::new(move |connection| {
            drop(reply.send(work(connection)));
        });
        self.reads.try_send(job).map_err(|e| match e {
            std_mpsc::TrySendError::Full(_) => StoreError::Overloaded,
            std_mpsc::TrySendError::Disconnected(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads the rows of a query.
    pub async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.read(move |connection| lite_query(connection, &sql, &params)).await
    }

    /// Ends the threads; the writer first finishes what it was given.
    pub fn close(self) {
        self.wal.stop.store(true, Ordering::Relaxed);
        self.wal.nudge();
        drop(self.writer);
        drop(self.reads);
        let threads = self.threads.into_inner().unwrap_or_else(PoisonError::into_inner);
        for thread in threads {
            drop(thread.join());
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| OpenError::Directory { dir: name.to_owned(), source })
}

fn read_loop(connection: Connection, queue: &Mutex<std_mpsc::Receiver<ReadJob>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // Who asked hears that nothing comes; the next one has this reader still.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(|| job(&connection)))),
            Err(_) => return,
        }
    }
}

fn write_loop(
    connection: &Connection,
    mut queue: mpsc::Receiver<Job>,
    wal: &Wal,
    tell: &impl Fn(&Effects),
) {
    let mut jobs = Vec::with_capacity(BATCH_MAX);
    let mut locked_out = false;
    while queue.blocking_recv_many(&mut jobs, BATCH_MAX) > 0 {
        let wait = if locked_out { WRITE_LOCK_WAIT_AGAIN } else { WRITE_LOCK_WAIT };
        drop(connection.busy_timeout(wait));
        locked_out = write_batch(connection, std::mem::take(&mut jobs), tell);
        if wal.bytes.load(Ordering::Relaxed) > WAL_COPY_BYTES {
            wal.nudge();
        }
        if wal.bytes.load(Ordering::Relaxed) > WAL_RESTART_BYTES {
            restart_log(connection, wal);
        }
    }
    // Everything is on disk already; this only spares the next start the copy.
    drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
}

/// Runs a batch and answers its callers; whether another process kept it from being run.
fn write_batch(connection: &Connection, jobs: Vec<Job>, tell: &impl Fn(&Effects)) -> bool {
    let mut begun = false;
    let mut run = || -> Result<(writer::Results, Effects), StoreError> {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(from_sqlite)?;
        begun = true;
        let done = writer::run_batch(&Tx::Lite(connection), &jobs)
            .now_or_never()
            .ok_or(StoreError::Closed)??;
        connection.execute_batch("COMMIT").map_err(from_sqlite)?;
        Ok(done)
    };
    // A panic is that of one batch: the writer goes on with the next.
    let done = catch_unwind(AssertUnwindSafe(&mut run));
    match done.unwrap_or_else(|_| Err(StoreError::Unavailable("a write panicked".to_owned()))) {
        Ok((results, effects)) => {
            tell(&effects);
            writer::answer_all(jobs, results);
            false
        }
        Err(error) => {
            // A full disk or an I/O error has ended the transaction already.
            if !connection.is_autocommit() {
                drop(connection.execute_batch("ROLLBACK"));
            }
            tracing::error!(error = %error, commands = jobs.len(), "a batch was lost");
            writer::fail_all(jobs, &error);
            !begun
        }
    }
}

/// Copies the whole log back and starts it anew; readers hold no snapshot longer than a query.
fn restart_log(connection: &Connection, wal: &Wal) {
    let size = |mode: &str| {
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
    };
    match size("RESTART") {
        Ok((0, _, _)) => wal.bytes.store(0, Ordering::Relaxed),
        Ok((_, frames, _)) => {
            wal.bytes.store(frames.max(0) as u64 * PAGE_BYTES, Ordering::Relaxed);
        }
        Err(error) => tracing::warn!(%error, "the log could not be started anew"),
    }
}

fn checkpoint_loop(connection: &Connection, wal: &Wal) {
    while !wal.stop.load(Ordering::Relaxed) {
        let checkpoint = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match checkpoint {
            Ok((frames, _)) => {
                wal.bytes.store(frames.max(0) as u64 * PAGE_BYTES, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "checkpoint failed"),
        }
        let woken = wal.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = wal.wake.1.wait_timeout_while(woken, CHECKPOINT_REST, |w| !*w);
        if let Ok((mut woken, _)) = rested {
            *woken = false;
        }
    }
}
