//! The published configuration in memory: capture and routing read it and nothing else.

use crate::db::Row;
use crate::error::StoreError;
use crate::sealing::MasterKey;
use baton_domain::config::{
    ApiKey, Campaign, Destination, DocKind, DocMeta, Source, Subscription, View, Workspace,
};
use baton_domain::id::{
    CampaignId, DestinationId, KeyId, SourceId, SubscriptionId, TypedId, ViewId, WebhookId,
    WorkspaceId,
};
use baton_domain::secret::Secrets;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// A document: its facts, its body, its secrets.
#[derive(Clone, Debug)]
pub struct Doc<T> {
    /// Its facts.
    pub meta: DocMeta,
    /// Its body.
    pub body: T,
    /// Its secrets, opened.
    pub secrets: Secrets,
}

/// All living documents of all workspaces, as of one change number.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The number of the last change in it.
    pub change_seq: i64,
    /// Workspaces.
    pub workspaces: HashMap<WorkspaceId, Arc<Doc<Workspace>>>,
    /// Campaigns.
    pub campaigns: HashMap<CampaignId, Arc<Doc<Campaign>>>,
    /// Sources.
    pub sources: HashMap<SourceId, Arc<Doc<Source>>>,
    /// Destinations.
    pub destinations: HashMap<DestinationId, Arc<Doc<Destination>>>,
    /// Event subscriptions.
    pub subscriptions: HashMap<SubscriptionId, Arc<Doc<Subscription>>>,
    /// API keys.
    pub keys: HashMap<KeyId, Arc<Doc<ApiKey>>>,
    /// Saved views.
    pub views: HashMap<ViewId, Arc<Doc<View>>>,
    by_webhook: HashMap<WebhookId, SourceId>,
    by_reference: HashMap<(WorkspaceId, String), CampaignId>,
    by_sha256: HashMap<String, KeyId>,
    by_campaign: HashMap<CampaignId, Vec<DestinationId>>,
}

impl Snapshot {
    /// The source with that public id.
    #[must_use]
    pub fn source_by_webhook(&self, webhook: WebhookId) -> Option<&Arc<Doc<Source>>> {
        self.sources.get(self.by_webhook.get(&webhook)?)
    }

    /// A source's name and a campaign's reference as leads show them: the ids once they are gone.
    pub(crate) fn names_of(&self, source: SourceId, campaign: CampaignId) -> (String, String) {
        let name = self.sources.get(&source).map(|s| s.body.name.clone());
        let reference = self.campaigns.get(&campaign).map(|c| c.body.reference.clone());
        (
            name.unwrap_or_else(|| source.to_string()),
            reference.unwrap_or_else(|| campaign.to_string()),
        )
    }

    /// The campaign with that reference, compared without case.
    #[must_use]
    pub fn campaign_by_reference(
        &self,
        workspace: WorkspaceId,
        reference: &str,
    ) -> Option<&Arc<Doc<Campaign>>> {
        let key = (workspace, reference.to_lowercase());
        self.campaigns.get(self.by_reference.get(&key)?)
    }

    /// The API key with that hash, or with that hash before a rotation.
    #[must_use]
    pub fn key_by_sha256(&self, sha256: &str) -> Option<&Arc<Doc<ApiKey>>> {
        self.keys.get(self.by_sha256.get(sha256)?)
    }

    /// The destinations of a campaign, in the order they were made.
    pub fn destinations_of(
        &self,
        campaign: CampaignId,
    ) -> impl Iterator<Item = &Arc<Doc<Destination>>> {
        self.by_campaign
            .get(&campaign)
            .into_iter()
            .flatten()
            .filter_map(|id| self.destinations.get(id))
    }

    /// A snapshot with these changed rows taken in, and which of them could not be read: those
    /// documents stay as they were before.
    pub(crate) fn with<'r>(
        &self,
        rows: &'r [Row],
        master: &MasterKey,
    ) -> (Self, Vec<(&'r Row, StoreError)>) {
        let mut next = self.clone();
        let mut damaged = Vec::new();
        for row in rows {
            next.change_seq = next.change_seq.max(row.int(9).unwrap_or(0));
            let taken = row.bytes(4).and_then(|body| next.take_row(row, body, master));
            if let Err(error) = taken {
                damaged.push((row, error));
            }
        }
        next.index();
        (next, damaged)
    }

    /// Takes a row in with another body than its own.
    pub(crate) fn with_body(
        &mut self,
        row: &Row,
        body: &[u8],
        master: &MasterKey,
    ) -> Result<(), StoreError> {
        self.take_row(row, body, master)?;
        self.index();
        Ok(())
    }

    /// Whether the secrets of any document could be opened: the master key is then the right one.
    pub(crate) fn holds_secrets(&self) -> bool {
        self.sources.values().any(|doc| !doc.secrets.is_empty())
            || self.destinations.values().any(|doc| !doc.secrets.is_empty())
            || self.subscriptions.values().any(|doc| !doc.secrets.is_empty())
    }

    fn take_row(&mut self, row: &Row, body: &[u8], master: &MasterKey) -> Result<(), StoreError> {
        let kind = DocKind::parse(row.text(0)?).ok_or_else(|| StoreError::Damaged {
            what: "document",
            detail: "its kind is not a known word".to_owned(),
        })?;
        match kind {
            DocKind::Workspace => take(&mut self.workspaces, row, body, kind, master),
            DocKind::Campaign => take(&mut self.campaigns, row, body, kind, master),
            DocKind::Source => take(&mut self.sources, row, body, kind, master),
            DocKind::Destination => take(&mut self.destinations, row, body, kind, master),
            DocKind::Subscription => take(&mut self.subscriptions, row, body, kind, master),
            DocKind::Key => take(&mut self.keys, row, body, kind, master),
            DocKind::View => take(&mut self.views, row, body, kind, master),
        }
    }

    fn index(&mut self) {
        self.by_webhook = self.sources.iter().map(|(id, s)| (s.body.webhook_id, *id)).collect();
        self.by_reference = self
            .campaigns
            .iter()
            .map(|(id, c)| ((c.meta.workspace, c.body.reference.to_lowercase()), *id))
            .collect();
        self.by_sha256.clear();
        for (id, key) in &self.keys {
            let former = key.body.former.iter().map(|former| &former.sha256);
            for sha256 in former.chain([&key.body.sha256]) {
                self.by_sha256.insert(sha256.clone(), *id);
            }
        }
        self.by_campaign.clear();
        for (id, destination) in &self.destinations {
            self.by_campaign.entry(destination.body.campaign).or_default().push(*id);
        }
        for ids in self.by_campaign.values_mut() {
            ids.sort_unstable();
        }
    }
}

/// Columns of a document row, in the order [`Snapshot::with`] reads them.
pub(crate) const DOC_COLUMNS: &str =
    "kind, id, ws, version, body, secrets, created_at, updated_at, deleted, change_seq";

fn take<I: TypedId + Eq + Hash, T: serde::de::DeserializeOwned>(
    map: &mut HashMap<I, Arc<Doc<T>>>,
    row: &Row,
    body: &[u8],
    kind: DocKind,
    master: &MasterKey,
) -> Result<(), StoreError> {
    let id: I = row.id(1)?;
    if row.flag(8)? {
        map.remove(&id);
        return Ok(());
    }
    let body = serde_json::from_slice(body).map_err(|e| StoreError::Damaged {
        what: "document",
        // The parser's own words could repeat what is in it.
        detail: format!("the body of a {kind} cannot be read at column {}", e.column()),
    })?;
    let secrets = match row.opt_bytes(5)? {
        Some(sealed) => master.open_secrets(&sealed)?,
        None => Secrets::new(),
    };
    let meta = DocMeta {
        workspace: row.id(2)?,
        kind,
        id: id.uuid(),
        version: row.int(3)?,
        created_at: row.millis(6)?,
        updated_at: row.millis(7)?,
    };
    map.insert(id, Arc::new(Doc { meta, body, secrets }));
    Ok(())
}
