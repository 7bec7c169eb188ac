//! A schema made ready for validating many leads.

use super::check::{Found, check_words};
use super::{FieldKind, FieldSpec, PATTERN_BYTES_MAX, PATTERN_COMPILED_BYTES_MAX, SchemaProblem};
use crate::lead::date::read_iso_date;
use crate::lead::decimal::Decimal;
use jiff::civil::Date;
use regex::{Regex, RegexBuilder};

/// The fields of one campaign version with their patterns compiled; built once, used for every
/// lead.
#[derive(Clone, Debug)]
pub struct CompiledSchema {
    fields: Vec<CompiledField>,
}

#[derive(Clone, Debug)]
pub(in crate::lead) struct CompiledField {
    pub(in crate::lead) spec: FieldSpec,
    pub(in crate::lead) pattern: Option<Regex>,
    pub(in crate::lead) min: Option<Bound>,
    pub(in crate::lead) max: Option<Bound>,
}

/// An end of a range.
#[derive(Clone, PartialEq, Eq, PartialOrd, Debug)]
pub(in crate::lead) enum Bound {
    Number(Decimal),
    Date(Date),
}

impl CompiledSchema {
    /// Compiles the fields of a campaign.
    ///
    /// # Errors
    /// All that is wrong with them, as `check_schema` says it.
    pub fn compile(specs: &[FieldSpec]) -> Result<Self, Vec<SchemaProblem>> {
        let mut problems = check_words(specs);
        if specs.len() > super::SCHEMA_FIELDS_MAX {
            return Err(problems);
        }
        let compile =
            |(at, spec)| CompiledField::compile(spec, Found { at, problems: &mut problems });
        let fields = specs.iter().enumerate().map(compile).collect();
        if problems.is_empty() { Ok(Self { fields }) } else { Err(problems) }
    }

    /// The fields it was made of, in their order.
    pub fn specs(&self) -> impl Iterator<Item = &FieldSpec> {
        self.fields.iter().map(|field| &field.spec)
    }

    pub(in crate::lead) fn fields(&self) -> &[CompiledField] {
        &self.fields
    }
}

impl CompiledField {
    fn compile(spec: &FieldSpec, mut found: Found<'_>) -> Self {
        let pattern = spec.pattern.as_deref().and_then(|text| {
            compile_pattern(text).map_err(|why| found.add("pattern", "invalid_pattern", why)).ok()
        });
        let mut bound = |setting: &str, text: &Option<String>| {
            let text = text.as_deref()?;
            let wanted = match spec.kind {
                FieldKind::Number | FieldKind::Integer => {
                    if let Some(number) = Decimal::parse(text) {
                        return Some(Bound::Number(number));
                    }
                    "a number such as 18 or 99.5 is expected"
                }
                FieldKind::Date => {
                    if let Some(date) = read_iso_date(text) {
                        return Some(Bound::Date(date));
                    }
                    "a date such as 2026-01-28 is expected"
                }
                _ => {
                    let message = "only a number, an integer and a date have a range";
                    found.add(setting, "not_applicable", message);
                    return None;
                }
            };
            found.add(setting, "invalid_bound", wanted);
            None
        };
        let min = bound("min", &spec.min);
        let max = bound("max", &spec.max);
        if let (Some(low), Some(high)) = (&min, &max)
            && low > high
        {
            found.add("min", "out_of_range", "min is larger than max");
        }
        Self { spec: spec.clone(), pattern, min, max }
    }
}

fn compile_pattern(text: &str) -> Result<Regex, String> {
    if text.is_empty() || text.len() > PATTERN_BYTES_MAX {
        return Err(format!("a pattern has 1 to {PATTERN_BYTES_MAX} bytes"));
    }
    // Alone first: what is no pattern could become one between the brackets, as in `a)(b`.
    build(text).and_then(|_| build(&format!("^(?:{text})$"))).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large when compiled".to_owned(),
        error => format!("the pattern cannot be used: {error}"),
    })
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_COMPILED_BYTES_MAX)
        .dfa_size_limit(PATTERN_COMPILED_BYTES_MAX)
        .build()
}

/// A choice's word as it is compared: without case, and any white space as one space.
pub(in crate::lead) fn comparable_choice(word: &str) -> String {
    word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
