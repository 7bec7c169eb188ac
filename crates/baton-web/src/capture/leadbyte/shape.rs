//! Answers in LeadByte's shape.

use super::super::intake::{End, Taken};
use super::super::outcome::Outcome;
use super::names::Translated;
use crate::problem::{Code, FieldError, Problem, json_bytes};
use axum::response::Response;
use baton_domain::id::{LeadId, TypedId};
use baton_domain::time::Millis;
use http::StatusCode;
use http::header::{CONNECTION, RETRY_AFTER};
use serde_json::{Value, json};

/// LeadByte's codes (`reference/integrations.md` 1.3).
pub(super) const OK: i32 = 1;
pub(super) const DUPLICATE: i32 = -2;
pub(super) const REMOTE: i32 = -3;
pub(super) const INVALID: i32 = -5;
pub(super) const NOT_AUTHORISED: i32 = -7;
pub(super) const NOT_ACTIVE: i32 = -9;
pub(super) const INTERNAL: i32 = -100;

/// One lead of a call.
pub(super) enum Item {
    Queued(LeadId),
    /// Its source waits for receivers.
    Known(LeadId, Outcome),
    Refused {
        code: i32,
        errors: Vec<String>,
        /// The lead, when it is kept as rejected.
        lead: Option<LeadId>,
        /// The problem, when it is no matter of the lead.
        outage: Option<Problem>,
    },
}

impl Item {
    pub(super) fn taken(taken: Taken, names: &Translated) -> Self {
        let lead = taken.lead;
        match taken.end {
            End::In { outcome: None, .. } => Self::Queued(lead),
            End::In { outcome: Some(outcome), .. } => Self::Known(lead, outcome),
            End::Duplicate { .. } => Self::Refused {
                code: DUPLICATE,
                errors: vec!["duplicate lead".to_owned()],
                lead: Some(lead),
                outage: None,
            },
            End::Invalid(errors) => {
                let errors = errors.iter().map(|e| error_line(e, names.as_sent(&e.field)));
                Self::Refused {
                    code: INVALID,
                    errors: errors.collect(),
                    lead: Some(lead),
                    outage: None,
                }
            }
        }
    }

    pub(super) fn refused(problem: &Problem) -> Self {
        let errors = match problem.errors.is_empty() {
            true => vec![problem.detail.clone()],
            false => problem.errors.iter().map(|e| error_line(e, &e.field)).collect(),
        };
        let outage = (status_of(problem) != StatusCode::OK).then(|| problem.clone());
        Self::Refused { code: code_of(problem.code), errors, lead: None, outage }
    }

    fn json(&self, now: Millis, seconds: f64) -> Value {
        match self {
            Self::Queued(lead) => {
                json!({"queueId": lead.uuid().to_string(), "status": "Queued", "code": OK})
            }
            Self::Known(lead, outcome) => {
                let status = match outcome.word {
                    "accepted" => "Approved",
                    "rejected" | "failed" => "Rejected",
                    _ => "Pending",
                };
                let mut record = json!({
                    "queueId": lead.uuid().to_string(),
                    "status": status,
                    "processed": now.to_rfc3339(),
                    "response": response(*lead, outcome_code(outcome), &[], now, seconds),
                });
                if let Some(price) = &outcome.price {
                    record["price"] = price.as_str().into();
                }
                if let Some(url) = &outcome.redirect_url {
                    record["redirectUrl"] = url.as_str().into();
                }
                record
            }
            Self::Refused { code, errors, lead, .. } => json!({
                "queueId": lead.map(|l| l.uuid().to_string()),
                "status": "Error",
                "code": code,
                "message": "",
                "errors": errors,
            }),
        }
    }
}

pub(super) fn outcome_code(outcome: &Outcome) -> i32 {
    if matches!(outcome.word, "rejected" | "failed") { REMOTE } else { OK }
}

/// The inner `response` of records and queue items.
pub(super) fn response(
    lead: LeadId,
    code: i32,
    info: &[String],
    at: Millis,
    seconds: f64,
) -> Value {
    let word = match code {
        OK => "OK",
        DUPLICATE => "Duplicate",
        INVALID => "Validation Error",
        _ => "Remote System Rejection",
    };
    json!({
        "code": code,
        "response": word,
        "info": info,
        "leadId": lead.to_string(),
        "rejectionId": null,
        "processTime": (seconds * 1000.0).round() / 1000.0,
        "timestamp": at.to_rfc3339(),
    })
}

fn error_line(error: &FieldError, name: &str) -> String {
    match name {
        "" => error.message.clone(),
        _ if error.message.starts_with('`') => error.message.clone(),
        name => format!("{name} {}", error.message),
    }
}

fn code_of(code: Code) -> i32 {
    match code {
        Code::DuplicateLead => DUPLICATE,
        Code::Unauthorized | Code::Forbidden | Code::InvalidSignature => NOT_AUTHORISED,
        Code::CampaignPaused | Code::SourceDisabled => NOT_ACTIVE,
        Code::RateLimited | Code::Unavailable | Code::Overloaded | Code::Internal => INTERNAL,
        _ => INVALID,
    }
}

/// LeadByte answers 200 to everything about the lead. What is about the exchange keeps its status:
/// a client that looks at nothing else must not think it was taken.
fn status_of(problem: &Problem) -> StatusCode {
    match problem.code {
        Code::BodyTooLarge
        | Code::RequestTimeout
        | Code::RateLimited
        | Code::Internal
        | Code::Unavailable
        | Code::Overloaded => problem.status(),
        _ => StatusCode::OK,
    }
}

/// The answer to a call.
pub(super) fn answer(single: bool, items: &[Item], now: Millis, seconds: f64) -> Response {
    let all_refused = items.iter().all(|i| matches!(i, Item::Refused { .. }));
    if let ([Item::Refused { code, errors, outage, .. }], true) = (items, single) {
        return error(*code, errors, outage.as_ref(), None);
    }
    let list: Vec<Value> = items.iter().map(|i| i.json(now, seconds)).collect();
    if all_refused {
        let mut errors: Vec<String> = Vec::new();
        let mut first_code = INVALID;
        let mut outage = None;
        for item in items.iter().rev() {
            if let Item::Refused { code, errors: of_item, outage: of_lead, .. } = item {
                first_code = *code;
                outage = of_lead.as_ref().or(outage);
                errors.splice(0..0, of_item.iter().cloned());
            }
        }
        return error(first_code, &errors, outage, Some(list));
    }
    let waited = items.iter().any(|i| matches!(i, Item::Known(..)));
    let (name, message) = if waited { ("records", "OK") } else { ("results", "") };
    let body = json!({"status": "Success", "code": OK, "message": message, name: list});
    json_bytes(StatusCode::OK, body.to_string().into_bytes())
}

/// The answer to a call that failed as a whole.
pub(super) fn refused(problem: &Problem) -> Response {
    match Item::refused(problem) {
        Item::Refused { code, errors, outage, .. } => error(code, &errors, outage.as_ref(), None),
        _ => error(INTERNAL, std::slice::from_ref(&problem.detail), None, None),
    }
}

fn error(
    code: i32,
    errors: &[String],
    outage: Option<&Problem>,
    results: Option<Vec<Value>>,
) -> Response {
    let mut body = json!({"status": "Error", "code": code, "message": "", "errors": errors});
    if let Some(results) = results {
        body["results"] = results.into();
    }
    let status = outage.map_or(StatusCode::OK, Problem::status);
    let mut response = json_bytes(status, body.to_string().into_bytes());
    if let Some(problem) = outage {
        if let Some(seconds) = problem.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if matches!(problem.code, Code::BodyTooLarge | Code::RequestTimeout) {
            let close = http::HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
    }
    response
}
