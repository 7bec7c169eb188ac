//! A test call: a real request with sample data, asked for by a person and made by the engine.
//!
//! The web makes a task of kind [`KIND`] whose body is a [`ProbeTask`] as JSON, sealed with the
//! purpose [`PURPOSE`]; the engine answers with a [`ProbeResult`], sealed alike. Both are read by
//! nodes of other releases: fields are only added.

use crate::config::{Destination, Subscription};
use crate::event::EventKind;
use crate::exchange::Phases;
use crate::id::LeadId;
use crate::lead::{LeadData, LeadState, LeadView};
use crate::secret::{Secret, Secrets};
use crate::time::Millis;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Kind of the task.
pub const KIND: &str = "destination_test";
/// Format of the task's body and result.
pub const FORMAT: i64 = 1;
/// Purpose that body and result are sealed for.
pub const PURPOSE: &str = "task";
/// Longest a test call may take, in milliseconds, whatever its target's timeout.
pub const TIMEOUT_MS_MAX: u32 = 30_000;

/// What is to be called and with what.
///
/// `Debug` shows neither secrets nor the lead: the target may hold credentials in its URL.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeTask {
    /// The target as it would be saved.
    pub target: ProbeTarget,
    /// Its secrets by name, the signing secret included.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The lead that is sent.
    pub lead: ProbeLead,
}

impl fmt::Debug for ProbeTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeTask").field("lead", &self.lead.id).finish_non_exhaustive()
    }
}

impl ProbeTask {
    /// The secrets as the renderer and the signer take them.
    #[must_use]
    pub fn opened_secrets(&self) -> Secrets {
        self.secrets.iter().map(|(name, text)| (name.clone(), Secret::new(text))).collect()
    }

    /// Takes secrets in for sealing.
    #[must_use]
    pub fn plain_secrets(secrets: &Secrets) -> BTreeMap<String, String> {
        secrets.iter().map(|(name, secret)| (name.clone(), secret.reveal().to_owned())).collect()
    }
}

/// What a test call goes to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeTarget {
    /// A destination, saved or not: the lead is rendered by its connector.
    Destination(Box<Destination>),
    /// An event subscription: gets an event of kind `webhook.test` with the lead as its data.
    Subscription(Box<Subscription>),
}

impl ProbeTarget {
    /// The kind of event a subscription is tested with.
    pub const EVENT: EventKind = EventKind::WebhookTest;
}

/// A lead as data, made up or real.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProbeLead {
    /// Its id.
    pub id: LeadId,
    /// Its data.
    pub data: LeadData,
    /// Its state.
    pub state: LeadState,
    /// The operator's word for it.
    pub status: String,
    /// 0 to 100.
    #[serde(default)]
    pub score: Option<i64>,
    /// Name of its source.
    pub source: String,
    /// Reference of its campaign.
    pub campaign: String,
    /// When it came.
    pub created_at: Millis,
}

impl From<ProbeLead> for LeadView {
    fn from(lead: ProbeLead) -> Self {
        Self {
            id: lead.id,
            data_version: 1,
            data: lead.data,
            state: lead.state,
            status: lead.status,
            score: lead.score,
            source: lead.source,
            campaign: lead.campaign,
            created_at: lead.created_at,
            test: true,
            seq: None,
        }
    }
}

/// What a test call brought. Secrets are masked in the request; the answer is outside text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeResult {
    /// What was sent; `None` when no request could be made.
    #[serde(default)]
    pub request: Option<ProbeRequest>,
    /// What came back; `None` when nothing complete did.
    #[serde(default)]
    pub answer: Option<ProbeAnswer>,
    /// Where the time went.
    #[serde(default)]
    pub phases: Phases,
    /// What it means.
    pub verdict: Verdict,
    /// What decided, for people.
    pub decided_by: String,
    /// Index of the response rule that hit.
    #[serde(default)]
    pub rule: Option<usize>,
    /// The reason given; outside text.
    #[serde(default)]
    pub reason: Option<String>,
    /// Values taken from the answer.
    #[serde(default)]
    pub extracted: BTreeMap<String, String>,
    /// Fault word and detail when there was no complete answer.
    #[serde(default)]
    pub fault: Option<(String, String)>,
    /// The exchanges before it: a token was fetched, a bid was asked for.
    #[serde(default)]
    pub steps: Vec<ProbeStep>,
}

impl fmt::Debug for ProbeResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeResult")
            .field("verdict", &self.verdict)
            .field("decided_by", &self.decided_by)
            .finish_non_exhaustive()
    }
}

/// An exchange of a test call before the one that decided. Secrets are masked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeStep {
    /// Which it was.
    pub kind: ProbeStepKind,
    /// What was sent; `None` for a token, whose request is a credential.
    #[serde(default)]
    pub request: Option<ProbeRequest>,
    /// What came back; `None` for a token, and when nothing complete did.
    #[serde(default)]
    pub answer: Option<ProbeAnswer>,
    /// HTTP status of the answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// What it means.
    pub verdict: Verdict,
    /// What decided, for people.
    pub decided_by: String,
    /// The reason given; outside text.
    #[serde(default)]
    pub reason: Option<String>,
    /// Where the time went.
    #[serde(default)]
    pub phases: Phases,
}

/// Which exchange a [`ProbeStep`] was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeStepKind {
    /// A token was fetched.
    Token,
    /// A bid was asked for.
    Ping,
}

impl ProbeStepKind {
    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Ping => "ping",
        }
    }
}

/// The request of a test call as shown: texts, with secrets masked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRequest {
    /// Method.
    pub method: String,
    /// URL.
    pub url: String,
    /// Headers in order, signatures included.
    pub headers: Vec<(String, String)>,
    /// Body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// The answer of a test call as shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Head of the body as text, at most [`crate::exchange::ANSWER_STORED_BYTES_MAX`] bytes of it.
    pub body: String,
    /// Whether the body went on.
    pub cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RetryPolicy;
    use crate::id::TypedId as _;

    #[test]
    fn a_task_survives_its_row_and_shows_nothing() {
        let task = ProbeTask {
            target: ProbeTarget::Subscription(Box::new(Subscription {
                url: "https://user:pass@example.com".to_owned(),
                events: Vec::new(),
                description: None,
                paused: false,
                disabled: None,
                retry: RetryPolicy::standard(),
                in_flight: 1,
                timeout_ms: 1_000,
                signing_previous_until: None,
                hook: false,
            })),
            secrets: BTreeMap::from([("signing".to_owned(), "whsec_abc".to_owned())]),
            lead: ProbeLead {
                id: LeadId::new(Millis(1), [1; 10]),
                data: LeadData::default(),
                state: LeadState::Received,
                status: "new".to_owned(),
                score: None,
                source: "sample".to_owned(),
                campaign: "SAMPLE".to_owned(),
                created_at: Millis(1),
            },
        };
        let read: ProbeTask = serde_json::from_slice(&serde_json::to_vec(&task).unwrap()).unwrap();
        assert_eq!(read, task);
        assert_eq!(ProbeTask::plain_secrets(&read.opened_secrets()), task.secrets);
        let shown = format!("{task:?}");
        assert!(!shown.contains("whsec") && !shown.contains("pass"), "{shown}");
    }
}
