use super::ENTRIES_MAX;
use serde_json::Value;
use std::collections::BTreeMap;

/// A choice map: what a value becomes, compared trimmed and without case.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    known: BTreeMap<String, Value>,
    other: Option<Value>,
}

impl Choices {
    pub(super) fn compile(argument: &Value) -> Result<Self, String> {
        let object = argument.as_object().filter(|o| !o.is_empty() && o.len() <= ENTRIES_MAX);
        let object =
            object.ok_or("`map` takes an object such as {\"own\":\"OWNER\",\"*\":\"OTHER\"}")?;
        let mut choices = Self { known: BTreeMap::new(), other: None };
        for (from, to) in object {
            let to = scalar(to)?;
            if from == "*" {
                choices.other = Some(to);
            } else if choices.known.insert(key(from), to).is_some() {
                return Err(format!("`map` has `{from}` twice (case does not count)"));
            }
        }
        Ok(choices)
    }

    pub(super) fn get(&self, text: &str) -> Option<Value> {
        self.known.get(&key(text)).or(self.other.as_ref()).cloned()
    }
}

fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A text, a number or a boolean.
pub(super) fn scalar(argument: &Value) -> Result<Value, String> {
    match argument {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(argument.clone()),
        _ => Err("a text, a number, true or false is expected".to_owned()),
    }
}

pub(super) fn yes_and_no(argument: &Value) -> Result<[Value; 2], String> {
    match argument.as_array().map(Vec::as_slice) {
        Some([yes, no]) => Ok([scalar(yes)?, scalar(no)?]),
        _ => Err("`boolean` takes two values: [\"Y\",\"N\"]".to_owned()),
    }
}

/// Whether the text is one of the words people and systems write for yes or no.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match key(text).as_str() {
        "true" | "1" | "yes" | "y" | "on" | "t" => Some(true),
        "false" | "0" | "no" | "n" | "off" | "f" => Some(false),
        _ => None,
    }
}
