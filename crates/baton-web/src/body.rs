//! Request bodies: their kind, and reading them within bounds.

use crate::problem::{Code, Problem};
use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::timeout;

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

/// Most bytes that are read only to be thrown away, so that a caller who is still sending gets to
/// read why it was refused: a connection closed on unread bytes is reset.
pub const DISCARD_BYTES_MAX: u64 = 1024 * 1024;
/// How long that may take.
pub const DISCARD_TIMEOUT: Duration = Duration::from_millis(500);

/// Reads a body of at most `bytes_max` bytes; refuses a longer one as soon as its header or its
/// bytes show that it is, before any of it is parsed.
///
/// # Errors
/// 413 `body_too_large`, 408 `request_timeout` when it does not come in time, 400 when the
/// connection breaks or the coding is wrong; after each the connection is closed.
pub async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    read_parts(&parts, body, bytes_max).await
}

/// As [`read`], of a request that was taken apart.
///
/// # Errors
/// As [`read`].
pub async fn read_parts(parts: &Parts, body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    if announced(parts).unwrap_or(0) > bytes_max as u64 {
        discard(parts, body).await;
        return Err(too_large(bytes_max));
    }
    let mut body = body;
    let allowed = parts.extensions.get::<BodyDeadline>().map_or(BODY_TIMEOUT, |d| d.0);
    match timeout(allowed, collect(&mut body, bytes_max)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => {
            discard(parts, body).await;
            Err(too_large(bytes_max))
        }
        Ok(Err(_)) => {
            let detail = "the body broke off or its transfer coding is wrong";
            Err(Problem::new(Code::BadRequest, detail).closing())
        }
        Err(_) => {
            let detail = "the body did not come in time; send it faster";
            Err(Problem::new(Code::RequestTimeout, detail).closing())
        }
    }
}

/// Throws a body away, within bounds, before its request is refused.
pub async fn discard(parts: &Parts, mut body: Body) {
    if announced(parts).is_some_and(|length| length > DISCARD_BYTES_MAX) {
        return;
    }
    let discarding = async {
        let mut left = DISCARD_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Whoever is slower than this has to do without the answer.
    let _ = timeout(DISCARD_TIMEOUT, discarding).await;
}

fn announced(parts: &Parts) -> Option<u64> {
    parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body; `None` when it is longer than `bytes_max`.
async fn collect(body: &mut Body, bytes_max: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len().max(all.len()) + data.len() > bytes_max {
            return Ok(None);
        }
        // Most bodies come in one piece, which is not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&data);
    }
    Ok(Some(if all.is_empty() { first } else { all.freeze() }))
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
