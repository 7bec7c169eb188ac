//! Requests and answers as people see them, secrets masked.

use baton_domain::connector::mask::mask;
use baton_domain::exchange::RequestSpec;
use baton_domain::secret::{MASK, Secrets};
use serde::Serialize;
use utoipa::ToSchema;

/// A header.
#[derive(Serialize, ToSchema)]
pub struct HeaderView {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request that was sent or would be.
#[derive(Serialize, ToSchema)]
pub struct RequestView {
    /// Method.
    pub method: String,
    /// URL.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<HeaderView>,
    /// Body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// Whether the body was UTF-8 as a whole.
    pub body_is_text: bool,
}

/// An answer as it came.
#[derive(Serialize, ToSchema)]
pub struct AnswerView {
    /// HTTP status.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<HeaderView>,
    /// Head of the body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// Whether that head was UTF-8 as a whole.
    pub body_is_text: bool,
    /// Whether the body went on.
    pub cut: bool,
}

/// Why there was no complete answer.
#[derive(Serialize, ToSchema)]
pub struct FaultView {
    /// The word to branch on, such as `timeout`.
    pub kind: String,
    /// One line for people.
    pub detail: String,
}

/// Headers with secret values hidden: all of those named, and secrets wherever else they stand.
pub(super) fn header_rows(
    headers: &[(String, String)],
    secret_names: &[String],
    secrets: &Secrets,
) -> Vec<HeaderView> {
    let row = |(name, value): &(String, String)| {
        let hidden = secret_names.iter().any(|secret| secret.eq_ignore_ascii_case(name));
        let value = if hidden { MASK.to_owned() } else { mask(value, secrets) };
        HeaderView { name: name.clone(), value }
    };
    headers.iter().map(row).collect()
}

/// A body as text with secrets hidden, and whether it was text.
pub(super) fn body_text(bytes: &[u8], secrets: &Secrets) -> (String, bool) {
    let text = String::from_utf8_lossy(bytes);
    (mask(&text, secrets), std::str::from_utf8(bytes).is_ok())
}

/// A request with secrets hidden.
pub(super) fn request_view(
    request: &RequestSpec,
    secret_names: &[String],
    secrets: &Secrets,
) -> RequestView {
    let (body, body_is_text) = body_text(&request.body, secrets);
    RequestView {
        method: request.method.clone(),
        url: mask(&request.url, secrets),
        headers: header_rows(&request.headers, secret_names, secrets),
        body,
        body_is_text,
    }
}
