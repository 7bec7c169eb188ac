//! Through which source a request comes in, and whether it may.

use crate::problem::{Code, Problem};
use crate::state::AppState;
use baton_domain::config::{ApiKey, Campaign, DocKind, Scope, Source, SourceKind};
use baton_domain::id::{CampaignId, SourceId, TypedId, WebhookId, WorkspaceId};
use baton_domain::signature::{HEX_HEADER, capture_secrets_at, verify_hex};
use baton_store::docs::{DocWrite, Expect};
use baton_store::{Doc, Snapshot, StoreError};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The source a lead comes through, and what it belongs to.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub workspace: WorkspaceId,
    pub campaign_id: CampaignId,
    pub campaign: Arc<Doc<Campaign>>,
    pub source_id: SourceId,
    pub source: Arc<Doc<Source>>,
    /// Whose idempotency keys these are: the source's or the API key's.
    pub scope: Vec<u8>,
    pub snapshot: Arc<Snapshot>,
}

impl Entrance {
    /// The entrance of a public id. Sources that are reached by API key or by file have a public
    /// id too, but nobody may post to it.
    pub(crate) async fn by_webhook(state: &AppState, webhook: &str) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("source; check the id in the URL");
        let webhook: WebhookId = webhook.parse().map_err(|_| unknown())?;
        if let Some(known) = Self::known(state, webhook) {
            return Ok(known);
        }
        state.catch_up.look(&state.store).await?;
        Self::known(state, webhook).ok_or_else(unknown)
    }

    fn known(state: &AppState, webhook: WebhookId) -> Option<Self> {
        let snapshot = state.store.snapshot();
        let source = snapshot.source_by_webhook(webhook)?.clone();
        if matches!(source.body.kind, SourceKind::Api | SourceKind::Import) {
            return None;
        }
        let scope = [b"capture source ", source.meta.id.as_bytes().as_slice()].concat();
        Self::new(snapshot, source, scope)
    }

    /// The entrance of a campaign for the workspace's own keys; made when it is missing.
    pub(crate) async fn by_key(
        state: &AppState,
        key: &Doc<ApiKey>,
        campaign: CampaignId,
    ) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("campaign in this workspace");
        let source = ApiSources::find_or_make(state, key.meta.workspace, campaign).await?;
        let snapshot = state.store.snapshot();
        let source = snapshot.sources.get(&source).ok_or_else(unknown)?.clone();
        let scope = [b"capture key ", key.meta.id.as_bytes().as_slice()].concat();
        Self::new(snapshot, source, scope).ok_or_else(unknown)
    }

    /// The entrance of a source that a file of leads comes through, as configured now.
    pub(crate) fn of_source(state: &AppState, source: SourceId) -> Option<Self> {
        let snapshot = state.store.snapshot();
        let source = snapshot.sources.get(&source)?.clone();
        Self::new(snapshot, source, Vec::new())
    }

    /// The source of a campaign that files come through when they name none; made when it is
    /// missing.
    pub(crate) async fn import_source(
        state: &AppState,
        workspace: WorkspaceId,
        campaign: CampaignId,
    ) -> Result<SourceId, Problem> {
        // A number that every node finds by itself, so that two cannot make two.
        let digest =
            Sha256::digest([b"import source ", campaign.uuid().as_bytes().as_slice()].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        let id = uuid::Uuid::from_bytes(bytes);
        let source = SourceId::from_uuid(id);
        if state.store.snapshot().sources.contains_key(&source) {
            return Ok(source);
        }
        let made = new_source(state, workspace, campaign, (SourceKind::Import, "import", id))?;
        match state.store.change_docs(vec![made]).await {
            Ok(_) => {}
            Err(StoreError::VersionConflict { .. } | StoreError::Taken { .. }) => {
                state.store.refresh().await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(source)
    }

    fn new(snapshot: Arc<Snapshot>, source: Arc<Doc<Source>>, scope: Vec<u8>) -> Option<Self> {
        let campaign_id = source.body.campaign;
        let campaign = snapshot.campaigns.get(&campaign_id)?.clone();
        Some(Self {
            workspace: source.meta.workspace,
            campaign_id,
            campaign,
            source_id: SourceId::from_uuid(source.meta.id),
            source,
            scope,
            snapshot,
        })
    }

    /// Whether what the body says about the person's address and browser counts: what a page's
    /// script says about them, the server saw itself.
    pub(crate) fn believes_body(&self) -> bool {
        let kind = self.source.body.kind;
        matches!(kind, SourceKind::Endpoint | SourceKind::Api | SourceKind::Import)
    }

    /// What can be refused before the body is read.
    pub(crate) fn check_open(&self, state: &AppState) -> Result<(), Problem> {
        if self.source.body.disabled {
            return Err(Problem::new(Code::SourceDisabled, "this source is switched off"));
        }
        // Requests that must be signed are counted when they are, so that nobody else can spend
        // the source's share.
        if self.source.body.require_signature { Ok(()) } else { self.count(state) }
    }

    /// Checks the signature over the body, if the source asks for one.
    pub(crate) fn check_signature(
        &self,
        state: &AppState,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Problem> {
        if !self.source.body.require_signature {
            return Ok(());
        }
        let sent = headers.get(HEX_HEADER).and_then(|v| v.to_str().ok());
        let Some(sent) = sent else {
            let detail = format!("this source takes signed requests only; send {HEX_HEADER}");
            return Err(Problem::new(Code::InvalidSignature, detail));
        };
        let Doc { body: source, secrets, .. } = &*self.source;
        let now = state.store.now();
        let mut counting = capture_secrets_at(secrets, source.hmac_previous_until, now);
        if !counting.any(|secret| verify_hex(secret, body, sent)) {
            let detail = format!(
                "{HEX_HEADER} does not fit the body; it is the hex HMAC-SHA256 of the exact bytes \
                 sent, keyed with the source's secret"
            );
            return Err(Problem::new(Code::InvalidSignature, detail));
        }
        self.count(state)
    }

    /// Takes the request's place in the source's rate.
    fn count(&self, state: &AppState) -> Result<(), Problem> {
        let Some(limit) = self.source.body.rate_limit else { return Ok(()) };
        let now = state.store.now();
        state.capture.limiter.take(self.source_id, limit, now).map_err(|seconds| {
            let detail = format!(
                "this source takes {} leads in {} seconds; try again later",
                limit.count, limit.per_s
            );
            Problem::new(Code::RateLimited, detail).retry_after(seconds)
        })
    }
}

/// The key of a request, if it may post leads.
pub(crate) async fn posting_key(
    state: &AppState,
    presented: Option<&str>,
) -> Result<Arc<Doc<ApiKey>>, Problem> {
    let unknown = || {
        Problem::new(
            Code::Unauthorized,
            "an API key is needed: send `Authorization: Bearer <key>` with a key that works",
        )
    };
    let key = state.live_key(presented.unwrap_or_default()).await?;
    let (_, key) = key.ok_or_else(unknown)?;
    if !key.body.allows(Scope::LeadsWrite) {
        let detail = "this key does not have the scope leads:write";
        let scope = Scope::LeadsWrite.as_str();
        return Err(Problem::new(Code::Forbidden, detail).with("scope", scope));
    }
    Ok(key)
}

/// The campaign a caller names by id or reference, else the workspace's default one.
pub(crate) fn find_campaign(
    snapshot: &Snapshot,
    workspace: WorkspaceId,
    named: Option<&str>,
) -> Result<CampaignId, Problem> {
    let unknown = || Problem::not_found("campaign in this workspace; check `campaign`");
    let Some(named) = named else {
        let default = snapshot.workspaces.get(&workspace).and_then(|w| w.body.default_campaign);
        return default.ok_or_else(|| {
            let why = "is required: this workspace has no default campaign";
            Problem::invalid_field("campaign", "required", why)
        });
    };
    let by_id = named.parse::<CampaignId>().ok();
    let by_id = by_id.and_then(|id| snapshot.campaigns.get(&id));
    let by_id = by_id.filter(|campaign| campaign.meta.workspace == workspace);
    by_id
        .or_else(|| snapshot.campaign_by_reference(workspace, named))
        .map(|campaign| CampaignId::from_uuid(campaign.meta.id))
        .ok_or_else(unknown)
}

/// The source of each campaign that the workspace's own keys post to, as of one configuration.
#[derive(Debug, Default)]
pub(crate) struct ApiSources {
    known: Mutex<Known>,
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    change_seq: i64,
    of: HashMap<CampaignId, SourceId>,
}

impl ApiSources {
    fn find(&self, snapshot: &Snapshot, campaign: CampaignId) -> Option<SourceId> {
        let mut slot = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.change_seq != snapshot.change_seq {
            let mut of: HashMap<CampaignId, SourceId> = HashMap::new();
            for (id, source) in &snapshot.sources {
                if source.body.kind == SourceKind::Api {
                    // The oldest of several, so that every node takes the same.
                    let first = of.entry(source.body.campaign).or_insert(*id);
                    *first = (*first).min(*id);
                }
            }
            *slot = Known { change_seq: snapshot.change_seq, of };
        }
        slot.of.get(&campaign).copied()
    }

    async fn find_or_make(
        state: &AppState,
        workspace: WorkspaceId,
        campaign: CampaignId,
    ) -> Result<SourceId, Problem> {
        let this = &state.capture.api_sources;
        if let Some(found) = this.find(&state.store.snapshot(), campaign) {
            return Ok(found);
        }
        let _one_at_a_time = this.making.lock().await;
        if let Some(found) = this.find(&state.store.snapshot(), campaign) {
            return Ok(found);
        }
        // The campaign's own number, so that two nodes cannot make two.
        let kind = (SourceKind::Api, "api", campaign.uuid());
        match state.store.change_docs(vec![new_source(state, workspace, campaign, kind)?]).await {
            Ok(_) => {}
            // Another node made it at the same time: it has the same id.
            Err(StoreError::VersionConflict { .. } | StoreError::Taken { .. }) => {
                state.store.refresh().await?;
            }
            Err(error) => return Err(error.into()),
        }
        this.find(&state.store.snapshot(), campaign).ok_or_else(Problem::internal)
    }
}

fn new_source(
    state: &AppState,
    workspace: WorkspaceId,
    campaign: CampaignId,
    (kind, name, id): (SourceKind, &str, uuid::Uuid),
) -> Result<DocWrite, Problem> {
    let source = Source {
        campaign,
        kind,
        name: name.to_owned(),
        webhook_id: state.store.new_id(),
        supplier: None,
        allowed_origins: Vec::new(),
        require_signature: false,
        rate_limit: None,
        wait_ms: None,
        disabled: false,
        hmac_previous_until: None,
    };
    Ok(DocWrite {
        workspace,
        kind: DocKind::Source,
        id,
        expect: Expect::New,
        body: Some(serde_json::to_vec(&source).map_err(|_| Problem::internal())?),
        secrets: None,
        unique: None,
        stopped: false,
        changed_by: "capture".into(),
        now: state.store.now(),
        idempotency: None,
    })
}
