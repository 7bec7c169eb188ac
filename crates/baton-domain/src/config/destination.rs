use super::{Linked, Partials, RateLimit};
use crate::id::{CampaignId, DestinationId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One configured place to send leads to: a connector with its settings, mapping and policies.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Destination {
    /// The campaign whose leads it gets.
    pub campaign: CampaignId,
    /// Name of the connector's manifest, such as `webhook`.
    pub connector: String,
    /// Its name.
    pub name: String,
    /// Settings by the connector's schema, without the secret ones.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// How lead fields become the receiver's fields; empty: the flat default payload.
    #[serde(default)]
    pub mapping: Vec<MappingRow>,
    /// What happens to fields no mapping row names; `None`: the connector's default.
    #[serde(default)]
    pub unmapped: Option<Unmapped>,
    /// Response rules in order, as JSON in the shape of DESIGN section 7; `None`: the connector's.
    #[serde(default)]
    pub responses: Option<Vec<crate::connector::rules::ResponseRule>>,
    /// When to try again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// What an answer that no rule matched leads to.
    #[serde(default)]
    pub on_unmatched: OnUnmatched,
    /// Where the lead goes when this destination gave up.
    #[serde(default)]
    pub failover: Option<DestinationId>,
    /// Where the lead goes after this destination, by what became of it.
    #[serde(default)]
    pub linked: Linked,
    /// How much at once and how fast.
    #[serde(default)]
    pub limits: Limits,
    /// Milliseconds one attempt may take, from resolving to the last byte read.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u32,
    /// What it gets of leads that come in parts.
    #[serde(default)]
    pub partials: Partials,
    /// A destination that is only reached by failover, by a link or by hand, not by every lead.
    #[serde(default)]
    pub failover_only: bool,
    /// Switched off by a person or by a 410; its deliveries are held.
    #[serde(default)]
    pub disabled: Option<String>,
    /// When the grace period of a rotation ends: until then the previous signing secret counts too.
    #[serde(default)]
    pub signing_previous_until: Option<crate::time::Millis>,
}

fn default_timeout_ms() -> u32 {
    30_000
}

/// One row of a mapping: what the receiver calls it and where it comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MappingRow {
    /// The receiver's name for it; dots nest in JSON and XML.
    pub to: String,
    /// Where its value comes from.
    #[serde(flatten)]
    pub source: ValueSource,
    /// Changes made to the value, in order, in the words of `docs/mapping.md`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<Value>,
}

/// Where a mapped value comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueSource {
    /// A lead field or a system field, by name.
    From(String),
    /// A fixed value.
    Value(Value),
}

/// What happens to lead fields that no mapping row names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unmapped {
    /// They are left out.
    Drop,
    /// They are sent under their own names.
    Send,
}

/// What an answer that no rule matched leads to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnUnmatched {
    /// The delivery fails.
    #[default]
    Fail,
    /// It is tried again by the schedule.
    Retry,
}

/// When to try again: waits in milliseconds, each from the end of the attempt before.
///
/// The first entry is the delay of the first attempt (0: at once). Sources: seeds 000 and 004.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The waits.
    pub schedule_ms: Vec<i64>,
}

/// Most attempts a schedule can ask for.
pub const RETRY_ATTEMPTS_MAX: usize = 50;
/// Longest single wait of a schedule: 7 days.
pub const RETRY_WAIT_MS_MAX: i64 = 7 * 24 * 3_600_000;

impl RetryPolicy {
    /// Seed 000: now, then after 1 minute, 5 minutes, 30 minutes and 2 hours.
    #[must_use]
    pub fn standard() -> Self {
        Self { schedule_ms: vec![0, 60_000, 300_000, 1_800_000, 7_200_000] }
    }

    /// Seed 004: now, then after 30 seconds, 2 minutes, 10 minutes and 1 hour.
    #[must_use]
    pub fn backoff() -> Self {
        Self { schedule_ms: vec![0, 30_000, 120_000, 600_000, 3_600_000] }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

/// How much a destination gets at once and how fast. With several nodes each takes its share.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Most requests in flight.
    pub in_flight: u32,
    /// Most requests in a span of time; `None`: no limit. More wait, they are not refused.
    #[serde(default)]
    pub rate: Option<RateLimit>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_flight: 32, rate: None }
    }
}
