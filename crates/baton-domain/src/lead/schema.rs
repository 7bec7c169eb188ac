//! The field schema of a campaign.

use serde::{Deserialize, Serialize};

/// One field of a campaign.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
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
    /// Smallest number or earliest date, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest number or latest date, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// The words of a `choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// For `phone`: refuse numbers that are possible but not valid.
    #[serde(default)]
    pub strict: bool,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// An e-mail address; the normal form is trimmed with a lower-case domain.
    Email,
    /// A phone number; the normal form is E.164.
    Phone,
    /// A decimal number, kept digit for digit.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no; the normal form is `true` or `false`.
    Boolean,
    /// A calendar date; the normal form is ISO 8601.
    Date,
    /// One of `choices`, compared without case; the normal form is the choice as configured.
    Choice,
    /// A postal code; the normal form is upper case with the country's spacing.
    Postcode,
    /// An ISO 3166-1 country; the normal form is the alpha-2 code.
    Country,
    /// A state or province; for the US the normal form is the two-letter code.
    State,
    /// An http or https URL.
    Url,
    /// A consent: a yes that is required means yes.
    Consent,
}
