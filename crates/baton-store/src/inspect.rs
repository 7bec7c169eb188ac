//! Looking at a database without opening it for use: what `baton doctor` does.

use crate::db::from_sqlite;
use crate::error::{OpenError, StoreError};
use crate::migrations;
use crate::sqlite::{DATABASE_FILE, lock_directory};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Oldest SQLite without the defect by which a checkpoint that raced with a restart of the log
/// could lose a commit (fixed in 3.51.3).
pub const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);

/// What was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspection {
    /// Version of the database engine.
    pub version: String,
    /// The last migration in it; 0 for an empty one.
    pub migration: i64,
    /// The last migration this release knows.
    pub known: i64,
    /// What a quick check of the file said; `None` where there is none to make.
    pub integrity: Option<String>,
    /// Whether a process uses it; `None` where that is not known.
    pub in_use: Option<bool>,
    /// How far its clock is from the given one, in milliseconds.
    pub clock_offset_ms: i64,
}

/// Version of the SQLite that is part of the program.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Whether that SQLite is new enough, see [`SQLITE_VERSION_MIN`].
#[must_use]
pub fn sqlite_is_fit() -> bool {
    let (major, minor, patch) = SQLITE_VERSION_MIN;
    let min = major * 1_000_000 + minor * 1_000 + patch;
    u32::try_from(rusqlite::version_number()).is_ok_and(|found| found >= min)
}

/// Looks at a data directory's database, also while a server uses it; `None` when there is none.
///
/// # Errors
/// When the directory or the database cannot be read.
pub fn inspect_directory(dir: &Path) -> Result<Option<Inspection>, OpenError> {
    let path = dir.join(DATABASE_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let in_use = match lock_directory(dir) {
        Ok(_) => false,
        Err(OpenError::InUse { .. }) => true,
        Err(error) => return Err(error),
    };
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(from_sqlite)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(from_sqlite)?;
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'migrations'";
    let migration = match text(table) {
        Ok(_) => connection
            .query_row("SELECT coalesce(max(number), 0) FROM migrations", [], |row| row.get(0))
            .map_err(from_sqlite)?,
        Err(_) => 0,
    };
    Ok(Some(Inspection {
        version: rusqlite::version().to_owned(),
        migration,
        known: migrations::newest(),
        integrity: Some(text("PRAGMA quick_check(1)").map_err(from_sqlite)?),
        in_use: Some(in_use),
        clock_offset_ms: 0,
    }))
}

/// Looks at a PostgreSQL database without changing it.
///
/// # Errors
/// When it cannot be reached, is too old, or the URL cannot be read.
pub async fn inspect_postgres(
    url: &str,
    clock: &dyn baton_domain::time::Clock,
) -> Result<Inspection, OpenError> {
    let seen = crate::postgres::look(url, clock).await?;
    Ok(Inspection {
        version: seen.version,
        migration: seen.migration,
        known: migrations::newest(),
        integrity: None,
        in_use: None,
        clock_offset_ms: seen.clock_offset_ms,
    })
}

/// Copies a data directory's database to a file, also while a server uses it: the copy reads one
/// snapshot and takes no lock that a writer waits for.
///
/// # Errors
/// When there is no database, the disk is full, or the copy is damaged.
pub fn backup_file(dir: &Path, to: &Path) -> Result<crate::BackupReport, StoreError> {
    let path = dir.join(DATABASE_FILE);
    if !path.exists() {
        return Err(StoreError::Unavailable(format!("there is no {}", path.display())));
    }
    crate::backup::copy(&path, to)
}
