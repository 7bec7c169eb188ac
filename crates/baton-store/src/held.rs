//! Letting held deliveries go. The wish is one row, written at once; what it asks for is done in
//! slices that let other writes pass in between, and goes on after a crash where it was.

use crate::command::{Command, Effects, Reply};
use crate::db::{Tx, Value};
use crate::error::StoreError;
use crate::store::{Store, WorkspaceStore};
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::time::Millis;
use uuid::Uuid;

/// Most held deliveries looked at in one transaction.
pub const HELD_SLICE: usize = 500;

impl WorkspaceStore {
    /// Asks that the deliveries which a destination or subscription holds now become due again,
    /// after its settings were mended. The engine sees to it.
    pub async fn release_held(&self, target: DestinationId) -> Result<(), StoreError> {
        let command = Command::AskRelease {
            workspace: self.workspace.uuid(),
            lane: target.uuid(),
            now: self.store.now(),
        };
        self.store.write(command).await.map(|_| ())
    }
}

impl Store {
    /// Lets one slice of held deliveries go; whether there may be more to do. Costs a read when
    /// nothing was asked for.
    pub async fn release_slice(&self) -> Result<bool, StoreError> {
        if self.query("SELECT 1 FROM lane_releases LIMIT 1", &[]).await?.is_empty() {
            return Ok(false);
        }
        match self.write(Command::ReleaseSlice { now: self.now() }).await? {
            Reply::Count(n) => Ok(n > 0),
            _ => Ok(false),
        }
    }
}

pub(crate) async fn run_ask(
    tx: &Tx<'_>,
    workspace: Uuid,
    lane: Uuid,
    now: Millis,
) -> Result<(Reply, Effects), StoreError> {
    tx.execute(
        "INSERT INTO lane_releases (lane, ws, asked_at, done_to) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (lane) DO UPDATE SET asked_at = excluded.asked_at, done_to = excluded.done_to",
        &[lane.into(), workspace.into(), now.into(), Uuid::nil().into()],
    )
    .await?;
    Ok((Reply::Count(1), Effects { releases: true, ..Effects::default() }))
}

/// Answers with 1 when something was done.
pub(crate) async fn run_slice(tx: &Tx<'_>, now: Millis) -> Result<(Reply, Effects), StoreError> {
    // Of several nodes one works at a lane at a time.
    let lock = if tx.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
    let asked = format!("SELECT lane, asked_at, done_to, ws FROM lane_releases LIMIT 1{lock}");
    let Some(asked) = tx.query_opt(&asked, &[]).await? else {
        return Ok((Reply::Count(0), Effects::default()));
    };
    let (lane, asked_at, done_to) = (asked.uuid(0)?, asked.millis(1)?, asked.uuid(2)?);
    let workspace = asked.uuid(3)?;
    let held = tx
        .query(
            "SELECT ws, id, updated_at FROM deliveries WHERE lane = ?1 AND state = 'held' \
             AND id > ?2 ORDER BY id LIMIT ?3",
            &[lane.into(), done_to.into(), Value::Int(HELD_SLICE as i64)],
        )
        .await?;
    let mut effects = Effects::default();
    for row in &held {
        // What was let go and is held again waits for the next wish.
        if row.millis(2)? > asked_at || row.uuid(0)? != workspace {
            continue;
        }
        tx.execute(
            "UPDATE deliveries SET state = 'retrying', wake_at = ?3, due_at = ?3, \
             updated_at = ?3 WHERE ws = ?1 AND id = ?2 AND state = 'held'",
            &[workspace.into(), row.uuid(1)?.into(), now.into()],
        )
        .await?;
        effects.lanes = vec![lane];
    }
    match held.last() {
        Some(last) if held.len() == HELD_SLICE => {
            tx.execute(
                "UPDATE lane_releases SET done_to = ?2 WHERE lane = ?1",
                &[lane.into(), last.uuid(1)?.into()],
            )
            .await?;
        }
        _ => {
            tx.execute("DELETE FROM lane_releases WHERE lane = ?1", &[lane.into()]).await?;
        }
    }
    Ok((Reply::Count(1), effects))
}
