//! Errors as callers see them: `application/problem+json` (RFC 9457).
//!
//! Callers branch on `code`, a word of the closed list [`Code`]; texts are for people and hold no
//! personal data and no secret.

mod code;
mod extract;
mod store;

pub use code::Code;
pub use extract::{Path, Query, json_bytes};

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

tokio::task_local! {
    /// Id of the request that is being answered.
    pub(crate) static REQUEST_ID: String;
}

/// What is wrong with one field of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldError {
    /// The field, with dots and brackets for what is inside: `retry.schedule[0]`.
    pub field: String,
    /// A stable word.
    pub code: String,
    /// One line for people.
    pub message: String,
}

impl FieldError {
    /// A field's error.
    pub fn new(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// An error answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// The word to branch on; the status follows from it.
    pub code: Code,
    /// What happened and what to do, for people.
    pub detail: String,
    /// What is wrong with single fields.
    pub errors: Vec<FieldError>,
    /// Further members of the body, such as `duplicate_of`.
    pub extra: Vec<(String, Value)>,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<u64>,
    repeatable: bool,
    close: bool,
}

impl Problem {
    /// A problem of that kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Vec::new(),
            retry_after_s: None,
            repeatable: false,
            close: false,
        }
    }

    /// There is no such thing, or not in this workspace: both look alike.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// Fields of the request are wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            many => format!("{} fields are not as they must be", many.len()),
        };
        Self { errors, ..Self::new(Code::ValidationFailed, detail) }
    }

    /// One field of the request is wrong.
    #[must_use]
    pub fn invalid_field(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![FieldError::new(field, code, message)])
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.push((name.to_owned(), value.into()));
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Leaves the request's id out of the body, so that a repeated request gets the same bytes.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Closes the connection after the answer, because the rest of the request is not read.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let status = self.status();
        let mut body = Map::new();
        body.insert("type".to_owned(), "about:blank".into());
        body.insert("title".to_owned(), status.canonical_reason().unwrap_or("Error").into());
        body.insert("status".to_owned(), status.as_u16().into());
        body.insert("code".to_owned(), self.code.as_str().into());
        body.insert("detail".to_owned(), self.detail.as_str().into());
        if !self.errors.is_empty() {
            let errors = serde_json::to_value(&self.errors).unwrap_or_default();
            body.insert("errors".to_owned(), errors);
        }
        for (name, value) in &self.extra {
            body.insert(name.clone(), value.clone());
        }
        if !self.repeatable
            && let Ok(id) = REQUEST_ID.try_with(Clone::clone)
        {
            body.insert("request_id".to_owned(), id.into());
        }
        Value::Object(body).to_string().into_bytes()
    }
}

/// Content type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.body()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.code == Code::Unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(http::header::WWW_AUTHENTICATE, scheme);
        }
        if self.close {
            headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The answer for a path that is none.
pub(crate) async fn no_such_path() -> Problem {
    Problem::new(Code::NotFound, "there is nothing at this path")
}

/// The answer for a method a path does not have.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "this path does not have that method; see the header `Allow`",
    )
}
