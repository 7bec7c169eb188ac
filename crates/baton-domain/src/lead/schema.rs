//! The field schema of a campaign.

mod check;
mod compiled;
#[cfg(test)]
mod tests;

pub use check::{SchemaProblem, check_schema};
pub use compiled::CompiledSchema;
pub(super) use compiled::{Bound, CompiledField, comparable_choice};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One field of a campaign.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldSpec {
    /// Its name: 1 to 64 of `a-z A-Z 0-9 _ -`, not starting with a digit.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether a complete lead must have it.
    #[serde(default)]
    pub required: bool,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its default name in every destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_name: Option<String>,
    /// Fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// Most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// A regular expression the whole value must match (syntax of the `regex` crate).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Smallest number or earliest date, as text; a number is taken too.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_number")]
    pub min: Option<String>,
    /// Largest number or latest date, as text; a number is taken too.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text_or_number")]
    pub max: Option<String>,
    /// The words of a `choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// For `phone`: refuse numbers that are possible but not valid.
    #[serde(default)]
    pub strict: bool,
}

/// A bound: a text, or a number digit for digit.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(D::Error::custom("expected a number or a text")),
    }
}

/// Most fields of a schema.
pub const SCHEMA_FIELDS_MAX: usize = super::body::FIELDS_MAX;
/// Most characters of a field's name.
pub const NAME_CHARS_MAX: usize = 64;
/// Most characters of a label.
pub const LABEL_CHARS_MAX: usize = 200;
/// Most bytes of a delivery name.
pub const DELIVERY_NAME_BYTES_MAX: usize = super::body::KEY_BYTES_MAX;
/// Most characters a field can ask for.
pub const LENGTH_MAX: u32 = super::body::VALUE_BYTES_MAX as u32;
/// Most bytes of a pattern.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Most bytes of memory a compiled pattern may take.
pub const PATTERN_COMPILED_BYTES_MAX: usize = 256 * 1024;
/// Most words of a choice.
pub const CHOICES_MAX: usize = 500;
/// Most characters of one of them.
pub const CHOICE_CHARS_MAX: usize = 200;

impl FieldSpec {
    /// A field of that name and kind, without rules.
    #[must_use]
    pub fn new(name: &str, kind: FieldKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            required: false,
            label: None,
            delivery_name: None,
            min_length: None,
            max_length: None,
            pattern: None,
            min: None,
            max: None,
            choices: Vec::new(),
            strict: false,
        }
    }
}

/// The fields of a campaign that was created without any: `email`, which is required, `phone`,
/// `first_name` and `last_name`.
#[must_use]
pub fn default_fields() -> Vec<FieldSpec> {
    vec![
        FieldSpec { required: true, ..FieldSpec::new("email", FieldKind::Email) },
        FieldSpec::new("phone", FieldKind::Phone),
        FieldSpec::new("first_name", FieldKind::Text),
        FieldSpec::new("last_name", FieldKind::Text),
    ]
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text; the normal form is trimmed.
    Text,
    /// An e-mail address; the normal form is trimmed with a lower-case domain.
    Email,
    /// A phone number; the normal form is E.164. Refused only when no such number is possible.
    Phone,
    /// A decimal number, kept digit for digit; the normal form is a JSON number. Grouping is refused.
    Number,
    /// A whole number; the normal form is a JSON number.
    Integer,
    /// Yes or no, as one of the words of [`super::words::yes_or_no`]; the normal form is the JSON
    /// value `true` or `false`.
    Boolean,
    /// A calendar date; the normal form is ISO 8601. What is understood: [`super::date::read_date`].
    Date,
    /// One of `choices`, compared without case; the normal form is the choice as configured.
    Choice,
    /// A postal code; the normal form is upper case with the country's spacing.
    Postcode,
    /// An ISO 3166-1 country; the normal form is the alpha-2 code.
    Country,
    /// A state or province; for the US and Canada the normal form is the two-letter code.
    State,
    /// An http or https URL.
    Url,
    /// A consent: a yes that is required means yes. The words of [`super::words::consent`]; the
    /// normal form is the JSON value `true` or `false`.
    Consent,
}
