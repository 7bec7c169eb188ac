//! Deliveries whose destination or subscription was deleted: called off, in slices.

use crate::command::{Command, Effects, Reply};
use crate::db::Tx;
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::time::Millis;

/// Most deliveries called off in one transaction.
pub const ORPHANS_SLICE: u64 = 500;

impl Store {
    /// Cancels waiting deliveries of deleted targets, at most [`ORPHANS_SLICE`]; how many there
    /// were. What is in flight ends by itself; what waits for a person stays readable as `held`, and
    /// what its receiver had queued stays so, with nobody to ask.
    pub async fn cancel_orphans(&self) -> Result<u64, StoreError> {
        match self.write(Command::CancelOrphans { now: self.now() }).await? {
            Reply::Count(n) => Ok(n),
            _ => Ok(0),
        }
    }
}

pub(crate) async fn run_cancel(tx: &Tx<'_>, now: Millis) -> Result<(Reply, Effects), StoreError> {
    let sql = format!(
        "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN state \
         ELSE 'cancelled' END, wake_at = NULL, token = NULL, \
         updated_at = ?1, note = 'its target was deleted' WHERE (ws, id) IN \
         (SELECT v.ws, v.id FROM docs d JOIN deliveries v ON v.lane = d.id \
         WHERE d.deleted = 1 AND d.kind IN ('destination', 'subscription') \
         AND v.wake_at IS NOT NULL AND (v.token IS NULL OR v.wake_at <= ?1) \
         LIMIT {ORPHANS_SLICE})"
    );
    let cancelled = tx.execute(&sql, &[now.into()]).await?;
    Ok((Reply::Count(cancelled), Effects::default()))
}
