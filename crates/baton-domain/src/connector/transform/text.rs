use super::{ENTRIES_MAX, Surroundings};
use crate::personal::scalar_text;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One part of a `concat`.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Text(String),
    Field(String),
}

impl Part {
    pub(super) fn compile(argument: &Value) -> Result<Vec<Self>, String> {
        let parts = argument.as_array().filter(|p| !p.is_empty() && p.len() <= ENTRIES_MAX);
        let parts = parts.ok_or("`concat` takes a list of texts and {\"field\":\"name\"}")?;
        parts
            .iter()
            .map(|part| match part {
                Value::String(text) => Ok(Self::Text(text.clone())),
                Value::Object(object) if object.len() == 1 => object
                    .get("field")
                    .and_then(Value::as_str)
                    .filter(|name| !name.is_empty())
                    .map(|name| Self::Field(name.to_owned()))
                    .ok_or_else(|| {
                        "a part of `concat` is a text or {\"field\":\"name\"}".to_owned()
                    }),
                _ => Err("a part of `concat` is a text or {\"field\":\"name\"}".to_owned()),
            })
            .collect()
    }

    pub(super) fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Text(_) => None,
        }
    }
}

/// The parts put together; missing when it names fields and all of them are missing.
pub(super) fn concat(parts: &[Part], around: &Surroundings<'_>) -> Option<Value> {
    let mut out = String::new();
    let (mut named, mut found) = (false, false);
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Field(name) => {
                named = true;
                if let Some(text) = (around.field)(name).as_ref().and_then(scalar_text) {
                    found = true;
                    out.push_str(&text);
                }
            }
        }
    }
    (found || !named).then_some(Value::String(out))
}

/// Capital first letters, the rest small; a hyphen and an apostrophe begin a new word too.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    for c in text.chars() {
        if starts {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        starts = c.is_whitespace() || matches!(c, '-' | '\'' | '\u{2019}');
    }
    out
}

/// Hex SHA-256 of the trimmed lower-case text, the form ad platforms match people by.
pub(super) fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.trim().to_lowercase()))
}

pub(super) fn length(argument: &Value) -> Result<usize, String> {
    argument
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .filter(|n| *n > 0)
        .ok_or_else(|| "`truncate` takes a whole number of characters, at least 1".to_owned())
}

pub(super) fn replacement(argument: &Value) -> Result<(String, String), String> {
    match argument.as_array().map(Vec::as_slice) {
        Some([Value::String(from), Value::String(to)]) if !from.is_empty() => {
            Ok((from.clone(), to.clone()))
        }
        _ => {
            Err("`replace` takes two texts: [\"what\",\"with what\"], the first not empty"
                .to_owned())
        }
    }
}
