use crate::lead::currencies::DEFAULT_CURRENCY;
use crate::lead::schema::FieldSpec;
use serde::{Deserialize, Serialize};

/// What leads belong to: the fields they have, who counts as a duplicate, and the switches.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name.
    pub name: String,
    /// The reference callers may use instead of the id (LeadByte's `campid`); unique in a workspace.
    pub reference: String,
    /// ISO 3166-1 alpha-2 code; phones without a country code are read as of this country.
    #[serde(default)]
    pub country: Option<String>,
    /// ISO 4217 code of prices.
    #[serde(default = "default_currency")]
    pub currency: String,
    /// The fields a lead has, in the order they are shown.
    pub fields: Vec<FieldSpec>,
    /// Who counts as a duplicate; `None`: nobody.
    #[serde(default)]
    pub duplicates: Option<DuplicateRule>,
    /// Whether it takes leads now.
    #[serde(default)]
    pub paused: bool,
    /// What a paused campaign does with leads.
    #[serde(default)]
    pub when_paused: PausedAction,
}

fn default_currency() -> String {
    DEFAULT_CURRENCY.to_owned()
}

/// What a paused campaign does with a lead.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PausedAction {
    /// Answer 409 `campaign_paused`.
    #[default]
    Reject,
    /// Keep it as `held` and deliver it when the campaign resumes.
    Hold,
}

/// Who counts as a duplicate within a campaign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DuplicateRule {
    /// Names of the fields that are compared, by their normalised values. Empty values never match.
    pub fields: Vec<String>,
    /// Whether one equal field is enough or all must be equal.
    #[serde(default)]
    pub matching: DuplicateMatch,
    /// How long a lead keeps others out, in seconds, rolling; `None`: for ever.
    #[serde(default)]
    pub window_s: Option<i64>,
    /// What happens to a duplicate.
    #[serde(default)]
    pub action: DuplicateAction,
}

/// How the fields of a [`DuplicateRule`] are combined.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DuplicateMatch {
    /// One equal field makes a duplicate.
    #[default]
    Any,
    /// All fields must be present and equal.
    All,
}

/// What happens to a duplicate.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DuplicateAction {
    /// Answer 409 `duplicate_lead`; the lead is kept as `rejected`.
    #[default]
    Reject,
    /// Take it, deliver it, and remember what it duplicates.
    Mark,
    /// Keep it as `quarantined`, undelivered.
    Quarantine,
}
