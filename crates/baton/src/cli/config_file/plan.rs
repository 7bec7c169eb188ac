//! What is to be done so that the server is as the file says.

use super::{ConfigFile, Document, Kind, yaml};
use crate::cli::diff;
use serde_json::{Map, Value};
use std::fmt;

/// What stands in a file for a secret: `{secret_from_env: NAME}`.
const FROM_ENV: &str = "secret_from_env";

/// One document to make or change.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::cli) struct Change {
    pub kind: Kind,
    /// What people call it.
    pub name: String,
    /// The document's identity as in the file.
    pub identity: Document,
    /// The whole document, or a merge patch to it; other documents are named as in the file.
    pub body: Document,
    /// Whether it is made.
    pub new: bool,
    shown: Vec<String>,
}

impl Change {
    /// The same change with another body.
    pub(super) fn with_body(&self, body: Document) -> Self {
        Self { body, ..self.clone() }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.new { "make" } else { "change" };
        let noun = self.kind.section().trim_end_matches('s');
        writeln!(f, "{verb} {noun} {}", self.name)?;
        for line in &self.shown {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

/// The changes that bring `live` to what `file` says, in the order they are to be made.
///
/// # Errors
/// A variable of a secret that is not set.
pub(in crate::cli) fn changes(
    file: &ConfigFile,
    live: &ConfigFile,
    secret: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    for kind in Kind::ALL {
        for wanted in file.of(kind) {
            let there = live.find(kind, wanted);
            let patch = match there {
                None => wanted.clone(),
                Some(there) => patch(there, wanted),
            };
            if there.is_some() && patch.is_empty() {
                continue;
            }
            let name = kind.name_of(wanted);
            let body = with_secrets(Value::Object(patch), secret)
                .map_err(|problem| format!("{} {name}: {problem}", kind.section()))?;
            let Value::Object(body) = body else { continue };
            let keys = kind.identity().iter();
            let identity = keys
                .filter_map(|key| wanted.get(*key).map(|v| ((*key).to_owned(), v.clone())))
                .collect();
            let after = there.map_or_else(|| wanted.clone(), |there| merged(there, wanted));
            let shown = diff::lines(&text(there), &text(Some(&after)));
            changes.push(Change { kind, name, identity, body, new: there.is_none(), shown });
        }
    }
    Ok(changes)
}

/// The merge patch (RFC 7396) from what is there to what is wanted. A key at the top that is not
/// named is kept; below it, what is named is wanted as it stands, and what is not is taken out.
fn patch(there: &Document, wanted: &Document) -> Document {
    let differing = wanted.iter().filter_map(|(key, value)| {
        let patch = match (there.get(key), value) {
            (Some(there), value) if there == value => return None,
            // Null and left out are the same.
            (None, Value::Null) => return None,
            (Some(Value::Object(there)), Value::Object(value)) => {
                let patch = inner_patch(there, value);
                if patch.is_empty() {
                    return None;
                }
                Value::Object(patch)
            }
            _ => value.clone(),
        };
        Some((key.clone(), patch))
    });
    differing.collect()
}

fn inner_patch(there: &Document, wanted: &Document) -> Document {
    let mut patch = patch(there, wanted);
    for key in there.keys().filter(|key| !wanted.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// What is there with the keys of what is wanted over it.
fn merged(there: &Document, wanted: &Document) -> Document {
    let mut merged = there.clone();
    for (key, value) in wanted {
        merged.insert(key.clone(), value.clone());
    }
    merged
}

fn text(document: Option<&Document>) -> String {
    document.and_then(|d| yaml::write(&Value::Object(d.clone())).ok()).unwrap_or_default()
}

/// Puts the values of variables where the file names them.
fn with_secrets(value: Value, secret: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
    match value {
        Value::Object(map) => {
            if let (1, Some(Value::String(name))) = (map.len(), map.get(FROM_ENV)) {
                return secret(name)
                    .map(Value::String)
                    .ok_or_else(|| format!("the variable {name} is not set"));
            }
            let replaced: Result<Map<_, _>, _> = map
                .into_iter()
                .map(|(key, value)| with_secrets(value, secret).map(|value| (key, value)))
                .collect();
            replaced.map(Value::Object)
        }
        Value::Array(list) => {
            let replaced: Result<Vec<_>, _> =
                list.into_iter().map(|value| with_secrets(value, secret)).collect();
            replaced.map(Value::Array)
        }
        other => Ok(other),
    }
}
