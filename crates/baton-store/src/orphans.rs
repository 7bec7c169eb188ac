//! Deliveries whose destination or subscription was deleted: called off, in slices.

use crate::command::{Command, Effects, Reply};
use crate::db::Tx;
use crate::error::StoreError;
use crate::store::Store;
use baton_domain::time::Millis;

/// Most deliveries of a kind called off in one transaction.
const ORPHANS_SLICE: u64 = 500;

impl Store {
    /// Cancels waiting and held deliveries of deleted targets, at most [`ORPHANS_SLICE`] of each;
    /// whether there may be more. What is in flight ends by itself; what its receiver had queued
    /// stays so, with nobody to ask.
    pub async fn cancel_orphans(&self) -> Result<bool, StoreError> {
        match self.write(Command::CancelOrphans { now: self.now() }).await? {
            Reply::Count(n) => Ok(n > 0),
            _ => Ok(false),
        }
    }
}

/// Answers with 1 when a slice was full.
pub(crate) async fn run_cancel(tx: &Tx<'_>, now: Millis) -> Result<(Reply, Effects), StoreError> {
    let mut full = false;
    // Two statements, each along its own index.
    for waits in
        ["v.wake_at IS NOT NULL AND (v.token IS NULL OR v.wake_at <= ?1)", "v.state = 'held'"]
    {
        let sql = format!(
            "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN state \
             ELSE 'cancelled' END, wake_at = NULL, token = NULL, \
             updated_at = ?1, note = 'its target was deleted' WHERE (ws, id) IN \
             (SELECT v.ws, v.id FROM docs d JOIN deliveries v ON v.lane = d.id \
             WHERE d.deleted = 1 AND d.kind IN ('destination', 'subscription') \
             AND {waits} LIMIT {ORPHANS_SLICE})"
        );
        full |= tx.execute(&sql, &[now.into()]).await? >= ORPHANS_SLICE;
    }
    Ok((Reply::Count(full.into()), Effects::default()))
}
