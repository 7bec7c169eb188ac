//! Configuration documents: versioned, sealed where secret, published at once.

pub(crate) mod run;

use crate::capture::Idempotency;
use crate::db::id;
use crate::error::StoreError;
use crate::store::WorkspaceStore;
use baton_domain::audit::By;
use baton_domain::config::DocKind;
use baton_domain::id::WorkspaceId;
use baton_domain::time::Millis;
use uuid::Uuid;

/// A change to one document.
#[derive(Clone, Debug)]
pub struct DocWrite {
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// What it is.
    pub kind: DocKind,
    /// Its id.
    pub id: Uuid,
    /// What the change expects to find.
    pub expect: Expect,
    /// The new body as JSON; `None` deletes it.
    pub body: Option<Vec<u8>>,
    /// Sealed secrets; `None` keeps what is there.
    pub secrets: Option<Vec<u8>>,
    /// A text no other living document of this kind may have in this workspace (a reference).
    pub unique: Option<String>,
    /// For destinations and subscriptions: whether their deliveries wait now.
    pub stopped: bool,
    /// Who changes it, for the audit.
    pub changed_by: By,
    /// The present.
    pub now: Millis,
    /// `Idempotency-Key` of the caller with the status and the sealed answer it will get.
    pub idempotency: Option<(Idempotency, u16, Vec<u8>)>,
}

/// What a change expects to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Nothing: it is new.
    New,
    /// Any living version.
    Any,
    /// Exactly this version.
    Version(i64),
}

impl WorkspaceStore {
    /// Whether there was a document of that id in the workspace, and it was deleted.
    pub async fn was_deleted(&self, kind: DocKind, doc: Uuid) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM docs WHERE kind = ?1 AND id = ?2 AND ws = ?3 AND deleted = 1";
        let params = [kind.as_str().into(), doc.into(), id(self.workspace)];
        Ok(!self.query(sql, &params).await?.is_empty())
    }
}
