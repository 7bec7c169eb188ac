//! Answers: single documents with their version as `ETag`, what was created, and pages of lists.

use crate::auth::Access;
pub use crate::problem::json_bytes;
use crate::problem::{Code, Problem};
use axum::response::Response;
use baton_domain::id::TypedId;
use baton_store::leads::Page;
use http::header::ETAG;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::fmt::Display;
use std::str::FromStr;
use utoipa::ToSchema;

/// What answers are sealed for while they are kept for their `Idempotency-Key`.
pub const ANSWER_PURPOSE: &str = "answer";
/// Says that an answer is the one given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Rows of a page when the caller does not say.
pub const LIMIT_DEFAULT: u32 = 50;
/// Most rows of a page.
pub const LIMIT_MAX: u32 = baton_store::leads::PAGE_MAX;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Listed<T> {
    /// The rows.
    pub data: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Ids of rows of this page that are damaged where they are stored: they are shown in part or
    /// not at all. Left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub damaged: Vec<String>,
}

impl<T> Listed<T> {
    /// A page of sound rows.
    #[must_use]
    pub fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { data, next_cursor, damaged: Vec::new() }
    }

    /// A page as the store gave it, whose rows have ids of the kind `I`.
    pub fn of<I: TypedId + Display, R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        let name = |uuid| I::from_uuid(uuid).to_string();
        Self {
            data: page.rows.into_iter().map(view).collect(),
            next_cursor: page.next.map(name),
            damaged: page.damaged.into_iter().map(name).collect(),
        }
    }
}

/// JSON with a status.
///
/// # Errors
/// 500 when it cannot be encoded, which is a defect.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    Ok(json_bytes(status, encode(value)?))
}

/// JSON bytes.
///
/// # Errors
/// 500 when it cannot be encoded, which is a defect.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be encoded");
        Problem::internal()
    })
}

/// A document with its version.
///
/// # Errors
/// 500 when it cannot be encoded, which is a defect.
pub fn document<T: Serialize>(version: i64, value: &T) -> Result<Response, Problem> {
    Ok(with_etag(json(StatusCode::OK, value)?, version))
}

/// What was created: 201, at version 1.
#[must_use]
pub fn created(bytes: Vec<u8>) -> Response {
    with_etag(json_bytes(StatusCode::CREATED, bytes), 1)
}

fn with_etag(mut response: Response, version: i64) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The answer that was given to the same request before.
///
/// # Errors
/// 500 when it cannot be opened.
pub fn replayed(access: &Access, status: u16, sealed: &[u8]) -> Result<Response, Problem> {
    let bytes = access.store().master().open(ANSWER_PURPOSE, sealed)?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED);
    let mut response = with_etag(json_bytes(status, bytes), 1);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// How many rows a page has: what was asked for, or the usual number.
///
/// # Errors
/// 400 `invalid_query` for none or too many.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(LIMIT_DEFAULT),
        Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(invalid_query("limit", &format!("must be 1 to {LIMIT_MAX}"))),
    }
}

/// Reads a parameter of the query.
///
/// # Errors
/// 400 `invalid_query`.
pub fn query<T: FromStr>(
    name: &str,
    text: Option<&str>,
    expected: &str,
) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|_| invalid_query(name, &format!("must be {expected}"))))
        .transpose()
}

/// The problem of a parameter of the query.
#[must_use]
pub fn invalid_query(name: &str, message: &str) -> Problem {
    let mut problem = Problem::new(Code::InvalidQuery, format!("`{name}` {message}"));
    problem.errors.push(crate::problem::FieldError::new(name, "invalid", message));
    problem
}

/// The place a cursor names: the id of the last row of the page before.
///
/// # Errors
/// 400 `invalid_query`.
pub fn cursor<I: TypedId + FromStr>(text: Option<&str>) -> Result<Option<I>, Problem> {
    query("cursor", text, "the `next_cursor` of the page before")
}
