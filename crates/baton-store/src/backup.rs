//! Backup and restore of the embedded database.

use crate::db::from_sqlite;
use crate::error::{OpenError, StoreError};
use crate::sqlite::{DATABASE_FILE, SEARCH_FILE};
use crate::store::Store;
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// What a backup or restore found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupReport {
    /// Bytes of the copy.
    pub bytes: u64,
    /// Leads in the copy.
    pub leads: i64,
    /// Deliveries in the copy that wait or were in flight.
    pub unfinished: i64,
}

impl Store {
    /// Copies the database to a file while it is in use; the copy is consistent as of its end.
    /// On PostgreSQL use `pg_dump`: this refuses.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, StoreError> {
        let Some(engine) = self.sqlite() else {
            return Err(StoreError::Unavailable(
                "this database is PostgreSQL; back it up with pg_dump".to_owned(),
            ));
        };
        let (from, to) = (engine.path().to_owned(), to.to_owned());
        tokio::task::spawn_blocking(move || copy(&from, &to))
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?
    }
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<BackupReport, StoreError> {
    let unavailable = |e: std::io::Error| StoreError::Unavailable(e.to_string());
    let partial = to.with_extension("partial");
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(unavailable)?;
    }
    let source =
        Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(from_sqlite)?;
    source.busy_timeout(Duration::from_secs(5)).map_err(from_sqlite)?;
    // The copy holds personal data: its file is made before, for the owner only, and SQLite fills it.
    let mut owned = OpenOptions::new();
    owned.write(true).create_new(true).mode(0o600).open(&partial).map_err(unavailable)?;
    // VACUUM INTO reads one snapshot, so that a writer can never make the copy start over.
    let path = partial.to_string_lossy().into_owned();
    source.execute("VACUUM INTO ?1", [path]).map_err(from_sqlite)?;
    let report = inspect(&partial)?;
    std::fs::File::open(&partial).and_then(|f| f.sync_all()).map_err(unavailable)?;
    put_in_place(&partial, to).map_err(unavailable)?;
    Ok(report)
}

/// Gives a finished file its name, for good once this returns.
fn put_in_place(partial: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::rename(partial, to)?;
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty());
    std::fs::File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
}

/// Checks a copy's integrity and counts what is in it.
fn inspect(path: &Path) -> Result<BackupReport, StoreError> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(from_sqlite)?;
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(from_sqlite)?;
    if verdict != "ok" {
        return Err(StoreError::Damaged { what: "backup", detail: verdict });
    }
    let count =
        |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(from_sqlite);
    Ok(BackupReport {
        bytes: std::fs::metadata(path).map_or(0, |m| m.len()),
        leads: count("SELECT count(*) FROM leads")?,
        unfinished: count("SELECT count(*) FROM deliveries WHERE wake_at IS NOT NULL")?,
    })
}

/// Calls off jobs that make deliveries. A backup of an earlier release has no such table.
fn stop_jobs(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'jobs'";
    if connection.prepare(sql)?.exists([])? {
        let sql = "UPDATE jobs SET state = 'cancelled', wake_at = NULL, \
                   fault = 'called off by the restore of a backup' WHERE wake_at IS NOT NULL";
        connection.execute(sql, [])?;
    }
    Ok(())
}

/// Puts a backup in place of a data directory's database. Refuses while a process uses it, and
/// refuses to overwrite a database unless `overwrite`. With `held`, deliveries that were waiting
/// are held instead of sent: for a copy whose original may have sent them already.
pub fn restore(
    backup: &Path,
    dir: &Path,
    overwrite: bool,
    held: bool,
) -> Result<BackupReport, OpenError> {
    let directory = |source| OpenError::Directory { dir: dir.display().to_string(), source };
    std::fs::create_dir_all(dir).map_err(directory)?;
    let _lock = crate::sqlite::lock_directory(dir)?;
    let target = dir.join(DATABASE_FILE);
    if target.exists() && !overwrite {
        return Err(directory(std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "it has a database already; say --force to replace it",
        )));
    }
    let report = inspect(backup)?;
    for suffix in ["-wal", "-shm"] {
        let stale = dir.join(format!("{DATABASE_FILE}{suffix}"));
        if stale.exists() {
            std::fs::remove_file(&stale).map_err(directory)?;
        }
    }
    // It is of the database that is replaced, and fills itself again.
    crate::sqlite::remove_index(&dir.join(SEARCH_FILE)).map_err(directory)?;
    let partial = dir.join(format!("{DATABASE_FILE}.partial"));
    std::fs::copy(backup, &partial).map_err(directory)?;
    if held {
        let connection = Connection::open(&partial).map_err(from_sqlite)?;
        connection
            .execute(
                "UPDATE deliveries SET state = 'held', wake_at = NULL, token = NULL, \
                 note = 'held by the restore of a backup' WHERE wake_at IS NOT NULL",
                [],
            )
            .map_err(from_sqlite)?;
        stop_jobs(&connection).map_err(from_sqlite)?;
    }
    std::fs::File::open(&partial).and_then(|f| f.sync_all()).map_err(directory)?;
    put_in_place(&partial, &target).map_err(directory)?;
    Ok(report)
}
