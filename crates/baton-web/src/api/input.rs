//! Bodies and headers of management requests, read strictly: a key nobody knows is an error, and
//! every error names its field.

use super::answer;
use crate::auth::Caller;
use crate::body::{self, MediaType};
use crate::problem::{Code, FieldError, Problem};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use baton_store::capture::Idempotency;
use bytes::Bytes;
use http::HeaderMap;
use http::header::IF_MATCH;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Most bytes of a management request's body.
pub const API_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most characters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Longest name of anything, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest note for people, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// Reads JSON into `T`; what does not fit is a 422 that names the field.
///
/// # Errors
/// 400 `malformed_json`, 422 `validation_failed`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|e| refusal(e.path().to_string(), e.inner()))?;
    reader.end().map_err(|e| refusal(String::new(), &e))?;
    Ok(value)
}

/// The same for JSON that was read already.
///
/// # Errors
/// 422 `validation_failed`.
pub fn parse_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|e| refusal(e.path().to_string(), e.inner()))
}

fn refusal(path: String, error: &serde_json::Error) -> Problem {
    if error.is_syntax() || error.is_eof() {
        return Problem::new(Code::MalformedJson, format!("the body is not JSON: {error}"));
    }
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let (code, named) = if let Some(rest) = message.strip_prefix("missing field `") {
        ("required", rest.split('`').next())
    } else if let Some(rest) = message.strip_prefix("unknown field `") {
        ("unknown_field", rest.split('`').next())
    } else {
        ("invalid", None)
    };
    let path = if path == "." { String::new() } else { path };
    let field = match named {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path,
        Some(name) => format!("{path}.{name}"),
        None if path.is_empty() => "body".to_owned(),
        None => path,
    };
    Problem::invalid_field(field, code, message)
}

async fn read_bytes(request: Request, may_be_empty: bool) -> Result<Bytes, Problem> {
    let kind = MediaType::of(request.headers());
    let bytes = body::read(request, API_BODY_BYTES_MAX).await?;
    if bytes.is_empty() && may_be_empty {
        return Ok(Bytes::from_static(b"{}"));
    }
    if kind != MediaType::Json {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "the body must be JSON; set the header `Content-Type: application/json`",
        ));
    }
    Ok(bytes)
}

/// A JSON body that must be there.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parse(&read_bytes(request, false).await?).map(Self)
    }
}

/// A JSON body that may be left out; it is then `{}`.
pub struct MaybeBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parse(&read_bytes(request, true).await?).map(Self)
    }
}

/// The body of a request that creates something, with its `Idempotency-Key`. A request that was
/// answered before is answered here with the same bytes, before anything is looked at anew.
pub struct Creating<T> {
    /// The body; `{}` when it was empty.
    pub input: T,
    /// The key to store with what is made.
    pub idempotency: Option<Idempotency>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Creating<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        read_creating(request).await.map_err(|refused| *refused)
    }
}

async fn read_creating<T: DeserializeOwned>(
    request: Request,
) -> Result<Creating<T>, Box<Response>> {
    let refuse = |problem: Problem| Box::new(problem.into_response());
    // Every creating handler has its permit before the body, so a caller is always there.
    let caller = request.extensions().get::<Caller>().cloned();
    let Caller(access) = caller.ok_or_else(|| refuse(Problem::internal()))?;
    let sent = idempotency_key(request.headers()).map_err(refuse)?;
    let mut hash = Sha256::new();
    hash.update(request.method().as_str());
    hash.update(b" ");
    hash.update(request.uri().path());
    hash.update(b"\0");
    let bytes = read_bytes(request, true).await.map_err(refuse)?;
    hash.update(&bytes);
    let idempotency = sent.map(|sent| Idempotency {
        key: access.store().master().idempotency_key(
            access.workspace_id(),
            access.actor().uuid().unwrap_or_default().as_bytes(),
            &sent,
        ),
        body_hash: hash.finalize().into(),
    });
    if let Some(wanted) = &idempotency {
        let stored = access.store().answer_of(wanted).await;
        if let Some((status, sealed)) = stored.map_err(|e| refuse(e.into()))? {
            let replay = answer::replayed(&access, status, &sealed).map_err(refuse)?;
            return Err(Box::new(replay));
        }
    }
    let input = parse(&bytes).map_err(refuse)?;
    Ok(Creating { input, idempotency })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|t| (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&t.len()));
    text.map(|t| Some(t.to_owned())).ok_or_else(|| {
        let detail = format!(
            "the header `Idempotency-Key` must have 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible \
             characters"
        );
        Problem::new(Code::InvalidHeader, detail)
    })
}

/// The versions `If-Match` allows; `None`: any.
pub struct IfMatch(pub Option<Vec<i64>>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        let versions: Option<Vec<i64>> = text.split(',').map(version).collect();
        versions.map(|versions| Self(Some(versions))).ok_or_else(|| {
            let detail = "the header `If-Match` must be an `ETag` as it was given, such as `\"3\"`";
            Problem::new(Code::InvalidHeader, detail)
        })
    }
}

impl IfMatch {
    /// Whether a document at that version may be changed.
    #[must_use]
    pub fn allows(&self, version: i64) -> bool {
        self.0.as_ref().is_none_or(|versions| versions.contains(&version))
    }
}

/// A JSON merge patch (RFC 7396) to a document as the API takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Patch(pub Map<String, Value>);

impl Patch {
    /// The document with the patch applied, read and checked like a new one.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn apply<T: Serialize + DeserializeOwned>(self, to: &T) -> Result<T, Problem> {
        let mut document = serde_json::to_value(to).map_err(|_| Problem::internal())?;
        merge(&mut document, Value::Object(self.0));
        parse_value(document)
    }
}

/// RFC 7396 section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            object.shift_remove(&name);
        } else {
            merge(object.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Collects what is wrong with the fields of a request.
#[derive(Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, field: impl Into<String>, code: &str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, code, message));
    }

    /// Checks the length of a text: 1 to `max` characters and no control characters.
    pub fn text(&mut self, field: &str, text: &str, max: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.add(field, "required", "must not be empty");
        } else if length > max {
            self.add(
                field,
                "too_long",
                format!("has {length} characters, at most {max} are taken"),
            );
        } else if text.chars().any(char::is_control) {
            self.add(field, "invalid", "must be one line without control characters");
        }
    }

    /// Whether one of that field was noted.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|fault| fault.field == field)
    }

    /// Whether none was noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problem of all faults, if there are any.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        #[serde(default)]
        count: Option<u8>,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        deep: bool,
    }

    #[test]
    fn refusals_name_the_field() {
        let check = |body: &str, field: &str, code: &str| {
            let problem = parse::<Sample>(body.as_bytes()).unwrap_err();
            let found: Vec<_> =
                problem.errors.iter().map(|e| (e.field.as_str(), e.code.as_str())).collect();
            assert_eq!(found, [(field, code)], "{body}");
        };
        check(r#"{}"#, "name", "required");
        check(r#"{"name":"x","colour":1}"#, "colour", "unknown_field");
        check(r#"{"name":5}"#, "name", "invalid");
        check(r#"{"name":"x","count":300}"#, "count", "invalid");
        check(r#"{"name":"x","inner":{}}"#, "inner.deep", "required");
        check(r#"{"name":"x","inner":{"deep":true,"x":1}}"#, "inner.x", "unknown_field");
        check(r#"{"name":"x","inner":{"deep":"yes"}}"#, "inner.deep", "invalid");
        check("[]", "body", "invalid");
        for broken in ["", "{", "nope", "{} {}"] {
            let problem = parse::<Sample>(broken.as_bytes()).unwrap_err();
            assert_eq!(problem.status().as_u16() / 100, 4, "{broken}");
        }
    }

    #[test]
    fn a_patch_merges_as_rfc_7396_says() {
        let check = |target: Value, patch: Value, expect: Value| {
            let mut merged = target;
            merge(&mut merged, patch);
            assert_eq!(merged, expect);
        };
        check(json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"}));
        check(json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"}));
        check(json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"}));
        check(json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}}));
        check(json!({"a":"foo"}), json!({"b":[1]}), json!({"a":"foo","b":[1]}));
        check(json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}}));
    }
}
