use crate::id::{CampaignId, SupplierId, WebhookId};
use serde::{Deserialize, Serialize};

/// Where leads enter a campaign.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// The campaign its leads belong to.
    pub campaign: CampaignId,
    /// What kind of entrance it is.
    pub kind: SourceKind,
    /// Its name; the `source` of its leads.
    pub name: String,
    /// The public id in its posting URL.
    pub webhook_id: WebhookId,
    /// The supplier that is paid for its leads.
    #[serde(default)]
    pub supplier: Option<SupplierId>,
    /// Exact origins that may post from a browser (`https://example.com`); empty: any.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Whether captures must carry `X-LeadsBot-Signature` over the raw body.
    #[serde(default)]
    pub require_signature: bool,
    /// At most so many captures; `None`: no limit.
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// Milliseconds a capture waits for the outcome before it is answered `pending`; `None`: the
    /// answer does not wait.
    #[serde(default)]
    pub wait_ms: Option<u32>,
    /// Whether it takes leads now.
    #[serde(default)]
    pub disabled: bool,
    /// When the grace period of a rotation ends: until then captures signed with the former secret
    /// are taken too.
    #[serde(default)]
    pub hmac_previous_until: Option<crate::time::Millis>,
}

/// The kinds of sources.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A posting URL.
    Endpoint,
    /// The script on somebody's page that listens to their form: never refuses, quarantines.
    Listener,
    /// A form drawn by the script.
    Form,
    /// A hosted funnel.
    Funnel,
    /// A QR code.
    Qr,
    /// The workspace's own API keys.
    Api,
    /// A file.
    Import,
}

/// At most `count` in `per_s` seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateLimit {
    /// How many.
    pub count: u32,
    /// In how many seconds.
    pub per_s: u32,
}
