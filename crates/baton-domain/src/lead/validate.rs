//! Whether a lead's values are what its campaign's fields ask for, and their normal forms.

mod email;
mod postcode;

#[cfg(test)]
mod tests;

use super::countries::country_code;
use super::date::read_date;
use super::decimal::{Decimal, json_integer, json_number};
use super::phone::{Phone, read_phone};
use super::schema::{
    Bound, CompiledField, CompiledSchema, FieldKind, FieldSpec, comparable_choice,
};
use super::states::{canadian_province_code, us_state_code};
use super::words;
use crate::personal::{FieldMap, scalar_text};
pub(crate) use email::normal_email;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// How complete a lead has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Submitted: every rule counts.
    Complete,
    /// Not submitted yet: values must be of their kind, the other rules wait.
    Partial,
}

/// What validation found out about the values of a lead that may pass.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Validated {
    /// Normal forms of the fields whose normal form differs from what came.
    pub normal: FieldMap,
    /// What was found out about values, by field; for a phone
    /// `{"valid": true, "type": "mobile", "country": "GB"}`, with `extension` when one was given
    /// and `doubt` (`country_unknown`, `area_code_missing`) when it has no E.164 form.
    pub notes: FieldMap,
}

/// Why a value is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field} {message}")]
pub struct FieldProblem {
    /// Name of the field.
    pub field: String,
    /// A stable word: `required`, `consent_required`, `wrong_type`, `invalid_email`,
    /// `invalid_phone`, `not_a_number`, `not_an_integer`, `not_a_boolean`, `invalid_date`,
    /// `not_a_choice`, `invalid_postcode`, `invalid_country`, `invalid_state`, `invalid_url`,
    /// `too_short`, `too_long`, `pattern_mismatch`, `out_of_range`.
    pub code: &'static str,
    /// One line for people, without the value.
    pub message: String,
}

/// Checks the fields of a lead against its campaign's schema.
///
/// `country` is the campaign's, an ISO 3166-1 alpha-2 code: phones without a country code and
/// dates such as 03/04/2026 are read as of it. A field of the kind `country` in the lead itself
/// goes before it for postcodes and states, and stands in for it when the campaign has none.
/// Fields the schema does not know are left alone. Empty texts count as absent.
///
/// # Errors
/// One problem for each field that is refused, in the order of the schema.
pub fn validate(
    schema: &CompiledSchema,
    country: Option<&str>,
    fields: &FieldMap,
    mode: Mode,
) -> Result<Validated, Vec<FieldProblem>> {
    let of_lead = lead_country(schema, fields);
    let place = Place { home: country.or(of_lead), lead: of_lead.or(country) };
    let mut validated = Validated::default();
    let mut problems = Vec::new();
    for field in schema.fields() {
        let name = &field.spec.name;
        match check(field, fields.get(name), place, mode) {
            Ok(None) => {}
            Ok(Some(read)) => {
                if fields.get(name) != Some(&read.normal) {
                    validated.normal.set(name.clone(), read.normal);
                }
                if let Some(note) = read.note {
                    validated.notes.set(name.clone(), Value::Object(note));
                }
            }
            Err((code, message)) => {
                problems.push(FieldProblem { field: name.clone(), code, message });
            }
        }
    }
    if problems.is_empty() { Ok(validated) } else { Err(problems) }
}

/// Countries that values are read as of.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// For phones and dates: the campaign's first.
    home: Option<&'a str>,
    /// For postcodes and states: the lead's own first.
    lead: Option<&'a str>,
}

/// A value that passed.
struct Read {
    normal: Value,
    note: Option<Map<String, Value>>,
}

type Refusal = (&'static str, String);

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err((code, message.into()))
}

fn lead_country(schema: &CompiledSchema, fields: &FieldMap) -> Option<&'static str> {
    let countries = schema.specs().filter(|spec| spec.kind == FieldKind::Country);
    countries.filter_map(|spec| country_code(&fields.text(&spec.name)?)).next()
}

fn check(
    field: &CompiledField,
    raw: Option<&Value>,
    place: Place<'_>,
    mode: Mode,
) -> Result<Option<Read>, Refusal> {
    let spec = &field.spec;
    let text = match raw {
        None | Some(Value::Null) => String::new(),
        Some(value) => match scalar_text(value) {
            Some(text) => tidy(&text).to_owned(),
            None => return refuse("wrong_type", "must be one value, not a list or an object"),
        },
    };
    if text.is_empty() {
        return match (spec.required, mode) {
            (true, Mode::Complete) => refuse("required", "is required"),
            _ => Ok(None),
        };
    }
    let read = read_kind(spec, &text, place)?;
    if mode == Mode::Complete {
        check_rules(field, &read.normal)?;
    }
    // A text that is a number in JSON stays one.
    let untouched = raw.filter(|value| !value.is_string() && spec.kind == FieldKind::Text);
    Ok(Some(Read { normal: untouched.cloned().unwrap_or(read.normal), ..read }))
}

/// Without white space and invisible marks around it, which come with pasted text.
fn tidy(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{FEFF}')
    })
}

fn read_kind(spec: &FieldSpec, text: &str, place: Place<'_>) -> Result<Read, Refusal> {
    let found = |normal: Option<String>, code, message| match normal {
        Some(normal) => Ok(Value::String(normal)),
        None => Err((code, String::from(message))),
    };
    let normal = match spec.kind {
        FieldKind::Phone => return read_phone_field(spec, text, place.home),
        FieldKind::Text => Value::String(text.to_owned()),
        FieldKind::Email => found(
            email::normal_email(text),
            "invalid_email",
            "must be an e-mail address such as jane@example.com",
        )?,
        FieldKind::Number => match json_number(text) {
            Some(number) => Value::Number(number),
            None => return refuse("not_a_number", "must be a number such as 1250.50"),
        },
        FieldKind::Integer => match json_integer(text) {
            Some(number) => Value::Number(number),
            None => return refuse("not_an_integer", "must be a whole number such as 42"),
        },
        FieldKind::Boolean => match words::yes_or_no(text) {
            Some(flag) => Value::Bool(flag),
            None => return refuse("not_a_boolean", "must be yes or no"),
        },
        FieldKind::Consent => match words::consent(text) {
            Some(flag) => Value::Bool(flag),
            None => return refuse("not_a_boolean", "must be yes or no"),
        },
        FieldKind::Date => found(
            read_date(text, is_us(place.home)).map(|date| date.to_string()),
            "invalid_date",
            "must be a date such as 2026-01-28",
        )?,
        FieldKind::Choice => found(
            find_choice(spec, text),
            "not_a_choice",
            "must be one of the choices of this field",
        )?,
        FieldKind::Postcode => found(
            postcode::normal_postcode(text, place.lead),
            "invalid_postcode",
            "must be a postal code of the lead's country",
        )?,
        FieldKind::Country => found(
            country_code(text).map(str::to_owned),
            "invalid_country",
            "must be a country's name or its ISO 3166-1 code",
        )?,
        FieldKind::State => found(
            normal_state(text, place.lead),
            "invalid_state",
            "must be the name or the code of a state of the lead's country",
        )?,
        FieldKind::Url => found(
            is_web_url(text).then(|| text.to_owned()),
            "invalid_url",
            "must be a web address that starts with http:// or https://",
        )?,
    };
    Ok(Read { normal, note: None })
}

fn is_us(country: Option<&str>) -> bool {
    country.is_some_and(|code| code.eq_ignore_ascii_case("US"))
}

fn find_choice(spec: &FieldSpec, text: &str) -> Option<String> {
    let wanted = comparable_choice(text);
    spec.choices.iter().find(|choice| comparable_choice(choice) == wanted).cloned()
}

fn normal_state(text: &str, country: Option<&str>) -> Option<String> {
    match country.map(str::to_ascii_uppercase).as_deref() {
        Some("US") => us_state_code(text).map(str::to_owned),
        Some("CA") => canadian_province_code(text).map(str::to_owned),
        _ => Some(text.to_owned()),
    }
}

fn is_web_url(text: &str) -> bool {
    // The URL standard drops tabs and line ends, and mends `http:example.com`; nobody who writes
    // an address means those.
    let has_gap = text.chars().any(|c| c.is_whitespace() || c.is_control());
    let is_web = text.split_once("://").is_some_and(|(scheme, _)| {
        ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
    });
    is_web && !has_gap && url::Url::parse(text).is_ok_and(|url| url.has_host())
}

fn read_phone_field(spec: &FieldSpec, text: &str, country: Option<&str>) -> Result<Read, Refusal> {
    let Some(phone) = read_phone(text, country) else {
        return refuse(
            "invalid_phone",
            "must be a phone number, with + and the country code if abroad",
        );
    };
    if spec.strict && !phone.valid {
        let message = match phone.doubt {
            Some("country_unknown") => "must start with + and the country code",
            Some(_) => "must have its area code",
            None => "must be a phone number that is in use",
        };
        return refuse("invalid_phone", message);
    }
    let note = phone_note(&phone);
    let normal = Value::String(phone.e164.unwrap_or_else(|| text.to_owned()));
    Ok(Read { normal, note: Some(note) })
}

fn phone_note(phone: &Phone) -> Map<String, Value> {
    let mut note = Map::new();
    note.insert("valid".to_owned(), Value::Bool(phone.valid));
    let texts = [
        ("type", Some(phone.line)),
        ("country", phone.country),
        ("extension", phone.extension.as_deref()),
        ("doubt", phone.doubt),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            note.insert(name.to_owned(), Value::String(text.to_owned()));
        }
    }
    note
}

/// The rules that a value of the right kind must keep, on its normal form.
fn check_rules(field: &CompiledField, normal: &Value) -> Result<(), Refusal> {
    let spec = &field.spec;
    if spec.kind == FieldKind::Consent && spec.required && *normal != Value::Bool(true) {
        return refuse("consent_required", "must be agreed to");
    }
    let text = scalar_text(normal).unwrap_or_default();
    let length = text.chars().count() as u64;
    if let Some(min) = spec.min_length.filter(|min| length < u64::from(*min)) {
        return refuse("too_short", format!("must have at least {min} characters"));
    }
    if let Some(max) = spec.max_length.filter(|max| length > u64::from(*max)) {
        return refuse("too_long", format!("must have at most {max} characters"));
    }
    if field.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&text)) {
        return refuse("pattern_mismatch", "does not have the form that is asked for");
    }
    if is_beyond(&text, field.min.as_ref(), Ordering::Less) {
        let min = spec.min.as_deref().unwrap_or_default();
        return refuse("out_of_range", format!("must not be less than {min}"));
    }
    if is_beyond(&text, field.max.as_ref(), Ordering::Greater) {
        let max = spec.max.as_deref().unwrap_or_default();
        return refuse("out_of_range", format!("must not be more than {max}"));
    }
    Ok(())
}

fn is_beyond(text: &str, bound: Option<&Bound>, side: Ordering) -> bool {
    let value = match bound {
        None => return false,
        Some(Bound::Number(_)) => Decimal::parse(text).map(Bound::Number),
        Some(Bound::Date(_)) => super::date::read_iso_date(text).map(Bound::Date),
    };
    value.is_some_and(|value| value.partial_cmp(bound.unwrap_or(&value)) == Some(side))
}
