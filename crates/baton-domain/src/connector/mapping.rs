//! Mapping rows: how lead fields become the receiver's fields. `docs/mapping.md` is the guide.

use super::payload::LeadFields;
use super::transform::{Surroundings, Transforms};
use crate::config::{MappingRow, ValueSource};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most rows of a mapping.
pub const ROWS_MAX: usize = 300;
/// Longest `to` or `from`, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// Deepest nesting that dots in `to` can make.
pub const NESTING_MAX: usize = 8;

/// What is wrong with a mapping row.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("mapping[{row}].{field}: {message}")]
pub struct MappingProblem {
    /// Which row, from 0.
    pub row: usize,
    /// `to`, `from`, `value` or `transform[n]`.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// A mapping ready to be applied.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    rows: Vec<Row>,
    used: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Row {
    to: Vec<String>,
    source: ValueSource,
    transforms: Transforms,
}

impl Row {
    /// Names of the fields it takes something from, without `fields.` before them.
    fn takes(&self) -> impl Iterator<Item = &str> {
        let named = match &self.source {
            ValueSource::From(name) => Some(name.as_str()),
            ValueSource::Value(_) => None,
        };
        let names = named.into_iter().chain(self.transforms.fields());
        names.map(|name| name.strip_prefix("fields.").unwrap_or(name))
    }
}

/// Checks mapping rows. `nested`: dots in `to` nest (JSON, XML, template), else they are part of
/// the name (form, query).
#[must_use]
pub fn check_mapping(rows: &[MappingRow], nested: bool) -> Vec<MappingProblem> {
    Mapping::compile(rows, nested).err().unwrap_or_default()
}

impl Mapping {
    /// Checks and compiles rows; `nested` as in [`check_mapping`].
    ///
    /// # Errors
    /// All problems of all rows.
    pub fn compile(rows: &[MappingRow], nested: bool) -> Result<Self, Vec<MappingProblem>> {
        if rows.len() > ROWS_MAX {
            let message = format!("there are more than {ROWS_MAX} rows");
            return Err(vec![MappingProblem { row: ROWS_MAX, field: "to".to_owned(), message }]);
        }
        let mut mapping = Self::default();
        let mut problems = Vec::new();
        for (row, source) in rows.iter().enumerate() {
            let mut problem = |field: String, message: String| {
                problems.push(MappingProblem { row, field, message });
            };
            let to = match path(&source.to, nested) {
                Ok(to) => to,
                Err(message) => {
                    problem("to".to_owned(), message);
                    continue;
                }
            };
            if let Some(message) = clash(&mapping.rows, &to) {
                problem("to".to_owned(), message);
            }
            if let ValueSource::From(name) = &source.source
                && (name.trim().is_empty() || name.len() > NAME_BYTES_MAX)
            {
                let message = format!("names a field in 1 to {NAME_BYTES_MAX} bytes");
                problem("from".to_owned(), message);
            }
            match Transforms::compile(&source.transform) {
                Ok(transforms) => mapping.add(to, source.source.clone(), transforms),
                Err(found) => problem(format!("transform[{}]", found.position), found.message),
            }
        }
        if problems.is_empty() { Ok(mapping) } else { Err(problems) }
    }

    fn add(&mut self, to: Vec<String>, source: ValueSource, transforms: Transforms) {
        let row = Row { to, source, transforms };
        self.used.extend(row.takes().map(str::to_owned));
        self.rows.push(row);
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a row takes something from that lead field.
    #[must_use]
    pub fn uses(&self, field: &str) -> bool {
        self.used.contains(field)
    }

    /// The rows that take nothing but fields that `may` be taken, or a fixed value.
    pub(super) fn only(&self, may: impl Fn(&str) -> bool) -> Self {
        let rows = self.rows.iter().filter(|row| row.takes().all(&may));
        let mut out = Self::default();
        for row in rows.cloned() {
            out.add(row.to, row.source, row.transforms);
        }
        out
    }

    /// Paths of `to`, for checks that depend on the body.
    pub(super) fn targets(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(|row| row.to.as_slice())
    }

    /// The receiver's fields; rows without a value are left out. `country` is the one phones
    /// without a country code belong to.
    #[must_use]
    pub fn apply(&self, lead: &LeadFields<'_>, country: Option<&str>) -> Map<String, Value> {
        let field = |name: &str| lead.get(name);
        let around = Surroundings { country, field: &field };
        let mut out = Map::new();
        for row in &self.rows {
            let value = match &row.source {
                ValueSource::From(name) => lead.get(name),
                ValueSource::Value(value) => Some(value.clone()),
            };
            if let Some(value) = row.transforms.apply(value, &around) {
                put(&mut out, &row.to, value);
            }
        }
        out
    }
}

/// Puts a value at a path, making objects on the way.
fn put(into: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => drop(into.insert(name.clone(), value)),
        [name, rest @ ..] => {
            let inner = into.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            // Clashing paths were refused, so this is an object unless a static value is none.
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn path(to: &str, nested: bool) -> Result<Vec<String>, String> {
    if to.trim().is_empty() || to.len() > NAME_BYTES_MAX || to.chars().any(char::is_control) {
        return Err(format!("names the receiver's field in 1 to {NAME_BYTES_MAX} bytes"));
    }
    if !nested {
        return Ok(vec![to.to_owned()]);
    }
    let path: Vec<String> = to.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err("has an empty name beside a dot; dots nest".to_owned());
    }
    if path.len() > NESTING_MAX {
        return Err(format!("nests deeper than {NESTING_MAX}"));
    }
    Ok(path)
}

/// Two rows for one place, or one inside the other's value.
fn clash(rows: &[Row], to: &[String]) -> Option<String> {
    rows.iter().enumerate().find_map(|(index, row)| {
        let shared = row.to.len().min(to.len());
        (row.to[..shared] == to[..shared])
            .then(|| format!("is where row {index} puts its value already; choose another name"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::render::sample;
    use serde_json::json;

    fn rows(value: Value) -> Vec<MappingRow> {
        serde_json::from_value(value).unwrap()
    }

    fn apply(value: Value, nested: bool) -> Value {
        let lead = sample::lead();
        let mapping = Mapping::compile(&rows(value), nested).unwrap();
        Value::Object(mapping.apply(&LeadFields::new(&lead, false), Some("US")))
    }

    #[test]
    fn rows_map_nest_and_leave_out_what_is_missing() {
        let mapped = json!([
            {"to":"Mobile","from":"phone","transform":["e164"]},
            {"to":"contact.name","value":null,"transform":[{"concat":[{"field":"first_name"}," ",{"field":"last_name"}]}]},
            {"to":"contact.mail","from":"email","transform":["upper"]},
            {"to":"LeadDate","from":"submitted_at","transform":[{"date":"MM/DD/YYYY"}]},
            {"to":"nothing","from":"no_such_field"},
            {"to":"fallback","from":"no_such_field","transform":[{"default":0}]},
            {"to":"origin","value":"baton"},
            {"to":"tags","value":["a",1.5]},
        ]);
        assert_eq!(
            apply(mapped, true).to_string(),
            r#"{"Mobile":"+15125550100","contact":{"name":"Jane Smith","mail":"JANE@EXAMPLE.COM"},"LeadDate":"01/28/2026","fallback":0,"origin":"baton","tags":["a",1.5]}"#
        );
        assert_eq!(apply(json!([{"to":"a.b","value":1}]), false), json!({"a.b":1}));
    }

    #[test]
    fn the_mapping_of_the_manual_works() {
        let manual = include_str!("../../../../docs/mapping.md");
        let example = manual.split("```json").nth(1).and_then(|t| t.split("```").next()).unwrap();
        assert_eq!(
            apply(serde_json::from_str(example).unwrap(), true),
            json!({"Mobile":"+15125550100","contact":{"name":"Jane Smith"},
                   "LeadDate":"01/28/2026","origin":"baton"})
        );
    }

    #[test]
    fn rows_that_cannot_work_are_named() {
        for (bad, nested, field) in [
            (json!({"to":"","from":"a"}), true, "to"),
            (json!({"to":"a\nb","from":"a"}), true, "to"),
            (json!({"to":"a..b","from":"a"}), true, "to"),
            (json!({"to":"a.b.c.d.e.f.g.h.i","from":"a"}), true, "to"),
            (json!({"to":"first","from":"a"}), true, "to"),
            (json!({"to":"first.x","from":"a"}), true, "to"),
            (json!({"to":"x","from":" "}), false, "from"),
            (json!({"to":"x","from":"a","transform":["trim","shout"]}), true, "transform[1]"),
        ] {
            let problems = check_mapping(&rows(json!([{"to":"first","from":"b"}, bad])), nested);
            assert_eq!(problems.len(), 1, "{bad}: {problems:?}");
            assert_eq!((problems[0].row, problems[0].field.as_str()), (1, field), "{bad}");
        }
        let flat = json!([{"to":"a","from":"b"},{"to":"a.b","from":"b"}]);
        assert_eq!(check_mapping(&rows(flat), false), []);
        let many = vec![rows(json!([{"to":"a","value":1}]))[0].clone(); ROWS_MAX + 1];
        assert_eq!(check_mapping(&many, true).len(), 1);
    }
}
