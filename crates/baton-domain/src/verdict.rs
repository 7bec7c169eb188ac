//! What an answer means: the verdicts of DESIGN section 8 and what each brings about.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::{fmt, str::FromStr};

/// The meaning of one attempt's outcome.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Taken.
    Accepted,
    /// Taken, outcome comes later.
    Queued,
    /// A business no.
    Rejected,
    /// A business no: they have it already.
    Duplicate,
    /// A business no: our mapping or a value does not fit.
    Invalid,
    /// A business no: their cap is reached.
    CapReached,
    /// Asked to slow down.
    RateLimited,
    /// A fault that may pass.
    Transient,
    /// An answer was read and no rule hit.
    Unmatched,
    /// Credentials or settings are wrong; trying again cannot help.
    AuthOrConfig,
    /// Bytes went out and no complete answer came.
    Unknown,
    /// The target may not be called.
    Blocked,
}

impl Verdict {
    /// All verdicts, in DESIGN's order.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::Queued,
        Self::Rejected,
        Self::Duplicate,
        Self::Invalid,
        Self::CapReached,
        Self::RateLimited,
        Self::Transient,
        Self::Unmatched,
        Self::AuthOrConfig,
        Self::Unknown,
        Self::Blocked,
    ];

    /// The word in the API, in rules and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::CapReached => "cap_reached",
            Self::RateLimited => "rate_limited",
            Self::Transient => "transient",
            Self::Unmatched => "unmatched",
            Self::AuthOrConfig => "auth_or_config",
            Self::Unknown => "unknown",
            Self::Blocked => "blocked",
        }
    }

    /// Whether this outcome speaks against the endpoint's health (DESIGN section 8).
    #[must_use]
    pub fn harms_health(self) -> bool {
        matches!(self, Self::Transient | Self::AuthOrConfig | Self::Unknown)
    }

    /// A business "no": final, never retried, no harm to health.
    #[must_use]
    pub fn is_business_no(self) -> bool {
        matches!(self, Self::Rejected | Self::Duplicate | Self::Invalid | Self::CapReached)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the verdicts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a verdict")]
pub struct NotAVerdict(pub String);

impl FromStr for Verdict {
    type Err = NotAVerdict;
    fn from_str(text: &str) -> Result<Self, NotAVerdict> {
        Self::ALL
            .into_iter()
            .find(|v| v.as_str() == text)
            .ok_or_else(|| NotAVerdict(text.to_owned()))
    }
}

/// What `classify` made of one attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Classified {
    /// The verdict.
    pub verdict: Verdict,
    /// What decided, for people: `rule 2 (status 2xx)`, `http 503`, `timeout`.
    pub decided_by: String,
    /// Index of the response rule that hit, if one did.
    pub rule: Option<usize>,
    /// The reason the vendor or the rule gave, if any; outside text.
    pub reason: Option<String>,
    /// Values taken from the answer: `vendor_id`, `price`, `redirect_url`, `reason`, `field:x`.
    pub extracted: BTreeMap<String, String>,
    /// The delay the receiver asked for, in milliseconds, as sent; the retry policy bounds it.
    pub retry_after_ms: Option<i64>,
    /// HTTP 410: the destination is to be disabled.
    pub gone: bool,
}
