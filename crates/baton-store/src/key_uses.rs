//! When API keys were last used. Callers gather uses and write them now and then: nobody waits for
//! it, and one that is lost is written at the next use.

use crate::command::{Command, Effects, Reply};
use crate::db::{Many, Tx, id};
use crate::error::StoreError;
use crate::store::{Store, WorkspaceStore};
use baton_domain::id::{KeyId, WorkspaceId};
use baton_domain::time::Millis;
use std::collections::HashMap;

/// A use of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyUse {
    /// The key's workspace.
    pub workspace: WorkspaceId,
    /// The key.
    pub key: KeyId,
    /// When.
    pub at: Millis,
}

/// Parameters: ws, id, used at. A use that is older than the known one changes nothing.
const USES_PUT: Many = Many {
    sqlite: "INSERT INTO key_uses (ws, id, used_at) VALUES (?1, ?2, ?3) ON CONFLICT (ws, id) \
             DO UPDATE SET used_at = excluded.used_at WHERE excluded.used_at > key_uses.used_at",
    postgres: "INSERT INTO key_uses (ws, id, used_at) \
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) ON CONFLICT (ws, id) \
               DO UPDATE SET used_at = excluded.used_at \
               WHERE excluded.used_at > key_uses.used_at",
};

/// Parameters: ws, id.
const USES_FIND: Many = Many {
    sqlite: "SELECT id, used_at FROM key_uses WHERE ws = ?1 AND id = ?2",
    postgres: "SELECT k.id, k.used_at FROM unnest($1::uuid[], $2::uuid[]) AS t(w, i) \
               JOIN key_uses k ON k.ws = t.w AND k.id = t.i",
};

impl Store {
    /// Writes down when keys were used; of each key at most one use.
    pub async fn keys_used(&self, mut uses: Vec<KeyUse>) -> Result<(), StoreError> {
        // In one order on all nodes, so that no two wait for each other.
        uses.sort_unstable_by_key(|used| (used.workspace, used.key));
        uses.dedup_by_key(|used| (used.workspace, used.key));
        self.write(Command::KeysUsed(uses)).await.map(|_| ())
    }
}

impl WorkspaceStore {
    /// When these keys were last used; those that never were are missing.
    pub async fn key_uses(&self, keys: &[KeyId]) -> Result<HashMap<KeyId, Millis>, StoreError> {
        let params = keys.iter().map(|key| vec![id(self.workspace), id(*key)]).collect();
        let rows = self.store.query_many(&USES_FIND, params).await?;
        rows.iter().map(|row| Ok((row.id(0)?, row.millis(1)?))).collect()
    }
}

pub(crate) async fn run_used(tx: &Tx<'_>, uses: &[KeyUse]) -> Result<(Reply, Effects), StoreError> {
    let rows: Vec<_> =
        uses.iter().map(|used| vec![id(used.workspace), id(used.key), used.at.into()]).collect();
    let touched = tx.execute_many(&USES_PUT, &rows).await?;
    Ok((Reply::Count(touched), Effects::default()))
}
