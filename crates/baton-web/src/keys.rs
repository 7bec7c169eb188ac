//! API keys: how they are made, and the first one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_domain::config::{ApiKey, DocKind, Scope, Workspace};
use baton_domain::id::{KeyId, TypedId, WorkspaceId};
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use baton_store::capture::Idempotency;
use baton_store::docs::{DocWrite, Expect};
use baton_store::{Store, StoreError};
use sha2::{Digest, Sha256};

/// What every key made by Baton starts with.
pub const KEY_PREFIX: &str = "bk_";
/// Fewest characters of a bootstrap key (DESIGN section 7).
pub const BOOTSTRAP_KEY_CHARS_MIN: usize = 24;
/// Most bytes of a bootstrap key.
pub const BOOTSTRAP_KEY_BYTES_MAX: usize = 256;
/// Name of the first workspace.
pub const FIRST_WORKSPACE: &str = "My business";
/// How much of a key is kept readable, so that people recognise it.
const SHOWN_CHARS: usize = 7;

/// A new key: `bk_` and 43 characters of base64url, 256 random bits.
#[must_use]
pub fn new_key(store: &Store) -> Secret {
    Secret::new(format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(store.random::<32>())))
}

/// The lowercase hex SHA-256 a key is found by.
#[must_use]
pub fn sha256_hex(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// A key's first characters.
#[must_use]
pub fn shown(key: &str) -> String {
    key.chars().take(SHOWN_CHARS).collect()
}

/// The workspace a process starts with, and the key that was made for it.
#[derive(Debug)]
pub struct FirstStart {
    /// The workspace: the new one, or the oldest there is.
    pub workspace: WorkspaceId,
    /// The key that was made up now and has to be shown once; `None` when none was.
    pub key: Option<Secret>,
}

/// Why the first workspace or key could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The given key is too short or not printable.
    #[error(
        "BATON_BOOTSTRAP_KEY must have {BOOTSTRAP_KEY_CHARS_MIN} to {BOOTSTRAP_KEY_BYTES_MAX} \
         printable ASCII characters without spaces"
    )]
    Key,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a workspace named `name` with a key of all scopes whose text is `key_text`, verbatim, if
/// there is no workspace yet. On any other database it changes nothing and gives `None`.
///
/// Nodes that start at once on one database make one workspace: the first commit wins.
///
/// # Errors
/// [`BootstrapError`].
pub async fn bootstrap(
    store: &Store,
    name: &str,
    key_text: &Secret,
) -> Result<Option<WorkspaceId>, BootstrapError> {
    check_bootstrap_key(key_text.reveal())?;
    store.refresh().await?;
    if !store.snapshot().workspaces.is_empty() {
        return Ok(None);
    }
    let once = Idempotency {
        key: store.master().idempotency_key(
            WorkspaceId::from_uuid(uuid::Uuid::nil()),
            b"first start",
            "workspace",
        ),
        body_hash: [0; 32],
    };
    let (workspace, mut writes) = workspace_with_key(store, name, key_text)?;
    if let Some(first) = writes.first_mut() {
        first.idempotency = Some((once, 201, Vec::new()));
    }
    match store.change_docs(writes).await {
        Ok(_) => Ok(Some(workspace)),
        // Another node was faster.
        Err(StoreError::Replayed { .. }) => {
            store.refresh().await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a further workspace with a key of all scopes.
///
/// # Errors
/// [`BootstrapError`].
pub async fn create_workspace(
    store: &Store,
    name: &str,
    key_text: &Secret,
) -> Result<WorkspaceId, BootstrapError> {
    check_bootstrap_key(key_text.reveal())?;
    let (workspace, writes) = workspace_with_key(store, name, key_text)?;
    store.change_docs(writes).await?;
    Ok(workspace)
}

/// What a process does at its start: the first one makes a workspace, with the bootstrap key if
/// one is given, else with a new key that the caller shows once.
///
/// # Errors
/// [`BootstrapError`].
pub async fn ensure_workspace(
    store: &Store,
    bootstrap_key: Option<&Secret>,
) -> Result<FirstStart, BootstrapError> {
    let made_up = match bootstrap_key {
        Some(_) => None,
        None => Some(new_key(store)),
    };
    let key = bootstrap_key.or(made_up.as_ref()).ok_or(BootstrapError::Key)?;
    if !store.snapshot().workspaces.is_empty() {
        return Ok(FirstStart { workspace: oldest(store)?, key: None });
    }
    match bootstrap(store, FIRST_WORKSPACE, key).await? {
        Some(workspace) => Ok(FirstStart { workspace, key: made_up }),
        None => Ok(FirstStart { workspace: oldest(store)?, key: None }),
    }
}

fn oldest(store: &Store) -> Result<WorkspaceId, StoreError> {
    store.snapshot().workspaces.keys().min().copied().ok_or(StoreError::NotFound)
}

fn check_bootstrap_key(key: &str) -> Result<(), BootstrapError> {
    let length = BOOTSTRAP_KEY_CHARS_MIN..=BOOTSTRAP_KEY_BYTES_MAX;
    if length.contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(BootstrapError::Key)
}

fn workspace_with_key(
    store: &Store,
    name: &str,
    key_text: &Secret,
) -> Result<(WorkspaceId, Vec<DocWrite>), StoreError> {
    let now = store.now();
    let workspace: WorkspaceId = store.new_id();
    let body = Workspace::new(workspace, name);
    let key = ApiKey {
        name: "First key".to_owned(),
        sha256: sha256_hex(key_text.reveal()),
        shown: shown(key_text.reveal()),
        scopes: Scope::ALL.to_vec(),
        expires_at: None,
        revoked_at: None,
        former: None,
    };
    let writes = vec![
        first_write(workspace, DocKind::Workspace, workspace.uuid(), &body, now)?,
        first_write(workspace, DocKind::Key, store.new_id::<KeyId>().uuid(), &key, now)?,
    ];
    Ok((workspace, writes))
}

fn first_write<T: serde::Serialize>(
    workspace: WorkspaceId,
    kind: DocKind,
    id: uuid::Uuid,
    body: &T,
    now: Millis,
) -> Result<DocWrite, StoreError> {
    let body = serde_json::to_vec(body).map_err(|e| StoreError::unreadable("document", &e))?;
    Ok(DocWrite {
        workspace,
        kind,
        id,
        expect: Expect::New,
        body: Some(body),
        secrets: None,
        unique: None,
        stopped: false,
        changed_by: "baton".into(),
        now,
        idempotency: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootstrap_keys_are_long_and_printable() {
        assert!(check_bootstrap_key("abcdefghijklmnopqrstuvwx").is_ok());
        for bad in ["", "short", "abcdefghijklmnopqrstuvw", "abcdefghijkl nopqrstuvwx", "ä"] {
            assert!(check_bootstrap_key(bad).is_err(), "{bad}");
        }
        assert!(check_bootstrap_key(&"x".repeat(BOOTSTRAP_KEY_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_key_is_recognised_by_its_head_only() {
        assert_eq!(shown("bk_0123456789"), "bk_0123");
        assert_eq!(
            sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
