//! Reading and changing configuration documents, always within the caller's workspace.

use super::answer;
use super::input::IfMatch;
use crate::auth::Access;
use crate::problem::{Code, Problem};
use axum::response::Response;
use baton_domain::config::{
    ApiKey, Campaign, Destination, DocKind, DocMeta, Source, Subscription, View, Workspace,
};
use baton_domain::id::{
    CampaignId, DestinationId, KeyId, SourceId, SubscriptionId, TypedId, ViewId, WorkspaceId,
};
use baton_domain::secret::Secrets;
use baton_domain::time::Millis;
use baton_store::capture::Idempotency;
use baton_store::docs::{DocWrite, Expect};
use baton_store::{Doc, Snapshot, StoreError};
use http::StatusCode;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::Arc;

/// How often a change is tried again when somebody else changed the document meanwhile.
const CHANGE_TRIES_MAX: usize = 5;

/// A kind of configuration document.
pub trait Document: Serialize + Clone + Send + Sync + 'static {
    /// Its ids.
    type Id: TypedId + Eq + Hash + Ord + Display + FromStr + Send + Sync;
    /// Its kind.
    const KIND: DocKind;
    /// What people call it.
    const NOUN: &'static str;
    /// All of them, of all workspaces.
    fn of(snapshot: &Snapshot) -> &HashMap<Self::Id, Arc<Doc<Self>>>;
    /// A text no other in the workspace may have.
    fn unique(&self) -> Option<String> {
        None
    }
    /// Whether its deliveries wait.
    fn stopped(&self) -> bool {
        false
    }
}

impl Document for Workspace {
    type Id = WorkspaceId;
    const KIND: DocKind = DocKind::Workspace;
    const NOUN: &'static str = "workspace";
    fn of(snapshot: &Snapshot) -> &HashMap<WorkspaceId, Arc<Doc<Self>>> {
        &snapshot.workspaces
    }
}

impl Document for Campaign {
    type Id = CampaignId;
    const KIND: DocKind = DocKind::Campaign;
    const NOUN: &'static str = "campaign";
    fn of(snapshot: &Snapshot) -> &HashMap<CampaignId, Arc<Doc<Self>>> {
        &snapshot.campaigns
    }
    fn unique(&self) -> Option<String> {
        Some(self.reference.to_lowercase())
    }
}

impl Document for Source {
    type Id = SourceId;
    const KIND: DocKind = DocKind::Source;
    const NOUN: &'static str = "source";
    fn of(snapshot: &Snapshot) -> &HashMap<SourceId, Arc<Doc<Self>>> {
        &snapshot.sources
    }
}

impl Document for Destination {
    type Id = DestinationId;
    const KIND: DocKind = DocKind::Destination;
    const NOUN: &'static str = "destination";
    fn of(snapshot: &Snapshot) -> &HashMap<DestinationId, Arc<Doc<Self>>> {
        &snapshot.destinations
    }
    fn stopped(&self) -> bool {
        self.disabled.is_some()
    }
}

impl Document for Subscription {
    type Id = SubscriptionId;
    const KIND: DocKind = DocKind::Subscription;
    const NOUN: &'static str = "webhook";
    fn of(snapshot: &Snapshot) -> &HashMap<SubscriptionId, Arc<Doc<Self>>> {
        &snapshot.subscriptions
    }
    fn stopped(&self) -> bool {
        self.paused || self.disabled.is_some()
    }
}

impl Document for ApiKey {
    type Id = KeyId;
    const KIND: DocKind = DocKind::Key;
    const NOUN: &'static str = "key";
    fn of(snapshot: &Snapshot) -> &HashMap<KeyId, Arc<Doc<Self>>> {
        &snapshot.keys
    }
    fn unique(&self) -> Option<String> {
        Some(self.sha256.clone())
    }
}

impl Document for View {
    type Id = ViewId;
    const KIND: DocKind = DocKind::View;
    const NOUN: &'static str = "view";
    fn of(snapshot: &Snapshot) -> &HashMap<ViewId, Arc<Doc<Self>>> {
        &snapshot.views
    }
}

/// A document's new form.
pub struct Changed<D> {
    /// The body.
    pub body: D,
    /// The secrets; `None` keeps them.
    pub secrets: Option<Secrets>,
}

impl<D> Changed<D> {
    /// A changed body.
    pub fn body(body: D) -> Self {
        Self { body, secrets: None }
    }
}

/// A document that is not stored yet, at its first version.
pub fn new_doc<D: Document>(
    access: &Access,
    id: D::Id,
    body: D,
    secrets: Secrets,
    now: Millis,
) -> Doc<D> {
    let meta = DocMeta {
        workspace: access.workspace_id(),
        kind: D::KIND,
        id: id.uuid(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    Doc { meta, body, secrets }
}

impl Access {
    /// The document of that id in the caller's workspace, as far as this node knows.
    pub fn known<D: Document>(&self, id: D::Id) -> Option<Arc<Doc<D>>> {
        let snapshot = self.store().snapshot();
        D::of(&snapshot)
            .get(&id)
            .filter(|doc| doc.meta.workspace == self.workspace_id())
            .map(Arc::clone)
    }

    /// The document of that id in the caller's workspace. What another node made a moment ago is
    /// found too.
    ///
    /// # Errors
    /// 404, also for what is in another workspace.
    pub async fn find<D: Document>(&self, id: D::Id) -> Result<Arc<Doc<D>>, Problem> {
        if let Some(doc) = self.known(id) {
            return Ok(doc);
        }
        if self.store().is_postgres() {
            self.store().refresh().await?;
        }
        self.known(id).ok_or_else(|| Problem::not_found(D::NOUN))
    }

    /// All documents of a kind in the caller's workspace, oldest first.
    #[must_use]
    pub fn all<D: Document>(&self) -> Vec<Arc<Doc<D>>> {
        let snapshot = self.store().snapshot();
        let mut docs: Vec<_> = D::of(&snapshot)
            .values()
            .filter(|doc| doc.meta.workspace == self.workspace_id())
            .map(Arc::clone)
            .collect();
        docs.sort_unstable_by_key(|doc| doc.meta.id);
        docs
    }

    /// A page of the documents that `wanted` picks, oldest first.
    ///
    /// # Errors
    /// 400 `invalid_query`.
    pub fn page<D: Document, V>(
        &self,
        (limit, cursor): (Option<u32>, Option<&str>),
        wanted: impl Fn(&Doc<D>) -> bool,
        view: impl Fn(&Doc<D>) -> V,
    ) -> Result<answer::Listed<V>, Problem> {
        let limit = answer::limit(limit)? as usize;
        let after = answer::cursor::<D::Id>(cursor)?.map(TypedId::uuid);
        let mut docs = self
            .all::<D>()
            .into_iter()
            .filter(|doc| after.is_none_or(|after| doc.meta.id > after) && wanted(doc));
        let page: Vec<_> = docs.by_ref().take(limit).collect();
        let more = docs.next().is_some();
        let last = page.last().filter(|_| more);
        let next_cursor = last.map(|doc| D::Id::from_uuid(doc.meta.id).to_string());
        Ok(answer::Listed::new(page.iter().map(|doc| view(doc)).collect(), next_cursor))
    }

    /// A write of a document's body.
    ///
    /// # Errors
    /// 500 when it cannot be encoded or sealed.
    pub fn write<D: Document>(
        &self,
        id: D::Id,
        expect: Expect,
        changed: &Changed<D>,
        now: Millis,
    ) -> Result<DocWrite, Problem> {
        let sealed =
            changed.secrets.as_ref().map(|s| self.store().master().seal_secrets(s)).transpose()?;
        Ok(DocWrite {
            workspace: self.workspace_id(),
            kind: D::KIND,
            id: id.uuid(),
            expect,
            body: Some(answer::encode(&changed.body)?),
            secrets: sealed,
            unique: changed.body.unique(),
            stopped: changed.body.stopped(),
            changed_by: self.by(),
            now,
            idempotency: None,
        })
    }

    /// A write that deletes a document.
    #[must_use]
    pub fn deletion<D: Document>(&self, doc: &Doc<D>, now: Millis) -> DocWrite {
        DocWrite {
            workspace: self.workspace_id(),
            kind: D::KIND,
            id: doc.meta.id,
            expect: Expect::Version(doc.meta.version),
            body: None,
            secrets: None,
            unique: None,
            stopped: true,
            changed_by: self.by(),
            now,
            idempotency: None,
        }
    }

    /// The name of a destination of the caller's workspace; its id once it was deleted.
    #[must_use]
    pub fn destination_name(&self, id: DestinationId) -> String {
        let doc = self.known::<Destination>(id);
        doc.map_or_else(|| id.to_string(), |doc| doc.body.name.clone())
    }

    /// An answer as it is kept for its `Idempotency-Key`, if there is one.
    ///
    /// # Errors
    /// 500 when it cannot be sealed.
    pub fn kept(
        &self,
        idempotency: Option<Idempotency>,
        status: StatusCode,
        answer: &[u8],
    ) -> Result<Option<(Idempotency, u16, Vec<u8>)>, Problem> {
        let Some(key) = idempotency else { return Ok(None) };
        let sealed = self.store().master().seal(answer::ANSWER_PURPOSE, answer)?;
        Ok(Some((key, status.as_u16(), sealed)))
    }

    /// Writes what a request creates, with the answer kept for its `Idempotency-Key`.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn create<V: Serialize>(
        &self,
        idempotency: Option<Idempotency>,
        mut writes: Vec<DocWrite>,
        view: &V,
    ) -> Result<Response, Problem> {
        let bytes = answer::encode(view)?;
        if let (Some(key), Some(first)) = (idempotency, writes.first_mut()) {
            let sealed = self.store().master().seal(answer::ANSWER_PURPOSE, &bytes)?;
            first.idempotency = Some((key, StatusCode::CREATED.as_u16(), sealed));
        }
        match self.store().change_docs(writes).await {
            Ok(_) => Ok(answer::created(bytes)),
            Err(StoreError::Replayed { status, answer }) => answer::replayed(self, status, &answer),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a document: reads it, lets `change` make its new form, and writes that if nobody
    /// changed it meanwhile; else it begins again, or refuses when `If-Match` was sent.
    ///
    /// # Errors
    /// 404, 412, what `change` refuses, 409 when others keep being faster.
    pub async fn change<D: Document>(
        &self,
        id: D::Id,
        if_match: &IfMatch,
        change: impl Fn(&Doc<D>) -> Result<Changed<D>, Problem>,
    ) -> Result<Arc<Doc<D>>, Problem> {
        let mut conflict = None;
        for _ in 0..CHANGE_TRIES_MAX {
            let mut doc = self.find::<D>(id).await?;
            if !if_match.allows(doc.meta.version) {
                // It may only be that this node has not heard of the newest version.
                self.store().refresh().await?;
                doc = self.find::<D>(id).await?;
                if_match_holds(if_match, doc.meta.version)?;
            }
            let changed = change(&doc)?;
            let expect = Expect::Version(doc.meta.version);
            let write = self.write(id, expect, &changed, self.store().now())?;
            match self.store().change_docs(vec![write]).await {
                Ok(_) => return self.find::<D>(id).await,
                Err(StoreError::VersionConflict { current }) => {
                    if_match_holds(if_match, current)?;
                    self.store().refresh().await?;
                    conflict = Some(StoreError::VersionConflict { current });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(conflict.map_or_else(Problem::internal, Problem::from))
    }

    /// Deletes a document, with further writes in the same transaction.
    ///
    /// # Errors
    /// 404, 412, 409.
    pub async fn delete<D: Document>(
        &self,
        doc: &Doc<D>,
        if_match: &IfMatch,
        further: Vec<DocWrite>,
    ) -> Result<StatusCode, Problem> {
        if_match_holds(if_match, doc.meta.version)?;
        let mut writes = vec![self.deletion(doc, self.store().now())];
        writes.extend(further);
        match self.store().change_docs(writes).await {
            Ok(_) => Ok(StatusCode::NO_CONTENT),
            Err(StoreError::VersionConflict { current }) => {
                if_match_holds(if_match, current)?;
                Err(StoreError::VersionConflict { current }.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn if_match_holds(if_match: &IfMatch, current: i64) -> Result<(), Problem> {
    if if_match.allows(current) {
        return Ok(());
    }
    let detail = "the document is not at the version of `If-Match`; read it again";
    Err(Problem::new(Code::PreconditionFailed, detail).with("current_version", current))
}
