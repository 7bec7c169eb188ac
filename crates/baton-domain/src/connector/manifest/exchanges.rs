use super::Request;
use crate::connector::classify::Places;
use crate::connector::rules::{Extract, ResponseRule};
use serde::{Deserialize, Serialize};

/// Longest a fetched token can be believed to last when neither the answer nor the manifest says:
/// 10 minutes, in seconds.
pub const AUTH_LIFETIME_S: u32 = 600;
/// Most steps of a poll's waits.
pub const POLL_WAITS_MAX: usize = 20;
/// Longest a queued lead is asked after: 7 days, in milliseconds.
pub const POLL_WINDOW_MS_MAX: i64 = 7 * 24 * 3_600_000;

/// Two-step authentication: a token is fetched first and kept while it lasts.
///
/// The token is `{{ auth.token }}` in the texts of `[request]` and the other exchanges.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The request for a token. Its texts name settings only, never a lead's fields.
    pub request: Request,
    /// Where the token is in the answer.
    pub token: Extract,
    /// Where the answer says for how many seconds the token lasts.
    #[serde(default)]
    pub expires_in: Option<Extract>,
    /// Seconds a token lasts when the answer does not say; [`AUTH_LIFETIME_S`] when this does not
    /// either.
    #[serde(default)]
    pub lifetime_s: Option<u32>,
    /// Statuses of an answer to the post which say that the token is no longer good, as in a
    /// `status` rule. The token is then fetched anew, once.
    #[serde(default = "unauthorized")]
    pub stale_on: String,
}

fn unauthorized() -> String {
    "401".to_owned()
}

/// Asking for a bid. A rule's `accepted` means that the vendor bids; `price` and `ping_id` are
/// taken from its answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// Name of the setting without which leads are posted directly; a ping tree asks all the same.
    #[serde(default)]
    pub needs: Option<String>,
    /// The request for a bid.
    pub request: Request,
    /// Names of the lead and system fields a ping may hold: nothing that says who the person is.
    /// Mapping rows that take anything else are left out of it.
    pub send: Vec<String>,
    /// The rules that read its answer.
    pub responses: Vec<ResponseRule>,
    /// Where values sit in its answer.
    #[serde(default)]
    pub answer: Places,
    /// The post after a bid, where it is not `[request]`; `{{ answer.ping_id }}` names the bid.
    #[serde(default)]
    pub post: Option<Request>,
}

/// How a completed lead updates what its partial lead made, instead of being posted again.
/// `{{ answer.vendor_id }}` is the vendor's id of the partial lead.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// Name of the setting without which there are no updates.
    #[serde(default)]
    pub needs: Option<String>,
    /// The request.
    pub request: Request,
    /// The rules that read its answer; empty: those of the post.
    #[serde(default)]
    pub responses: Vec<ResponseRule>,
    /// Where values sit in its answer.
    #[serde(default)]
    pub answer: Places,
}

/// How a queued lead is asked after. `{{ answer.queue_id }}` and the other values of the answer
/// that said `queued` can be named.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Name of the setting without which nobody asks.
    #[serde(default)]
    pub needs: Option<String>,
    /// The request.
    pub request: Request,
    /// The rules that read its answer. `accepted` and the business no's settle the delivery;
    /// anything else means: ask again.
    pub responses: Vec<ResponseRule>,
    /// Where values sit in its answer.
    #[serde(default)]
    pub answer: Places,
    /// How long to wait before each question; the last step goes on until `give_up_ms`.
    pub waits: Vec<PollWait>,
    /// Milliseconds after the `queued` answer when asking ends. The delivery then stays `queued`.
    pub give_up_ms: i64,
}

/// A step of a poll's waits: every so often, until so long after the `queued` answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollWait {
    /// Milliseconds between questions.
    pub every_ms: i64,
    /// Milliseconds after the `queued` answer until which this step holds.
    pub until_ms: i64,
}
