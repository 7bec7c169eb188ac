//! The body of a capture: read strictly, and sorted into fields, context and control.
//!
//! A body is flat (`{"email": ..., "utm_source": ..., "test": true}`) or says the same in parts
//! (`{"fields": {...}, "context": {...}, "test": true}`; recognised by `fields` or `context` being
//! an object). Reserved keys mean the same wherever they stand; every other key is a field,
//! except in `context`, where it is kept with the tracking values.

mod form;
mod json;
mod reserved;
mod sort;

#[cfg(test)]
mod tests;

pub use form::{from_pairs, parse_form, read_form};
pub use reserved::is_reserved;
pub use sort::sort;

use crate::personal::FieldMap;
use serde_json::{Map, Value};
use std::fmt;

/// Most bytes of a capture's body (DESIGN section 7).
pub const CAPTURE_BODY_BYTES_MAX: usize = 64 * 1024;
/// Most fields of one lead (DESIGN section 7).
pub const FIELDS_MAX: usize = 200;
/// Most tracking values of one lead: `utm_*`, click ids, sub ids and what else is in `context`.
pub const TRACKING_MAX: usize = 100;
/// Most bytes of a key.
pub const KEY_BYTES_MAX: usize = 128;
/// Most bytes of a value; of a list or an object, in JSON without white space.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Most levels of lists and objects, the body itself being the first.
pub const DEPTH_MAX: usize = 16;
/// Most keys of one object: the fields of a flat body and the reserved keys beside them.
pub const OBJECT_KEYS_MAX: usize = FIELDS_MAX + TRACKING_MAX;

/// A capture's body, sorted.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Body {
    /// Everything that is not reserved, as it came and in that order.
    pub fields: FieldMap,
    /// What the caller says about where the lead came from.
    pub claims: Claims,
    /// What the caller wants done.
    pub control: Control,
}

/// What a caller says about where a lead came from; `believe_body` of
/// [`crate::lead::context::build_context`] decides which of it counts.
///
/// Texts are as sent; an empty text counts as absent. `Debug` shows nothing: it is personal data.
#[derive(Clone, PartialEq, Default)]
pub struct Claims {
    /// `ip_address`.
    pub ip_address: Option<String>,
    /// `user_agent`.
    pub user_agent: Option<String>,
    /// `page_url`.
    pub page_url: Option<String>,
    /// `referrer`.
    pub referrer: Option<String>,
    /// `landing_page`.
    pub landing_page: Option<String>,
    /// `consent_text`.
    pub consent_text: Option<String>,
    /// `trustedform_cert_url`, or `xxTrustedFormCertUrl` in any case.
    pub trustedform_cert_url: Option<String>,
    /// `jornaya_leadid`, or `universal_leadid` or `leadid_token`.
    pub jornaya_leadid: Option<String>,
    /// `optin_at`.
    pub optin_at: Option<String>,
    /// `utm_*`, click ids, `sub_id*` and unreserved keys of `context`, under their own names.
    pub tracking: Map<String, Value>,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(..)")
    }
}

/// What a caller wants done with a lead.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Control {
    /// `campaign`: an id or a reference.
    pub campaign: Option<String>,
    /// `test`: whether the lead is a test.
    pub test: bool,
    /// `partial`: whether the lead is not submitted yet.
    pub partial: bool,
    /// `lead_key`: the caller's own name for the lead, by which its parts find each other.
    pub lead_key: Option<String>,
    /// `seq`: the caller's count of a partial lead's versions, 0 or more.
    pub seq: Option<i64>,
}

/// Why a body cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct BodyProblem {
    /// What kind of problem it is.
    pub fault: BodyFault,
    /// The key it is about, when there is one that can be shown.
    pub field: Option<String>,
    /// One line for people; holds no value of the body.
    pub message: String,
}

impl BodyProblem {
    pub(super) fn new(fault: BodyFault, field: Option<&str>, message: impl Into<String>) -> Self {
        Self { fault, field: field.map(str::to_owned), message: message.into() }
    }

    /// The stable word of [`BodyProblem::fault`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.fault.as_str()
    }
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The kinds of problems of a body.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum BodyFault { $($(#[$doc])* $name,)* }

        impl BodyFault {
            /// The word in the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

faults! {
    /// The body is longer than its limit.
    BodyTooLarge = "body_too_large",
    /// The body is not UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// The body is not JSON.
    MalformedJson = "malformed_json",
    /// The body is JSON but not an object.
    NotAnObject = "not_an_object",
    /// A key stands there twice.
    DuplicateKey = "duplicate_key",
    /// Lists and objects are nested too deep.
    TooDeep = "too_deep",
    /// There are too many fields.
    TooManyFields = "too_many_fields",
    /// A key is empty, too long, or one that cannot be stored.
    InvalidKey = "invalid_key",
    /// A value is too long.
    ValueTooLong = "value_too_long",
    /// A text has the character U+0000.
    NulCharacter = "nul_character",
    /// A reserved key has a value of the wrong type.
    WrongType = "wrong_type",
}

/// Reads a JSON body.
///
/// # Errors
/// The first problem found: see [`BodyFault`].
pub fn read_json(bytes: &[u8]) -> Result<Body, BodyProblem> {
    sort(parse_object(bytes, CAPTURE_BODY_BYTES_MAX)?)
}

/// Reads one JSON object of at most `bytes_max` bytes under the same rules as [`read_json`], but
/// does not sort it; for bodies of another shape.
///
/// # Errors
/// The first problem found: see [`BodyFault`].
pub fn parse_object(bytes: &[u8], bytes_max: usize) -> Result<Map<String, Value>, BodyProblem> {
    check_size(bytes, bytes_max)?;
    let text = std::str::from_utf8(bytes).map_err(|e| {
        BodyProblem::new(
            BodyFault::InvalidUtf8,
            None,
            format!("the body is not UTF-8: byte {} starts no character", e.valid_up_to()),
        )
    })?;
    json::parse(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

fn check_size(bytes: &[u8], bytes_max: usize) -> Result<(), BodyProblem> {
    if bytes.len() <= bytes_max {
        return Ok(());
    }
    let message = format!("the body has {} bytes, at most {bytes_max} are taken", bytes.len());
    Err(BodyProblem::new(BodyFault::BodyTooLarge, None, message))
}
