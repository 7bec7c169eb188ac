//! Migrations: the same number and name on both databases, each in one transaction, so that an
//! interrupted one has not happened. A released migration never changes.

use crate::db::{Tx, Value};
use crate::error::{OpenError, StoreError};
use baton_domain::time::Millis;

/// One step of the schema.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: one more than that of the step before.
    pub number: i64,
    /// Its name.
    pub name: &'static str,
    /// Its statements for SQLite.
    pub sqlite: &'static str,
    /// Its statements for PostgreSQL.
    pub postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "path",
        sqlite: include_str!("../migrations/sqlite/0001_path.sql"),
        postgres: include_str!("../migrations/postgres/0001_path.sql"),
    },
    Migration {
        number: 2,
        name: "outcomes",
        sqlite: include_str!("../migrations/sqlite/0002_outcomes.sql"),
        postgres: include_str!("../migrations/postgres/0002_outcomes.sql"),
    },
    Migration {
        number: 3,
        name: "accounts",
        sqlite: include_str!("../migrations/sqlite/0003_accounts.sql"),
        postgres: include_str!("../migrations/postgres/0003_accounts.sql"),
    },
    Migration {
        number: 4,
        name: "inbox",
        sqlite: include_str!("../migrations/sqlite/0004_inbox.sql"),
        postgres: include_str!("../migrations/postgres/0004_inbox.sql"),
    },
    Migration {
        number: 5,
        name: "campaign_lists",
        sqlite: include_str!("../migrations/sqlite/0005_campaign_lists.sql"),
        postgres: include_str!("../migrations/postgres/0005_campaign_lists.sql"),
    },
    Migration {
        number: 6,
        name: "key_uses",
        sqlite: include_str!("../migrations/sqlite/0006_key_uses.sql"),
        postgres: include_str!("../migrations/postgres/0006_key_uses.sql"),
    },
];

/// Number of the newest migration this release knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |m| m.number)
}

/// Brings the database to the newest migration, or to `later` ones that a test has beside those.
/// Needs to be the only one that does so now.
pub(crate) async fn migrate(
    tx: &Tx<'_>,
    now: Millis,
    later: &[Migration],
) -> Result<(), OpenError> {
    let integer = if tx.is_postgres() { "bigint" } else { "INTEGER" };
    tx.batch(&format!(
        "CREATE TABLE IF NOT EXISTS migrations (number {integer} NOT NULL PRIMARY KEY, \
         name text NOT NULL, applied_at {integer} NOT NULL)"
    ))
    .await?;
    let row = tx.query_opt("SELECT coalesce(max(number), 0) FROM migrations", &[]).await?;
    let found = row.map_or(Ok(0), |r| r.int(0)).map_err(OpenError::Database)?;
    let known = later.last().map_or(newest(), |m| m.number);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().chain(later).filter(|m| m.number > found) {
        apply(tx, migration, now).await?;
    }
    Ok(())
}

async fn apply(tx: &Tx<'_>, migration: &Migration, now: Millis) -> Result<(), StoreError> {
    tx.batch("BEGIN").await?;
    let text = if tx.is_postgres() { migration.postgres } else { migration.sqlite };
    let applied = async {
        tx.batch(text).await?;
        tx.execute(
            "INSERT INTO migrations (number, name, applied_at) VALUES (?1, ?2, ?3)",
            &[Value::Int(migration.number), migration.name.into(), now.into()],
        )
        .await?;
        tx.batch("COMMIT").await
    };
    if let Err(error) = applied.await {
        drop(tx.batch("ROLLBACK").await);
        return Err(error);
    }
    tracing::info!(number = migration.number, name = migration.name, "migration applied");
    Ok(())
}
