//! Whether a schema makes sense.

use super::{
    CHOICE_CHARS_MAX, CHOICES_MAX, CompiledSchema, DELIVERY_NAME_BYTES_MAX, FieldKind, FieldSpec,
    LABEL_CHARS_MAX, LENGTH_MAX, NAME_CHARS_MAX, SCHEMA_FIELDS_MAX,
};
use crate::lead::body::is_reserved;
use std::collections::BTreeSet;

/// What is wrong with a field of a schema.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SchemaProblem {
    /// Where: `fields`, or the field and the setting, such as `fields[2].pattern`.
    pub field: String,
    /// A stable word: `too_many_fields`, `invalid_name`, `reserved_name`, `duplicate_name`,
    /// `too_long`, `out_of_range`, `invalid_pattern`, `invalid_bound`, `choices_missing`,
    /// `invalid_choices`, `not_applicable`.
    pub code: &'static str,
    /// One line for people.
    pub message: String,
}

/// All that is wrong with a schema; empty when it can be used.
#[must_use]
pub fn check_schema(specs: &[FieldSpec]) -> Vec<SchemaProblem> {
    match CompiledSchema::compile(specs) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    }
}

/// What can be said against the schema without compiling its patterns and bounds.
pub(super) fn check_words(specs: &[FieldSpec]) -> Vec<SchemaProblem> {
    if specs.len() > SCHEMA_FIELDS_MAX {
        let message = format!("a campaign has at most {SCHEMA_FIELDS_MAX} fields");
        return vec![SchemaProblem { field: "fields".into(), code: "too_many_fields", message }];
    }
    let mut names = BTreeSet::new();
    let mut problems = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        let mut found = Found { at, problems: &mut problems };
        check_name(spec, &mut found);
        if !names.insert(spec.name.as_str()) {
            found.add("name", "duplicate_name", "another field has this name");
        }
        check_rules(spec, &mut found);
        check_choices(spec, &mut found);
    }
    problems
}

/// Collects the problems of one field.
pub(super) struct Found<'a> {
    pub(super) at: usize,
    pub(super) problems: &'a mut Vec<SchemaProblem>,
}

impl Found<'_> {
    pub(super) fn add(&mut self, setting: &str, code: &'static str, message: impl Into<String>) {
        let field = format!("fields[{}].{setting}", self.at);
        self.problems.push(SchemaProblem { field, code, message: message.into() });
    }
}

fn check_name(spec: &FieldSpec, found: &mut Found<'_>) {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let starts_badly = spec.name.starts_with(|c: char| c.is_ascii_digit());
    let length = spec.name.chars().count();
    if starts_badly || !(1..=NAME_CHARS_MAX).contains(&length) || !spec.name.chars().all(good) {
        let message = format!(
            "a name has 1 to {NAME_CHARS_MAX} of a-z A-Z 0-9 _ - and does not start with a digit"
        );
        found.add("name", "invalid_name", message);
    } else if is_reserved(&spec.name) {
        let message = "the name is reserved in captures; choose another";
        found.add("name", "reserved_name", message);
    }
}

fn check_rules(spec: &FieldSpec, found: &mut Found<'_>) {
    if spec.label.as_ref().is_some_and(|label| label.chars().count() > LABEL_CHARS_MAX) {
        let message = format!("a label has at most {LABEL_CHARS_MAX} characters");
        found.add("label", "too_long", message);
    }
    if let Some(name) = &spec.delivery_name {
        let good = (1..=DELIVERY_NAME_BYTES_MAX).contains(&name.len());
        if !good || name.chars().any(char::is_control) {
            let message = format!(
                "a delivery name has 1 to {DELIVERY_NAME_BYTES_MAX} bytes without control characters"
            );
            found.add("delivery_name", "invalid_name", message);
        }
    }
    for (setting, length) in [("min_length", spec.min_length), ("max_length", spec.max_length)] {
        if length.is_some_and(|length| length > LENGTH_MAX) {
            let message = format!("a value has at most {LENGTH_MAX} bytes");
            found.add(setting, "out_of_range", message);
        }
    }
    if spec.max_length == Some(0) {
        found.add("max_length", "out_of_range", "a field of no characters holds nothing");
    }
    if let (Some(min), Some(max)) = (spec.min_length, spec.max_length)
        && min > max
    {
        found.add("min_length", "out_of_range", "min_length is larger than max_length");
    }
    if spec.strict && spec.kind != FieldKind::Phone {
        found.add("strict", "not_applicable", "only a phone can be strict");
    }
}

fn check_choices(spec: &FieldSpec, found: &mut Found<'_>) {
    if spec.kind != FieldKind::Choice {
        if !spec.choices.is_empty() {
            found.add("choices", "not_applicable", "only a choice has choices");
        }
        return;
    }
    if spec.choices.is_empty() {
        found.add("choices", "choices_missing", "a choice needs at least one word");
    }
    if spec.choices.len() > CHOICES_MAX {
        let message = format!("a choice has at most {CHOICES_MAX} words");
        found.add("choices", "invalid_choices", message);
    }
    let mut words = BTreeSet::new();
    for word in &spec.choices {
        let length = word.chars().count();
        if word.trim().is_empty() || length > CHOICE_CHARS_MAX || word.contains('\0') {
            let message = format!("a word of a choice has 1 to {CHOICE_CHARS_MAX} characters");
            found.add("choices", "invalid_choices", message);
            return;
        }
        if !words.insert(super::compiled::comparable_choice(word)) {
            let message = "two words of the choice differ only in case or space";
            found.add("choices", "invalid_choices", message);
            return;
        }
    }
}
