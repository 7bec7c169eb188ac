//! How much room the database takes, and how much is left.

use crate::error::StoreError;
use crate::sqlite::SEARCH_FILE;
use crate::store::Store;
use std::path::Path;

/// Sizes in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatabaseSize {
    /// What the database takes: on SQLite its files with log and search index.
    pub used: u64,
    /// What is free where the data directory is; unknown on PostgreSQL.
    pub free: Option<u64>,
}

impl Store {
    /// How much room the database takes, and how much is left.
    ///
    /// # Errors
    /// When the database is not available or the directory cannot be looked at.
    pub async fn database_size(&self) -> Result<DatabaseSize, StoreError> {
        if let Some(engine) = self.sqlite() {
            let path = engine.path().to_owned();
            return engine.read(move |_| size_of(&path)).await;
        }
        let rows = self.query("SELECT pg_database_size(current_database())", &[]).await?;
        let used = rows.first().map_or(Ok(0), |row| row.int(0))?;
        Ok(DatabaseSize { used: u64::try_from(used).unwrap_or(0), free: None })
    }
}

fn size_of(database: &Path) -> Result<DatabaseSize, StoreError> {
    let index = database.with_file_name(SEARCH_FILE);
    let mut used = 0;
    for file in [database, &index] {
        for suffix in ["", "-wal"] {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            // One that is not there takes no room.
            used += std::fs::metadata(&name).map_or(0, |meta| meta.len());
        }
    }
    let directory = database.parent().unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(directory)
        .map_err(|e| StoreError::Unavailable(format!("data directory: {e}")))?;
    Ok(DatabaseSize { used, free: Some(disk.f_bavail.saturating_mul(disk.f_frsize)) })
}
