//! The configuration of a business: versioned documents that capture and routing read from memory.
//!
//! Every body carries its format implicitly through `#[serde(default)]`: a field added later has a
//! default, a field is never given another meaning. Secrets are not in the bodies; they travel
//! beside them as [`crate::secret::Secrets`] and are sealed at rest.

mod campaign;
mod destination;
mod key;
mod links;
mod partials;
mod source;
mod subscription;
mod view;
mod workspace;

pub use campaign::{Campaign, DuplicateAction, DuplicateMatch, DuplicateRule, PausedAction};
pub use destination::{
    Destination, Limits, MappingRow, OnUnmatched, RETRY_ATTEMPTS_MAX, RETRY_WAIT_MS_MAX,
    RetryPolicy, Unmapped, ValueSource,
};
pub use key::{ApiKey, FormerKey, Scope};
pub use links::{LINK_DEPTH_MAX, LINKS_MAX, LinkProblem, Linked, Onward, check_links};
pub use partials::{Partials, Stage};
pub use source::{RateLimit, Source, SourceKind};
pub use subscription::Subscription;
pub use view::{Screen, View};
pub use workspace::{LeadStatus, STATUS_FIRST, Workspace};

use crate::id::{
    CampaignId, DestinationId, KeyId, SourceId, SubscriptionId, TypedId, ViewId, WorkspaceId,
};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The kinds of configuration documents; also the word in tables and in the audit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocKind {
    /// [`Workspace`].
    Workspace,
    /// [`Campaign`].
    Campaign,
    /// [`Source`].
    Source,
    /// [`Destination`].
    Destination,
    /// [`Subscription`] (a *webhook* in the API).
    Subscription,
    /// [`ApiKey`].
    Key,
    /// [`View`].
    View,
}

impl DocKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Workspace,
        Self::Campaign,
        Self::Source,
        Self::Destination,
        Self::Subscription,
        Self::Key,
        Self::View,
    ];

    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Campaign => "campaign",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Subscription => "subscription",
            Self::Key => "key",
            Self::View => "view",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }

    /// What people and the API call it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Subscription => "webhook",
            other => other.as_str(),
        }
    }

    /// The id of such a document as text.
    #[must_use]
    pub fn id_text(self, id: Uuid) -> String {
        match self {
            Self::Workspace => WorkspaceId::from_uuid(id).to_string(),
            Self::Campaign => CampaignId::from_uuid(id).to_string(),
            Self::Source => SourceId::from_uuid(id).to_string(),
            Self::Destination => DestinationId::from_uuid(id).to_string(),
            Self::Subscription => SubscriptionId::from_uuid(id).to_string(),
            Self::Key => KeyId::from_uuid(id).to_string(),
            Self::View => ViewId::from_uuid(id).to_string(),
        }
    }
}

impl fmt::Display for DocKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document's own facts, beside its body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocMeta {
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// What it is.
    pub kind: DocKind,
    /// Its id, without the prefix.
    pub id: Uuid,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When the first version was made.
    pub created_at: Millis,
    /// When this version was made.
    pub updated_at: Millis,
}
