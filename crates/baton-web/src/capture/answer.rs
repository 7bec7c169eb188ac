//! The table of answers (DESIGN section 7), as functions of what became of a lead. A repeated
//! request gets the same bytes, so nothing in them may depend on the moment.

use super::intake::{End, Taken};
use crate::problem::{Code, Problem, json_bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

/// Header of an answer that was given before.
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The answer to a capture.
pub(crate) fn answer(taken: Taken) -> Response {
    let replayed = taken.replayed;
    let mut response = match taken.end {
        End::In { duplicate_of, outcome } => {
            let mut body = Map::new();
            body.insert("id".to_owned(), taken.lead.to_string().into());
            body.insert("state".to_owned(), taken.state.as_str().into());
            if let Some(of) = duplicate_of {
                body.insert("duplicate_of".to_owned(), of.to_string().into());
            }
            if taken.stale {
                body.insert("stale".to_owned(), true.into());
            }
            if let Some(outcome) = outcome {
                body.insert("outcome".to_owned(), outcome.word.into());
                body.insert("price".to_owned(), outcome.price.into());
                body.insert("redirect_url".to_owned(), outcome.redirect_url.into());
            }
            json_bytes(StatusCode::CREATED, Value::Object(body).to_string().into_bytes())
        }
        End::Duplicate { of } => {
            let detail = "the lead repeats one that came before; it is kept as rejected";
            let mut problem = Problem::new(Code::DuplicateLead, detail)
                .with("lead_id", taken.lead.to_string())
                .repeatable();
            if let Some(of) = of {
                problem = problem.with("duplicate_of", of.to_string());
            }
            problem.into_response()
        }
        End::Invalid(errors) => Problem::invalid(errors)
            .with("lead_id", taken.lead.to_string())
            .repeatable()
            .into_response(),
    };
    if replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
