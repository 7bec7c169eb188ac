//! The embedded engine: one writer thread, one more for the search index, a few reader threads, a
//! checkpoint thread.
//!
//! The log (WAL) is kept bounded: a thread copies it back all the time; past [`WAL_RESTART_BYTES`]
//! the writer completes the copy, when little of it is left, and starts the log anew; past
//! [`WAL_FORCE_BYTES`] it does so however much is left; past [`WAL_REFUSE_BYTES`] writes are refused
//! until it has shrunk.

use crate::command::{Effects, Job, WriterOf};
use crate::db::{Many, Row, Tx, Value, from_sqlite, lite_query};
use crate::error::{OpenError, StoreError};
use crate::migrations::Migration;
use crate::writer::{self, BATCH_MAX, Care, QUEUE_MAX, is_members_fault};
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
/// Name of the search index beside it; it fills itself again when it is missing.
pub(crate) const SEARCH_FILE: &str = "baton-search.sqlite3";
const LOCK_FILE: &str = "baton.lock";
const PAGE_BYTES: u64 = 4096;
/// Size of the log from which the writer stops to start it anew.
pub(crate) const WAL_RESTART_BYTES: u64 = 64 * 1024 * 1024;
/// How much of the log may be left to copy when the writer stops for it: every caller waits.
const WAL_TAIL_BYTES: u64 = 8 * 1024 * 1024;
/// Size of the log at which the writer no longer waits for a good moment.
const WAL_FORCE_BYTES: u64 = 192 * 1024 * 1024;
/// How long it waits for a reader that still needs the old log.
const WAL_READER_WAIT: Duration = Duration::from_millis(20);
/// Size of the log at which writes are refused.
pub(crate) const WAL_REFUSE_BYTES: u64 = 512 * 1024 * 1024;
/// How much of the log may wait to be copied back. A copy syncs the disk twice, and each sync keeps
/// a commit waiting.
const WAL_COPY_BYTES: u64 = 16 * 1024 * 1024;
/// How often it is looked at before even a short log is copied back: every ten seconds.
const WAL_LOOKS_MAX: u32 = 200;
/// Pages in the search index's log that are copied back at once.
const INDEX_LOG_PAGES: i64 = 4_000;
/// How much the search index's thread stands back for others (a nice value): while leads pour in,
/// they come first.
const INDEX_NICE: i32 = 10;
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
const CHECKPOINT_REST: Duration = Duration::from_millis(50);

type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    search: mpsc::Sender<Job>,
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
    /// Bytes of it that were not copied back then.
    tail: AtomicU64,
    /// Held by whoever copies.
    copying: Mutex<()>,
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
        // What is overwritten in a page that is written anyway does not stay in the file.
        connection.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(())).map_err(from_sqlite)?;
    } else {
        pragma("query_only", 1)?;
        pragma("cache_size", -4_000)?;
    }
    pragma("temp_store", 2)?;
    // Plans are kept: SQLite would else prepare a statement again whenever a value is bound that a
    // partial index might depend on.
    connection
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(from_sqlite)?;
    connection.set_prepared_statement_cache_capacity(200);
    Ok(connection)
}

/// Opens or makes the search index. A commit there is not synced: after a loss of power the index
/// stands where it stood before, and goes on from there. A file that is not a database is removed.
fn open_index(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, StoreError> {
        let connection = open_connection(path, true)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(from_sqlite)?;
        connection
            .pragma_update(None, "wal_autocheckpoint", INDEX_LOG_PAGES)
            .map_err(from_sqlite)?;
        connection.pragma_update(None, "cache_size", -8_000).map_err(from_sqlite)?;
        connection.execute_batch(crate::search::SQLITE_SCHEMA).map_err(from_sqlite)?;
        Ok(connection)
    };
    open().or_else(|error| {
        tracing::warn!(%error, "the search index cannot be read and is made anew");
        remove_index(path).map_err(|e| StoreError::Unavailable(e.to_string()))?;
        open()
    })
}

/// Removes the index file with what belongs to it.
pub(crate) fn remove_index(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Lets a reader see the index as `search`.
fn attach_index(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let path = path.to_string_lossy().into_owned();
    connection.execute("ATTACH DATABASE ?1 AS search", [path]).map_err(from_sqlite)?;
    Ok(())
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
        let index = dir.join(SEARCH_FILE);
        let index_connection = open_index(&index)?;
        let wal = Arc::new(Wal::default());
        let (writer, queue) = mpsc::channel(QUEUE_MAX);
        let (search, index_queue) = mpsc::channel(QUEUE_MAX);
        let (reads, read_queue) = std_mpsc::sync_channel::<ReadJob>(READS_MAX);
        let read_queue = Arc::new(Mutex::new(read_queue));
        let mut threads = Vec::new();
        let log = Arc::clone(&wal);
        threads.push(spawn("baton-writer", move || write_loop(&connection, queue, &log, &tell))?);
        threads.push(spawn("baton-search", move || index_loop(&index_connection, index_queue))?);
        for n in 0..READERS {
            let connection = open_connection(&path, false)?;
            attach_index(&connection, &index)?;
            let queue = Arc::clone(&read_queue);
            threads
                .push(spawn(&format!("baton-reader-{n}"), move || read_loop(connection, &queue))?);
        }
        let connection = open_connection(&path, true)?;
        let log = Arc::clone(&wal);
        threads.push(spawn("baton-checkpoint", move || checkpoint_loop(&connection, &log))?);
        let threads = Mutex::new(threads);
        Ok(Self { writer, search, reads, wal, path, threads, _lock: lock })
    }

    /// The writer for a command.
    pub fn writer(&self, which: WriterOf) -> &mpsc::Sender<Job> {
        if which == WriterOf::Search { &self.search } else { &self.writer }
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

    /// Reads the rows of one query for many rows of parameters.
    pub async fn query_many(
        &self,
        many: &'static Many,
        params: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(move |connection| {
            let mut rows = Vec::new();
            for row in &params {
                rows.extend(lite_query(connection, many.sqlite, row)?);
            }
            Ok(rows)
        })
        .await
    }

    /// Ends the threads; the writer first finishes what it was given.
    pub fn close(self) {
        self.wal.stop.store(true, Ordering::Relaxed);
        self.wal.nudge();
        drop(self.writer);
        drop(self.search);
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

#[cfg(target_os = "linux")]
fn stand_back() -> rustix::io::Result<()> {
    rustix::process::setpriority_process(Some(rustix::thread::gettid()), INDEX_NICE)
}

fn index_loop(connection: &Connection, mut queue: mpsc::Receiver<Job>) {
    // On Linux a thread's own; elsewhere it has no effect on the index alone, so it is not done.
    #[cfg(target_os = "linux")]
    if let Err(error) = stand_back() {
        tracing::debug!(%error, "the search index's thread has the priority of the others");
    }
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, 1) > 0 {
        write_batch(connection, std::mem::take(&mut jobs), &|_| {});
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
        let bytes = wal.bytes.load(Ordering::Relaxed);
        let tail = wal.tail.load(Ordering::Relaxed);
        if bytes > WAL_FORCE_BYTES || (bytes > WAL_RESTART_BYTES && tail <= WAL_TAIL_BYTES) {
            restart_log(connection, wal, bytes > WAL_FORCE_BYTES);
        }
    }
    // Everything is on disk already; this only spares the next start the copy.
    drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
}

/// Runs a batch and answers its callers; whether another process kept it from being run.
fn write_batch(connection: &Connection, jobs: Vec<Job>, tell: &impl Fn(&Effects)) -> bool {
    let mut begun = false;
    let mut run = |care: Care| -> Result<(writer::Results, Effects), StoreError> {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(from_sqlite)?;
        begun = true;
        let done = writer::run_batch(&Tx::Lite(connection), &jobs, care)
            .now_or_never()
            .ok_or(StoreError::Closed)??;
        connection.execute_batch("COMMIT").map_err(from_sqlite)?;
        Ok(done)
    };
    // A full disk or an I/O error has ended the transaction already.
    let roll_back = || {
        if !connection.is_autocommit() {
            drop(connection.execute_batch("ROLLBACK"));
        }
    };
    // A panic is that of one batch: the writer goes on with the next.
    let mut caught = |care| {
        catch_unwind(AssertUnwindSafe(|| run(care)))
            .unwrap_or_else(|_| Err(StoreError::Unavailable("a write panicked".to_owned())))
    };
    let done = caught(Care::Hopeful).or_else(|error| {
        roll_back();
        if is_members_fault(&error) { caught(Care::Savepoints) } else { Err(error) }
    });
    match done {
        Ok((results, effects)) => {
            tell(&effects);
            writer::answer_all(jobs, results);
            false
        }
        Err(error) => {
            roll_back();
            match &error {
                // The store tells of outages.
                StoreError::Unavailable(_) => {
                    tracing::debug!(error = %error, commands = jobs.len(), "a batch was lost");
                }
                _ => tracing::error!(error = %error, commands = jobs.len(), "a batch was lost"),
            }
            writer::fail_all(jobs, &error);
            !begun
        }
    }
}

/// Copies the rest of the log back and starts it anew, unless the other thread copies just now or
/// a reader needs the old log; with `wait`, the former is waited for.
fn restart_log(connection: &Connection, wal: &Wal, wait: bool) {
    let copying = match wal.copying.try_lock() {
        Ok(copying) => copying,
        Err(_) if wait => wal.copying.lock().unwrap_or_else(PoisonError::into_inner),
        Err(_) => return,
    };
    // One try for each look of the other thread: a reader may take long. The next batch sets its own
    // wait for locks.
    wal.tail.store(u64::MAX, Ordering::Relaxed);
    let restarted = (connection.busy_timeout(WAL_READER_WAIT))
        .and_then(|()| checkpoint(connection, "RESTART", wal));
    if let Err(error) = restarted {
        tracing::warn!(%error, "the log could not be started anew");
    }
    drop(copying);
}

/// Copies the log back, as far as the mode goes; `NOOP` only looks.
fn checkpoint(connection: &Connection, mode: &str, wal: &Wal) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let (busy, frames, copied) = connection.query_row(&sql, [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    let bytes = |frames: i64| frames.max(0) as u64 * PAGE_BYTES;
    let anew = mode == "RESTART" && busy == 0;
    wal.bytes.store(if anew { 0 } else { bytes(frames) }, Ordering::Relaxed);
    if mode != "RESTART" {
        wal.tail.store(bytes(frames - copied), Ordering::Relaxed);
    }
    Ok(())
}

fn checkpoint_loop(connection: &Connection, wal: &Wal) {
    let mut failing = false;
    let mut looks = 0;
    while !wal.stop.load(Ordering::Relaxed) {
        let copying = wal.copying.lock().unwrap_or_else(PoisonError::into_inner);
        let done = checkpoint(connection, "NOOP", wal).and_then(|()| {
            let tail = wal.tail.load(Ordering::Relaxed);
            looks += 1;
            let late = tail > 0 && looks >= WAL_LOOKS_MAX;
            if tail <= WAL_COPY_BYTES && !late {
                return Ok(());
            }
            looks = 0;
            checkpoint(connection, "PASSIVE", wal)
        });
        match done {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                tracing::warn!(%error, "checkpoint failed; it is tried again and again");
                failing = true;
            }
            Err(_) => {}
        }
        drop(copying);
        let woken = wal.wake.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = wal.wake.1.wait_timeout_while(woken, CHECKPOINT_REST, |w| !*w);
        if let Ok((mut woken, _)) = rested {
            *woken = false;
        }
    }
}
