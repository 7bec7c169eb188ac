//! Extractors whose refusals are problems.

use super::{Code, Problem};
use crate::body::{self, MediaType};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most bytes of a management request's body.
pub const API_BODY_BYTES_MAX: usize = 1024 * 1024;

/// A JSON body, in and out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if MediaType::of(request.headers()) != MediaType::Json {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "the body must be JSON; set the header `Content-Type: application/json`",
            ));
        }
        let bytes = body::read(request, API_BODY_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Problem::new(
                Code::ValidationFailed,
                format!("the body is not as it must be: {error}"),
            ),
            _ => Problem::new(Code::MalformedJson, format!("the body is not JSON: {error}")),
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => json_bytes(StatusCode::OK, bytes),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be encoded");
                Problem::internal().into_response()
            }
        }
    }
}

/// An answer of ready JSON bytes.
pub(crate) fn json_bytes(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The query's parameters.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|e| Problem::new(Code::InvalidQuery, e.body_text()))
    }
}

/// The path's parameters. One that cannot be read names nothing: the answer is 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|_| Problem::not_found("thing"))
    }
}
