//! The exchanges an attempt makes besides its own: a token is fetched, a bid is asked for.

use baton_domain::exchange::Phases;
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most bytes of a step's request or answer that are kept.
pub const STEP_BODY_BYTES_MAX: usize = 16 * 1024;

/// Which of a connector's exchanges a step was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A token was fetched. Neither its request nor its answer is kept: they are credentials.
    Token,
    /// A bid was asked for.
    Ping,
    /// The lead went out with a token that was no longer good, and again with a new one.
    Refused,
}

impl StepKind {
    /// The word in the API and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Ping => "ping",
            Self::Refused => "refused",
        }
    }
}

/// One such exchange. Read by later releases: fields are only added.
///
/// `Debug` shows nothing of request and answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which it was.
    pub kind: StepKind,
    /// When it began.
    pub started_at: Millis,
    /// What its outcome means.
    pub verdict: Verdict,
    /// What decided.
    pub decided_by: String,
    /// The reason given; outside text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was sent, with secrets masked already; `None` where it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ShownRequest>,
    /// HTTP status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Head of the answer as text, with secrets masked; `None` where it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Fault word and detail when there was no complete answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<(String, String)>,
    /// Where the time went.
    #[serde(default)]
    pub phases: Phases,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("kind", &self.kind)
            .field("verdict", &self.verdict)
            .field("decided_by", &self.decided_by)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What was sent, with secrets masked; kept where the request itself is not.
///
/// `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRequest {
    /// Method.
    pub method: String,
    /// URL.
    pub url: String,
    /// Body as text, its head at most.
    pub body: String,
}

impl fmt::Debug for ShownRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownRequest").field("method", &self.method).finish_non_exhaustive()
    }
}
