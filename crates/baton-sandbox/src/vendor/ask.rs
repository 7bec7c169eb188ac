//! A request as a vendor reads it.

use crate::vendor::fields::Fields;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use http::request::Parts;
use serde_json::Value;

/// What the sender says its body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Json,
    Form,
    Xml,
    Other,
    /// There is no `Content-Type`.
    None,
}

pub(super) struct Ask<'a> {
    pub(super) head: &'a Parts,
    /// The path from where the vendor's own begins.
    pub(super) rest: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: Millis,
    /// The credential that is right; without it, any is.
    pub(super) key: Option<Secret>,
}

impl Ask<'_> {
    pub(super) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    pub(super) fn query(&self) -> Fields {
        Fields::from_form(self.head.uri.query().unwrap_or_default().as_bytes())
    }

    pub(super) fn kind(&self) -> Kind {
        let Some(header) = self.header("content-type") else { return Kind::None };
        let media = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/json" => Kind::Json,
            "application/x-www-form-urlencoded" => Kind::Form,
            "application/xml" | "text/xml" => Kind::Xml,
            _ => Kind::Other,
        }
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body).ok()
    }

    /// The fields of a JSON object or a form; `None` for what is neither.
    pub(super) fn json_or_form(&self) -> Option<Fields> {
        match self.kind() {
            Kind::Json => Fields::from_json(&self.json()?),
            Kind::Form => Some(Fields::from_form(self.body)),
            Kind::Xml | Kind::Other | Kind::None => None,
        }
    }

    /// Whether a credential is right.
    pub(super) fn fits(&self, given: Option<&str>) -> bool {
        match (&self.key, given) {
            (_, None | Some("")) => false,
            (Some(key), Some(given)) => key.reveal() == given,
            (None, Some(_)) => true,
        }
    }

    /// Whether `Authorization: Basic` carries that user with the right password.
    pub(super) fn fits_basic(&self, user: &str) -> bool {
        let text = self
            .header("authorization")
            .and_then(|header| header.strip_prefix("Basic "))
            .and_then(|text| STANDARD.decode(text.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            Some((given, password)) => given == user && self.fits(Some(password)),
            None => false,
        }
    }
}

/// True for a calendar date written `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    // Whether the day exists is left to the reader of times.
    shaped && Millis::parse_rfc3339(&format!("{text}T00:00:00Z")).is_some()
}

/// RFC 3339 in UTC to the second, as the vendors' examples have it.
pub(super) fn seconds(at: Millis) -> String {
    let text = at.to_rfc3339();
    text.split_once('.').map_or(text.clone(), |(whole, _)| format!("{whole}Z"))
}

/// Seconds since 1970 with four decimals, as Phonexa writes them.
pub(super) fn unix_seconds(at: Millis) -> Value {
    let text = format!("{}.{:03}0", at.0.div_euclid(1_000), at.0.rem_euclid(1_000));
    serde_json::from_str(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_one_way() {
        let check = |text: &str, expect: bool| assert_eq!(is_date(text), expect, "{text}");
        check("2026-01-28", true);
        check("2024-02-29", true);
        check("2026-02-30", false);
        check("28/01/2026", false);
        check("2026-1-28", false);
        check("2026-01-28T10:00:00Z", false);
        check("", false);
    }

    #[test]
    fn times_are_shown_as_in_the_examples() {
        assert_eq!(seconds(Millis(1_769_610_600_123)), "2026-01-28T14:30:00Z");
        assert_eq!(unix_seconds(Millis(1_769_610_600_123)).to_string(), "1769610600.1230");
    }
}
