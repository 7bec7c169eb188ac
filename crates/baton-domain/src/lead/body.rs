//! The body of a capture: read strictly, and sorted into fields, context and control.
//!
//! A body is flat (`{"email": ..., "utm_source": ..., "test": true}`) or says the same in parts
//! (`{"fields": {...}, "context": {...}, "test": true}`; recognised by `fields` or `context` being
//! an object). Reserved keys mean the same wherever they stand; every other key is a field,
//! except in `context`, where it is kept with the tracking values.

mod form;
mod json;
mod reserved;

#[cfg(test)]
mod tests;

pub use form::{from_pairs, read_form};
pub use reserved::is_reserved;

use crate::personal::{FieldMap, scalar_text};
use reserved::{ControlKey, Key, TextKey};
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

/// Sorts an object into a [`Body`].
///
/// # Errors
/// [`BodyFault::WrongType`], [`BodyFault::ValueTooLong`], [`BodyFault::TooManyFields`], or
/// [`BodyFault::DuplicateKey`] when a key stands in two of the parts.
pub fn sort(object: Map<String, Value>) -> Result<Body, BodyProblem> {
    let mut sorter = Sorter::default();
    let in_parts =
        ["fields", "context"].iter().any(|part| object.get(*part).is_some_and(Value::is_object));
    for (key, value) in object {
        match value {
            Value::Object(part) if in_parts && key == "fields" => {
                sorter.take_all(part, Part::Fields)?
            }
            Value::Object(part) if in_parts && key == "context" => {
                sorter.take_all(part, Part::Context)?;
            }
            Value::Null if in_parts && matches!(key.as_str(), "fields" | "context") => {}
            value => sorter.take(key, value, Part::Top)?,
        }
    }
    sorter.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Top,
    Fields,
    Context,
}

#[derive(Default)]
struct Sorter {
    body: Body,
    /// Reserved keys met so far, other than tracking.
    met: Vec<String>,
    /// Values that came under another name than the reserved one; they count when that is absent.
    aliased: Vec<(TextKey, String)>,
}

impl Sorter {
    fn take_all(&mut self, part: Map<String, Value>, which: Part) -> Result<(), BodyProblem> {
        part.into_iter().try_for_each(|(key, value)| self.take(key, value, which))
    }

    fn take(&mut self, key: String, value: Value, part: Part) -> Result<(), BodyProblem> {
        check_value_size(&key, &value)?;
        match Key::of(&key, part == Part::Context) {
            Key::Field if part == Part::Context => self.keep_tracking(key, value),
            Key::Field => keep(&mut self.body.fields.0, key, value),
            Key::Tracking => self.keep_tracking(key, value),
            Key::Text(which) => {
                self.meet(&key)?;
                if let Some(text) = one_text(&key, value)? {
                    *which.slot(&mut self.body.claims) = Some(text);
                }
                Ok(())
            }
            Key::Alias(which) => {
                self.meet(&key)?;
                if let Some(text) = one_text(&key, value)? {
                    self.aliased.push((which, text));
                }
                Ok(())
            }
            Key::Control(which) => {
                self.meet(&key)?;
                self.control(which, &key, value)
            }
        }
    }

    fn meet(&mut self, key: &str) -> Result<(), BodyProblem> {
        if self.met.iter().any(|k| k == key) {
            return Err(duplicate(key));
        }
        self.met.push(key.to_owned());
        Ok(())
    }

    fn keep_tracking(&mut self, key: String, value: Value) -> Result<(), BodyProblem> {
        if is_blank(&value) {
            return Ok(());
        }
        keep(&mut self.body.claims.tracking, key, value)
    }

    fn control(&mut self, which: ControlKey, key: &str, value: Value) -> Result<(), BodyProblem> {
        let control = &mut self.body.control;
        let Some(text) = one_text(key, value)? else {
            return Ok(());
        };
        let text = text.trim();
        match which {
            ControlKey::Campaign => control.campaign = Some(text.to_owned()),
            ControlKey::Test => control.test = yes_or_no(key, text)?,
            ControlKey::Partial => control.partial = yes_or_no(key, text)?,
            ControlKey::LeadKey if text.len() <= KEY_BYTES_MAX => {
                control.lead_key = Some(text.to_owned());
            }
            ControlKey::LeadKey => {
                let message = format!("`lead_key` has at most {KEY_BYTES_MAX} bytes");
                return Err(BodyProblem::new(BodyFault::ValueTooLong, Some(key), message));
            }
            ControlKey::Seq => match text.parse::<i64>() {
                Ok(seq) if seq >= 0 => control.seq = Some(seq),
                _ => return Err(wrong_type(key, "a whole number of 0 or more")),
            },
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Body, BodyProblem> {
        for (which, text) in self.aliased {
            which.slot(&mut self.body.claims).get_or_insert(text);
        }
        let counts = [
            ("fields", self.body.fields.0.len(), FIELDS_MAX),
            ("tracking values", self.body.claims.tracking.len(), TRACKING_MAX),
        ];
        for (what, count, most) in counts {
            if count > most {
                let message = format!("the lead has {count} {what}, at most {most} are taken");
                return Err(BodyProblem::new(BodyFault::TooManyFields, None, message));
            }
        }
        Ok(self.body)
    }
}

fn keep(map: &mut Map<String, Value>, key: String, value: Value) -> Result<(), BodyProblem> {
    if map.contains_key(&key) {
        return Err(duplicate(&key));
    }
    map.insert(key, value);
    Ok(())
}

fn duplicate(key: &str) -> BodyProblem {
    BodyProblem::new(BodyFault::DuplicateKey, Some(key), format!("`{key}` stands there twice"))
}

fn wrong_type(key: &str, wanted: &str) -> BodyProblem {
    BodyProblem::new(BodyFault::WrongType, Some(key), format!("`{key}` must be {wanted}"))
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A reserved key's value as text; `None` when it is empty. Of a list the last scalar counts, as
/// with a form that has a hidden input before its check box.
fn one_text(key: &str, value: Value) -> Result<Option<String>, BodyProblem> {
    let value = match value {
        Value::Array(mut items) => match items.pop() {
            Some(last) => last,
            None => return Ok(None),
        },
        value => value,
    };
    if is_blank(&value) {
        return Ok(None);
    }
    match value {
        Value::String(text) => Ok(Some(text)),
        value => scalar_text(&value).map(Some).ok_or_else(|| wrong_type(key, "a text")),
    }
}

fn yes_or_no(key: &str, text: &str) -> Result<bool, BodyProblem> {
    super::words::yes_or_no(text).ok_or_else(|| wrong_type(key, "true or false"))
}

/// Bytes of a value for [`VALUE_BYTES_MAX`]: of a text its own, without quotes and escapes.
fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Null => 4,
        Value::Bool(flag) => 5 - usize::from(*flag),
        Value::Number(number) => number.to_string().len(),
        Value::Array(items) => {
            2 + items.len().saturating_sub(1) + items.iter().map(quoted_bytes).sum::<usize>()
        }
        Value::Object(entries) => {
            let inner: usize = entries.iter().map(|(k, v)| k.len() + 3 + quoted_bytes(v)).sum();
            2 + entries.len().saturating_sub(1) + inner
        }
    }
}

fn quoted_bytes(value: &Value) -> usize {
    value_bytes(value) + if value.is_string() { 2 } else { 0 }
}

fn check_value_size(key: &str, value: &Value) -> Result<(), BodyProblem> {
    let bytes = value_bytes(value);
    if bytes <= VALUE_BYTES_MAX {
        return Ok(());
    }
    let message = format!("`{key}` has {bytes} bytes, at most {VALUE_BYTES_MAX} are taken");
    Err(BodyProblem::new(BodyFault::ValueTooLong, Some(key), message))
}
