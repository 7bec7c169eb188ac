//! What captures look like in the description of the API. The capture path reads and writes JSON
//! itself; these types say the same to people.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The lead's fields flat, with the reserved keys named here beside them; or the same as
/// `{"fields": {...}, "context": {...}}`. Fields the campaign does not know are kept too.
#[derive(Serialize, ToSchema)]
#[schema(as = CaptureInput, example = json!({"email": "ada@example.com", "first_name": "Ada"}))]
pub(super) struct CaptureShape {
    /// Id or reference of the campaign; for captures with a key.
    campaign: Option<String>,
    /// The person's address, when a server posts for them.
    ip_address: Option<String>,
    /// The person's browser, when a server posts for them.
    user_agent: Option<String>,
    /// The page of the form.
    page_url: Option<String>,
    /// The page before it.
    referrer: Option<String>,
    /// The first page of the visit.
    landing_page: Option<String>,
    /// What the person agreed to.
    consent_text: Option<String>,
    /// A certificate of consent.
    trustedform_cert_url: Option<String>,
    /// A certificate of consent.
    jornaya_leadid: Option<String>,
    /// When the person agreed.
    optin_at: Option<String>,
    /// Whether it is a test.
    test: Option<bool>,
    /// Whether it is not submitted yet; needs `lead_key`.
    partial: Option<bool>,
    /// The caller's own name for the lead, by which its parts find each other.
    lead_key: Option<String>,
    /// The caller's count of a partial lead's versions.
    seq: Option<i64>,
}

/// What became of a capture.
#[derive(Serialize, ToSchema)]
#[schema(as = CaptureAnswer)]
pub(super) struct AnswerShape {
    /// The lead.
    #[schema(example = "lead_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// `received`, `partial`, `held` or `quarantined`.
    state: String,
    /// The lead it repeats, when that came through the same source.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<String>,
    /// True when a newer version of the lead was there already: this one changed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<bool>,
    /// What the receivers said, for sources that wait: `accepted`, `queued`, `rejected`, `failed` or
    /// `pending`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// The price a receiver named.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    /// Where a receiver wants the person to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<String>,
}

/// An answer in LeadByte's shape. It is HTTP 200 for refusals too: read `status`.
#[derive(Serialize, ToSchema)]
#[schema(as = LeadByteAnswer)]
pub(super) struct LeadByteAnswerShape {
    /// `Success` or `Error`.
    status: String,
    /// 1, or a negative number for what is wrong.
    #[schema(example = 1)]
    code: i32,
    /// `OK` when the outcome was waited for.
    message: String,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<String>>,
    /// One of each lead: `queueId`, `status`, `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    results: Option<Vec<Value>>,
    /// In place of `results` for sources that wait: also what the receivers said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    records: Option<Vec<Value>>,
}

/// What became of a lead, in LeadByte's shape.
#[derive(Serialize, ToSchema)]
#[schema(as = LeadByteQueueItem)]
pub(super) struct QueueItemShape {
    /// The lead.
    #[serde(rename = "queueRef")]
    queue_ref: String,
    /// `Pending`, `Processed` or `Not Found`.
    status: String,
    /// When it was through.
    processed: Option<String>,
    /// How.
    #[schema(value_type = Option<Object>)]
    response: Option<Value>,
}

/// Which leads are asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = LeadByteQueueQuery)]
pub(super) struct QueueQueryShape {
    /// The key, where it is not in a header.
    key: Option<String>,
    /// At most 200.
    #[serde(rename = "queueIds")]
    queue_ids: Vec<String>,
}
