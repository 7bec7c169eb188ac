//! The nodes that share a database, and the proof that it can be written.

use crate::command::{Command, Effects, Reply};
use crate::db::Tx;
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::time::Millis;
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// A node that was not seen for so long is gone.
pub const NODE_GONE_MS: i64 = 45_000;

impl Store {
    /// Says that this node lives; how many nodes live. Limits are divided by that number.
    pub async fn heartbeat(&self) -> Result<u32, StoreError> {
        self.measure_clock().await?;
        let now = self.now();
        let command = Command::Heartbeat {
            node: self.node(),
            now,
            forget_before: now.plus_ms(-NODE_GONE_MS),
        };
        let nodes = match self.write(command).await? {
            Reply::Count(n) => u32::try_from(n).unwrap_or(1).max(1),
            _ => 1,
        };
        self.live_nodes().store(nodes, Ordering::Relaxed);
        Ok(nodes)
    }

    /// Commits a row: what `/readyz` shows.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.write(Command::Probe { now: self.now() }).await.map(|_| ())
    }
}

pub(crate) async fn run_heartbeat(
    tx: &Tx<'_>,
    node: Uuid,
    now: Millis,
    forget_before: Millis,
) -> Result<(Reply, Effects), StoreError> {
    // Seen in the future: by a clock that was set back since. Who lives says so again soon.
    let not_after = now.plus_ms(NODE_GONE_MS);
    let gone = "DELETE FROM nodes WHERE seen_at < ?1 OR seen_at > ?2";
    tx.execute(gone, &[forget_before.into(), not_after.into()]).await?;
    tx.execute(
        "INSERT INTO nodes (id, seen_at) VALUES (?1, ?2) \
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        &[node.into(), now.into()],
    )
    .await?;
    let row = tx.query_opt("SELECT count(*) FROM nodes", &[]).await?;
    let count = row.map_or(Ok(1), |r| r.int(0))?;
    Ok((Reply::Count(u64::try_from(count).unwrap_or(1)), Effects::default()))
}

pub(crate) async fn run_probe(tx: &Tx<'_>, now: Millis) -> Result<(Reply, Effects), StoreError> {
    tx.execute(
        "INSERT INTO counters (name, value) VALUES ('probe', ?1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[now.into()],
    )
    .await?;
    Ok((Reply::Count(1), Effects::default()))
}
