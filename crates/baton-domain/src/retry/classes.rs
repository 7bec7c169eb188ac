use crate::config::OnUnmatched;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// What follows a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetryClass {
    /// The delivery ends.
    Final,
    /// It ends for now; the vendor may be asked what became of it.
    Poll,
    /// It is tried again by the destination's schedule.
    Schedule,
    /// The destination's deliveries wait until a person mends its settings.
    Hold,
    /// A person says what became of it: trying again could sell the lead twice.
    Ask,
}

/// What an outcome that nobody knows leads to: bytes went out and no complete answer came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It is tried again by the schedule.
    #[default]
    Retry,
    /// The delivery stays `unknown` until a person resolves it.
    Ask,
}

/// How a connector's verdicts are followed, where that differs from DESIGN section 8.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryClasses {
    /// An unknown outcome.
    #[serde(default)]
    pub on_unknown: OnUnknown,
}

impl RetryClasses {
    /// What follows a verdict of a plain delivery.
    #[must_use]
    pub fn of(self, verdict: Verdict, on_unmatched: OnUnmatched) -> RetryClass {
        match verdict {
            Verdict::Queued => RetryClass::Poll,
            Verdict::AuthOrConfig => RetryClass::Hold,
            Verdict::Unknown if self.on_unknown == OnUnknown::Ask => RetryClass::Ask,
            _ if super::is_retried(verdict, on_unmatched) => RetryClass::Schedule,
            _ => RetryClass::Final,
        }
    }
}
