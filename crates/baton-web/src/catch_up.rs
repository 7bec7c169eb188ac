//! Looking for what another node made a moment ago.
//!
//! A node hears of others' changes by a hint or within a second. Who makes a source at one node
//! and posts to it at another at once would be told that there is none; so before anything is
//! called unknown, the changes are read once more. However many ask, one look is under way at a
//! time and serves all who came before it began.

use crate::problem::Problem;
use baton_store::Store;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// The looks of a node.
#[derive(Debug, Default)]
pub(crate) struct CatchUp {
    /// Looks begun so far.
    begun: AtomicU64,
    looking: Mutex<()>,
}

impl CatchUp {
    /// Takes in what was committed before this call; nothing to do on the embedded database, whose
    /// only writer is this process.
    ///
    /// # Errors
    /// 503 when the database cannot be read: what is unknown then may well exist.
    pub(crate) async fn look(&self, store: &Store) -> Result<(), Problem> {
        if !store.is_postgres() {
            return Ok(());
        }
        let seen = self.begun.load(Ordering::Acquire);
        let _one_at_a_time = self.looking.lock().await;
        if self.begun.load(Ordering::Acquire) > seen {
            return Ok(());
        }
        self.begun.fetch_add(1, Ordering::AcqRel);
        store.refresh().await.map_err(Problem::from)
    }
}
