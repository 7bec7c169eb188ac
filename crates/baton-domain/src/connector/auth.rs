//! Two-step authentication: a token is fetched with the settings, kept while it lasts, and put into
//! requests just before they are signed and sent.
//!
//! What is stored of a request holds a mark in the token's place: a retry hours later needs another
//! token, and a stored attempt holds no credential. Keep a token per destination and version of its
//! document, from [`AuthPlan::read`] until [`Token::good_until`]. When [`AuthPlan::is_stale`] says so
//! of an answer, drop the token, fetch one more and send once again.

use super::classify::{Place, fault_word};
use super::header;
use super::mask::TOKEN_MARK;
use super::render::{Exchange, RenderProblem, Source};
use super::template::{Format, put_text};
use crate::exchange::{Answer, Got, RequestSpec};
use crate::id::{DeliveryId, TypedId as _};
use crate::retry::parse_retry_after;
use crate::secret::{Secret, Secrets};
use crate::time::Millis;
use crate::verdict::{Classified, Verdict};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Longest a token is kept, whatever its answer says: 1 day, in seconds.
pub const TOKEN_LIFETIME_S_MAX: i64 = 86_400;
/// A token is fetched anew so long before it ends, in milliseconds, or a tenth of its life before.
const EARLY_MS: i64 = 60_000;

/// A token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// When a new one is to be fetched.
    pub good_until: Millis,
}

/// How a destination's token is fetched and read.
#[derive(Clone, Debug)]
pub struct AuthPlan {
    pub(super) exchange: Exchange,
    pub(super) token: Place,
    pub(super) expires_in: Option<Place>,
    pub(super) lifetime_s: u32,
    pub(super) stale: RangeInclusive<u16>,
}

impl AuthPlan {
    /// The request for a token.
    ///
    /// # Errors
    /// [`RenderProblem`]; the settings cannot work.
    pub fn request(&self, secrets: &Secrets) -> Result<RequestSpec, RenderProblem> {
        let source = Source::of_settings(secrets);
        let payload = self.exchange.fixed(&source);
        self.exchange.request(&source, payload)
    }

    /// Reads the answer to that request. `now` is when it came.
    ///
    /// # Errors
    /// What the lead's attempt comes to instead: no lead went out, so a fault is `transient`, never
    /// `unknown`; a refusal is `auth_or_config`. No text of it holds the answer.
    pub fn read(&self, got: &Got, now: Millis) -> Result<Token, Classified> {
        let answer = match got {
            Got::Answer(answer) => answer,
            Got::Fault(fault) => {
                let verdict = match super::classify::classify(&Default::default(), got, now).verdict
                {
                    Verdict::Blocked => Verdict::Blocked,
                    _ => Verdict::Transient,
                };
                let decided_by = format!("token: {}", fault_word(fault.kind));
                return Err(failed(verdict, decided_by, &fault.detail));
            }
        };
        if !(200..300).contains(&answer.status) {
            return Err(refused(answer, now));
        }
        let token = self.token.find(answer).filter(|token| {
            let plain = |b: u8| b.is_ascii_graphic() || b == b' ';
            token.len() <= TOKEN_BYTES_MAX && token.bytes().all(plain)
        });
        let Some(token) = token else {
            let why = "the answer holds no token where the connector looks for it";
            let decided_by = format!("token: http {}", answer.status);
            return Err(failed(Verdict::AuthOrConfig, decided_by, why));
        };
        let said = self.expires_in.as_ref().and_then(|place| place.find(answer));
        // `3600`, and `3600.0` or `"3600"` of careless servers.
        let said = said.and_then(|text| text.split('.').next()?.trim().parse::<i64>().ok());
        let lifetime_s = said.unwrap_or(i64::from(self.lifetime_s)).clamp(0, TOKEN_LIFETIME_S_MAX);
        let lifetime_ms = lifetime_s * 1_000;
        let early = EARLY_MS.min(lifetime_ms / 10);
        Ok(Token { secret: Secret::new(token), good_until: now.plus_ms(lifetime_ms - early) })
    }

    /// Whether an answer to a lead's request says that the token is no longer good.
    #[must_use]
    pub fn is_stale(&self, answer: &Answer) -> bool {
        self.stale.contains(&answer.status)
    }
}

fn refused(answer: &Answer, now: Millis) -> Classified {
    let verdict = match answer.status {
        429 => Verdict::RateLimited,
        408 | 425 | 500..=599 => Verdict::Transient,
        _ => Verdict::AuthOrConfig,
    };
    let why = "the token was refused; look at the credentials";
    let why = if verdict == Verdict::AuthOrConfig { why } else { "no token was given" };
    let retry_after_ms = answer.header("retry-after").and_then(|t| parse_retry_after(t, now));
    Classified { retry_after_ms, ..failed(verdict, format!("token: http {}", answer.status), why) }
}

fn failed(verdict: Verdict, decided_by: String, why: &str) -> Classified {
    Classified {
        verdict,
        decided_by,
        rule: None,
        reason: Some(why.to_owned()),
        extracted: BTreeMap::new(),
        retry_after_ms: None,
        gone: false,
    }
}

/// What stands for the token in a request: letters and digits, so that it looks the same wherever
/// it stands, and with the delivery's id, so that no lead can hold it on purpose.
pub(super) fn token_mark(delivery: DeliveryId) -> String {
    format!("{TOKEN_MARK}{}", delivery.uuid().simple())
}

/// Whether a request waits for a token.
#[must_use]
pub fn needs_token(request: &RequestSpec, delivery: DeliveryId) -> bool {
    let mark = token_mark(delivery);
    request.url.contains(&mark)
        || request.headers.iter().any(|(_, value)| value.contains(&mark))
        || find(&request.body, mark.as_bytes()).is_some()
}

/// The request with the token in its places, encoded for each. `delivery` is the one it was
/// rendered for.
///
/// # Errors
/// A sentence when the token cannot stand in a header or a URL.
pub fn put_token(
    request: &RequestSpec,
    delivery: DeliveryId,
    token: &Secret,
) -> Result<RequestSpec, String> {
    let mark = token_mark(delivery);
    let token = token.reveal();
    let mut out = request.clone();
    out.url = out.url.replace(&mark, &super::target::encode(token));
    let mut content_type = "";
    for ((name, value), (_, filled)) in request.headers.iter().zip(&mut out.headers) {
        if value.contains(&mark) {
            *filled = value.replace(&mark, token);
            header::check_value(filled).map_err(|why| format!("the token {why}"))?;
        }
        if name.eq_ignore_ascii_case("content-type") {
            content_type = value;
        }
    }
    if find(&request.body, mark.as_bytes()).is_some() {
        let text = put_text(token, Format::of(content_type));
        out.body = replace(&request.body, mark.as_bytes(), text.as_bytes());
    }
    Ok(out)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn replace(bytes: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + with.len());
    let mut rest = bytes;
    while let Some(at) = find(rest, what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}
