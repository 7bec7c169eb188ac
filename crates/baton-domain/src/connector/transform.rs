//! The words that change a mapped value: `docs/mapping.md` has each with an example.
//!
//! A word that cannot read a value lets it pass unchanged: a lead with an odd phone number still
//! reaches its receiver. A missing value stays missing, except for `default` and `concat`.

mod choice;
mod date;
mod number;
mod person;
mod place;
mod text;

use crate::personal::scalar_text;
use serde_json::Value;

/// Most words in one row.
pub const TRANSFORMS_MAX: usize = 20;
/// Longest text a word gives, in bytes; the rest is cut off at a character.
pub const TRANSFORMED_BYTES_MAX: usize = 64 * 1024;
/// Most parts of a `concat`, and most entries of a `map`.
const ENTRIES_MAX: usize = 500;

/// Why a transform cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("transform[{position}]: {message}")]
pub struct TransformProblem {
    /// Which word of the row, from 0.
    pub position: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// What words may look at besides the value.
pub struct Surroundings<'a> {
    /// Country that phones without a country code belong to (ISO 3166-1 alpha-2).
    pub country: Option<&'a str>,
    /// A lead or system field by name.
    pub field: &'a dyn Fn(&str) -> Option<Value>,
}

/// One word, checked.
#[derive(Clone, Debug)]
enum Word {
    E164,
    National,
    Upper,
    Lower,
    Trim,
    Title,
    Digits,
    Sha256,
    FirstName,
    LastName,
    StateCode,
    StateName,
    Truncate(usize),
    Replace(String, String),
    Date(date::Pattern),
    Number(number::Format),
    Boolean([Value; 2]),
    Map(choice::Choices),
    Default(Value),
    Concat(Vec<text::Part>),
}

/// The words of one mapping row, in order.
#[derive(Clone, Debug, Default)]
pub struct Transforms(Vec<Word>);

impl Transforms {
    /// Checks and compiles the words of a row.
    ///
    /// # Errors
    /// The first word that cannot be used.
    pub fn compile(words: &[Value]) -> Result<Self, TransformProblem> {
        if words.len() > TRANSFORMS_MAX {
            let message = format!("there are more than {TRANSFORMS_MAX} words");
            return Err(TransformProblem { position: TRANSFORMS_MAX, message });
        }
        words
            .iter()
            .enumerate()
            .map(|(position, word)| {
                compile(word).map_err(|message| TransformProblem { position, message })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Changes a value; `None` is a missing one.
    #[must_use]
    pub fn apply(&self, value: Option<Value>, around: &Surroundings<'_>) -> Option<Value> {
        self.0.iter().fold(value, |value, word| apply(word, value, around).map(bounded))
    }

    /// Names of the fields the words look at besides the row's own.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|word| match word {
                Word::Concat(parts) => parts.as_slice(),
                _ => &[],
            })
            .filter_map(text::Part::field)
    }
}

fn compile(word: &Value) -> Result<Word, String> {
    match word {
        Value::String(name) => plain_word(name),
        Value::Object(object) => match object.iter().next() {
            Some((name, argument)) if object.len() == 1 => word_with_argument(name, argument),
            _ => {
                Err("an object has exactly one key, the word, such as {\"truncate\":20}".to_owned())
            }
        },
        _ => {
            Err("a word is a text such as \"upper\" or an object such as {\"truncate\":20}"
                .to_owned())
        }
    }
}

fn plain_word(name: &str) -> Result<Word, String> {
    Ok(match name {
        "e164" => Word::E164,
        "national" => Word::National,
        "upper" => Word::Upper,
        "lower" => Word::Lower,
        "trim" => Word::Trim,
        "title" => Word::Title,
        "digits" => Word::Digits,
        "sha256" => Word::Sha256,
        "first_name_of" => Word::FirstName,
        "last_name_of" => Word::LastName,
        "us_state_code" => Word::StateCode,
        "us_state_name" => Word::StateName,
        "truncate" | "replace" | "date" | "number" | "boolean" | "map" | "default" | "concat"
        | "split_name" => {
            return Err(format!("`{name}` needs an argument: write {{\"{name}\": ...}}"));
        }
        _ => return Err(format!("`{name}` is not a transform; docs/mapping.md lists them")),
    })
}

fn word_with_argument(name: &str, argument: &Value) -> Result<Word, String> {
    Ok(match name {
        "truncate" => Word::Truncate(text::length(argument)?),
        "replace" => {
            let (from, to) = text::replacement(argument)?;
            Word::Replace(from, to)
        }
        "date" => Word::Date(date::Pattern::compile(argument)?),
        "number" => Word::Number(number::Format::compile(argument)?),
        "boolean" => Word::Boolean(choice::yes_and_no(argument)?),
        "map" => Word::Map(choice::Choices::compile(argument)?),
        "default" => Word::Default(choice::scalar(argument)?),
        "concat" => Word::Concat(text::Part::compile(argument)?),
        "split_name" => match argument.as_str() {
            Some("first") => Word::FirstName,
            Some("last") => Word::LastName,
            _ => return Err("`split_name` takes \"first\" or \"last\"".to_owned()),
        },
        _ if plain_word(name).is_ok() => {
            return Err(format!("`{name}` takes no argument: write \"{name}\""));
        }
        _ => return Err(format!("`{name}` is not a transform; docs/mapping.md lists them")),
    })
}

fn apply(word: &Word, value: Option<Value>, around: &Surroundings<'_>) -> Option<Value> {
    match word {
        Word::Default(fallback) => {
            let missing = match &value {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.trim().is_empty(),
                Some(_) => false,
            };
            if missing { Some(fallback.clone()) } else { value }
        }
        Word::Concat(parts) => text::concat(parts, around),
        _ => {
            let value = value?;
            let changed = scalar_text(&value).and_then(|text| change(word, &value, &text, around));
            Some(changed.unwrap_or(value))
        }
    }
}

/// The changed value; `None` when the word cannot read it. `text` is the value as text.
fn change(word: &Word, value: &Value, text: &str, around: &Surroundings<'_>) -> Option<Value> {
    let changed = match word {
        Word::E164 => place::e164(text, around.country)?,
        Word::National => place::national(text, around.country)?,
        Word::StateCode => place::state_code(text)?,
        Word::StateName => place::state_name(text)?,
        Word::Upper => text.to_uppercase(),
        Word::Lower => text.to_lowercase(),
        Word::Trim => text.trim().to_owned(),
        Word::Title => text::title(text),
        Word::Digits => text.chars().filter(char::is_ascii_digit).collect(),
        Word::Sha256 => text::sha256(text),
        Word::FirstName => person::first_name(text)?,
        Word::LastName => person::last_name(text)?,
        Word::Truncate(length) => text.chars().take(*length).collect(),
        Word::Replace(from, to) => text.replace(from, to),
        Word::Date(pattern) => pattern.format(text)?,
        Word::Number(format) => return format.apply(value, text),
        Word::Boolean(words) => {
            return choice::yes_or_no(text).map(|yes| words[usize::from(!yes)].clone());
        }
        Word::Map(choices) => return choices.get(text),
        Word::Default(_) | Word::Concat(_) => return None,
    };
    Some(Value::String(changed))
}

fn bounded(value: Value) -> Value {
    match value {
        Value::String(mut text) if text.len() > TRANSFORMED_BYTES_MAX => {
            text.truncate(text.floor_char_boundary(TRANSFORMED_BYTES_MAX));
            Value::String(text)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
