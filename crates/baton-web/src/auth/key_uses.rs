//! When keys were last used: gathered here, written behind the callers' backs.

use crate::state::AppState;
use baton_domain::id::{KeyId, WorkspaceId};
use baton_domain::time::Millis;
use baton_store::key_uses::KeyUse;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A key's use is written down at most so often, so what is shown may be that much too old.
pub const KEY_USED_EVERY_MS: i64 = 60_000;

/// Uses that are not written yet. Holds an entry for each key of the workspaces at most.
#[derive(Default)]
pub(crate) struct KeyUses(Mutex<Uses>);

#[derive(Default)]
struct Uses {
    /// When each key's use was last taken to be written.
    taken: HashMap<KeyId, Millis>,
    waiting: Vec<KeyUse>,
    is_writing: bool,
}

impl KeyUses {
    /// Takes a use down. Whether the caller has to write what waits: nobody does it yet.
    fn take(&self, used: KeyUse) -> bool {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = uses.taken.get(&used.key);
        if known.is_some_and(|at| used.at.since_ms(*at) < KEY_USED_EVERY_MS) {
            return false;
        }
        uses.taken.insert(used.key, used.at);
        uses.waiting.push(used);
        !std::mem::replace(&mut uses.is_writing, true)
    }

    /// What is to be written next; with nothing left the writing ends.
    fn next(&self) -> Vec<KeyUse> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.is_writing = !uses.waiting.is_empty();
        std::mem::take(&mut uses.waiting)
    }
}

impl AppState {
    /// Notes that a key was used. Nothing waits for the write.
    pub(crate) fn key_used(&self, workspace: WorkspaceId, key: KeyId) {
        let used = KeyUse { workspace, key, at: self.store.now() };
        if !self.accounts.key_uses.take(used) {
            return;
        }
        let state = self.clone();
        tokio::spawn(async move {
            loop {
                let uses = state.accounts.key_uses.next();
                if uses.is_empty() {
                    return;
                }
                // What cannot be written now is written with the key's next use in a minute.
                if let Err(error) = state.store.keys_used(uses).await {
                    tracing::debug!(%error, "uses of keys were not written down");
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::id::TypedId;
    use uuid::Uuid;

    fn used(key: u128, at: i64) -> KeyUse {
        let workspace = WorkspaceId::from_uuid(Uuid::nil());
        KeyUse { workspace, key: KeyId::from_uuid(Uuid::from_u128(key)), at: Millis(at) }
    }

    #[test]
    fn a_key_is_written_once_a_minute_and_by_one_writer() {
        let uses = KeyUses::default();
        assert!(uses.take(used(1, 0)), "the first begins to write");
        assert!(!uses.take(used(2, 1)), "another key joins");
        assert!(!uses.take(used(1, KEY_USED_EVERY_MS - 1)), "too soon");
        assert_eq!(uses.next(), [used(1, 0), used(2, 1)]);
        assert!(!uses.take(used(1, KEY_USED_EVERY_MS)), "one is still writing");
        assert_eq!(uses.next(), [used(1, KEY_USED_EVERY_MS)]);
        assert_eq!(uses.next(), []);
        assert!(uses.take(used(2, KEY_USED_EVERY_MS + 1)), "the writing begins again");
    }
}
