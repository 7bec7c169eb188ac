//! Reading what a caller sent: the body by its kind, the idempotency key, the facts the server saw.

use crate::body::MediaType;
use crate::client_address::{self, Peer};
use crate::problem::{Code, FieldError, Problem};
use crate::state::AppState;
use axum::extract::{FromRequest, Multipart};
use baton_domain::id::WorkspaceId;
use baton_domain::lead::body::{
    Body, BodyFault, BodyProblem, OBJECT_KEYS_MAX, from_pairs, read_form, read_json,
};
use baton_domain::lead::context::ServerFacts;
use baton_store::capture::Idempotency;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

/// Header by which a caller makes a request safe to repeat.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Most bytes of an idempotency key.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Reads a lead's body by its content type.
pub(crate) async fn read_lead(headers: &HeaderMap, bytes: Bytes) -> Result<Body, Problem> {
    let body = match MediaType::of(headers) {
        MediaType::Json | MediaType::Text | MediaType::Missing => read_json(&bytes),
        // `curl -d '{...}'` calls JSON a form. No form begins with a bare brace: it is encoded.
        MediaType::Form if bytes.first() == Some(&b'{') => read_json(&bytes),
        MediaType::Form => read_form(&bytes),
        MediaType::Multipart(_) => from_pairs(read_multipart(headers, bytes).await?),
        MediaType::Other => {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "send the lead as application/json, text/plain with JSON, \
                 application/x-www-form-urlencoded or multipart/form-data, in UTF-8",
            ));
        }
    };
    body.map_err(unreadable)
}

/// What an unreadable body is answered with.
pub(crate) fn unreadable(problem: BodyProblem) -> Problem {
    let code = match problem.fault {
        BodyFault::BodyTooLarge => Code::BodyTooLarge,
        BodyFault::MalformedJson | BodyFault::InvalidUtf8 | BodyFault::NotAnObject => {
            Code::MalformedJson
        }
        BodyFault::WrongType | BodyFault::ValueTooLong => Code::ValidationFailed,
        BodyFault::DuplicateKey
        | BodyFault::TooDeep
        | BodyFault::TooManyFields
        | BodyFault::InvalidKey
        | BodyFault::NulCharacter => Code::MalformedBody,
    };
    let word = problem.code();
    let mut answer = Problem::new(code, problem.message.clone());
    answer.errors = vec![FieldError::new(problem.field.unwrap_or_default(), word, problem.message)];
    answer
}

async fn read_multipart(
    headers: &HeaderMap,
    bytes: Bytes,
) -> Result<Vec<(String, String)>, Problem> {
    let broken = || {
        let detail = "the multipart body is broken; check its boundary and its last line";
        Problem::new(Code::MalformedBody, detail)
    };
    let mut request = axum::extract::Request::new(axum::body::Body::from(bytes));
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        request.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let value = part.bytes().await.map_err(|_| broken())?;
        match file {
            // A file input that was left empty comes along all the same.
            Some(_) if value.is_empty() => continue,
            Some(_) => {
                let why = "is a file; files are not taken, send text fields only";
                let mut problem = Problem::new(Code::UnsupportedMediaType, format!("a part {why}"));
                problem.errors = vec![FieldError::new(name, "file_not_taken", why)];
                return Err(problem);
            }
            None => {}
        }
        if pairs.len() > OBJECT_KEYS_MAX {
            // One too many already: `from_pairs` says it.
            break;
        }
        let value = String::from_utf8(value.to_vec()).map_err(|_| {
            let why = "is not UTF-8";
            let mut problem = Problem::new(Code::MalformedBody, format!("a part {why}"));
            problem.errors = vec![FieldError::new(name.clone(), "invalid_utf8", why)];
            problem
        })?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// The idempotency key of a request, bound to whose it is and to the body.
pub(crate) fn idempotency(
    state: &AppState,
    workspace: WorkspaceId,
    scope: &[u8],
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Idempotency>, Problem> {
    let Some(sent) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let readable = sent.to_str().ok().map(str::trim).filter(|key| {
        (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len())
            && key.bytes().all(|b| (b' '..=b'~').contains(&b))
    });
    let Some(key) = readable else {
        let detail =
            format!("Idempotency-Key has 1 to {IDEMPOTENCY_KEY_BYTES_MAX} printable characters");
        return Err(Problem::new(Code::InvalidHeader, detail));
    };
    Ok(Some(Idempotency {
        key: state.store.master().idempotency_key(workspace, scope, key),
        body_hash: Sha256::digest(body).into(),
    }))
}

/// What the server saw of a request.
pub(crate) fn server_facts(
    state: &AppState,
    peer: Option<Peer>,
    headers: &HeaderMap,
) -> ServerFacts {
    let text = |value: Option<&HeaderValue>| {
        value.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
    };
    ServerFacts {
        ip: client_address::of_request(state, peer, headers),
        user_agent: text(headers.get(USER_AGENT)),
        referer: text(headers.get(REFERER)),
    }
}
