//! Request bodies: their kind, and reading them within bounds.

use crate::problem::{Code, Problem};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a request's body may take to come.
#[derive(Clone, Copy, Debug)]
pub struct BodyDeadline(pub Duration);

/// How long a body may take to come unless the server was told otherwise.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What a request's `Content-Type` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediaType {
    /// `application/json`, or another type that ends in `+json`.
    Json,
    /// `text/plain`, which browsers send without asking first.
    Text,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data` with its boundary.
    Multipart(String),
    /// Anything else, or a character set other than UTF-8.
    Other,
    /// The header is missing.
    Missing,
}

impl MediaType {
    /// Reads the header.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Self::Missing };
        let Ok(value) = value.to_str() else { return Self::Other };
        let mut parts = value.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameter = |wanted: &str| {
            value.split(';').skip(1).find_map(|part| {
                let (name, text) = part.trim().split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case(wanted)
                    .then(|| text.trim().trim_matches('"').to_owned())
            })
        };
        let readable = parameter("charset").is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|c| charset.eq_ignore_ascii_case(c))
        });
        match essence.as_str() {
            _ if !readable => Self::Other,
            "application/json" => Self::Json,
            json if json.starts_with("application/") && json.ends_with("+json") => Self::Json,
            "text/plain" => Self::Text,
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => {
                parameter("boundary").filter(|b| !b.is_empty()).map_or(Self::Other, Self::Multipart)
            }
            _ => Self::Other,
        }
    }
}

/// Reads a body of at most `bytes_max` bytes; refuses a longer one before it has come, as soon as
/// its header or its bytes show that it is.
///
/// # Errors
/// 413 `body_too_large`, 408 `request_timeout` when it does not come in time, 400 when the
/// connection breaks or the coding is wrong; after each the connection is closed.
pub async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let announced = announced.and_then(|v| v.parse::<u64>().ok()).unwrap_or(0);
    if announced > bytes_max as u64 {
        return Err(too_large(bytes_max));
    }
    let allowed = request.extensions().get::<BodyDeadline>().map_or(BODY_TIMEOUT, |d| d.0);
    let deadline = Instant::now() + allowed;
    let mut body = request.into_body();
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => {
                let detail = "the body did not come in time; send it faster";
                return Err(Problem::new(Code::RequestTimeout, detail).closing());
            }
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                let detail = "the body broke off or its transfer coding is wrong";
                return Err(Problem::new(Code::BadRequest, detail).closing());
            }
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        let length = first.as_ref().map_or(0, Bytes::len) + rest.len() + data.len();
        if length > bytes_max {
            return Err(too_large(bytes_max));
        }
        match &first {
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    let first = first.unwrap_or_default();
    if rest.is_empty() {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(first.len() + rest.len());
    all.extend_from_slice(&first);
    all.extend_from_slice(&rest);
    Ok(all.freeze())
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body has more than {bytes_max} bytes")).closing()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expect: MediaType) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, header.parse().unwrap());
        assert_eq!(MediaType::of(&headers), expect, "{header}");
    }

    #[test]
    fn content_types_are_read_with_their_parameters() {
        check("application/json", MediaType::Json);
        check("Application/JSON; charset=UTF-8", MediaType::Json);
        check("application/json; charset=\"utf-8\"", MediaType::Json);
        check("application/ld+json", MediaType::Json);
        check("application/json; charset=latin1", MediaType::Other);
        check("text/plain;charset=UTF-8", MediaType::Text);
        check("application/x-www-form-urlencoded", MediaType::Form);
        check("multipart/form-data; boundary=\"a b\"", MediaType::Multipart("a b".to_owned()));
        check("multipart/form-data", MediaType::Other);
        check("image/png", MediaType::Other);
        assert_eq!(MediaType::of(&HeaderMap::new()), MediaType::Missing);
    }
}
