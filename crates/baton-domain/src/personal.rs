//! Personal data: what a lead says about a person. It is in no log line and no `Debug` output.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Field values of one lead by name, in the order they came.
///
/// `Debug` shows the names only.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldMap(pub Map<String, Value>);

impl FieldMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field, if it came.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The field as text: strings as they are, numbers with their digits, booleans as `true` and
    /// `false`; `None` when absent, null, a list or an object.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        scalar_text(self.0.get(name)?)
    }

    /// Sets a field, keeping its place if it is there already.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }
}

/// A scalar JSON value as text; `None` for null, lists and objects.
#[must_use]
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl fmt::Debug for FieldMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, Value)> for FieldMap {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}
