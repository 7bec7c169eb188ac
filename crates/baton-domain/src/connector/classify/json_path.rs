use super::body::Reading;
use serde_json::Value;
use serde_json_path::JsonPath;
use std::collections::HashMap;

/// Longest JSON path.
pub(super) const PATH_BYTES_MAX: usize = 500;
/// Most selectors listed with commas, in the whole path: each can double the work.
const COMMAS_MAX: usize = 4;
/// Most opening parentheses; the parser tries nested ones several ways.
const PARENTHESES_MAX: usize = 6;
/// Most filters.
const FILTERS_MAX: usize = 3;

/// A JSON path (RFC 9535), ready to be followed.
#[derive(Clone, Debug)]
pub(super) enum Path {
    Plain(JsonPath),
    /// `$..name` or `$..['a','b']`, and what follows it. Many rules look so into one answer, which
    /// is then walked once for all of them.
    Anywhere {
        names: Vec<String>,
        rest: Option<JsonPath>,
    },
}

impl Path {
    /// The values it leads to, in the order of RFC 9535.
    pub(super) fn query<'a>(&self, json: &'a Value, reading: &Reading<'a>) -> Vec<&'a Value> {
        let (names, rest) = match self {
            Self::Plain(path) => return path.query(json).all(),
            Self::Anywhere { names, rest } => (names, rest),
        };
        let found = reading.names(json).find(names);
        match rest {
            None => found,
            Some(rest) => found.into_iter().flat_map(|value| rest.query(value).all()).collect(),
        }
    }
}

/// The members of all objects of a document by name; each with the number of its object in the
/// order in which a path visits them.
#[derive(Default)]
pub(super) struct Names<'a>(HashMap<&'a str, Vec<(usize, &'a Value)>>);

impl<'a> Names<'a> {
    pub(super) fn of(json: &'a Value) -> Self {
        let mut names = Self::default();
        // A stack of its own: the reader limits how deep JSON nests, and this need not know it.
        let mut ahead = vec![json];
        let mut objects = 0;
        while let Some(value) = ahead.pop() {
            match value {
                Value::Array(items) => ahead.extend(items.iter().rev()),
                Value::Object(members) => {
                    for (name, member) in members {
                        names.0.entry(name).or_default().push((objects, member));
                    }
                    objects += 1;
                    ahead.extend(members.values().rev());
                }
                _ => {}
            }
        }
        names
    }

    /// The members of these names: by object, and within one in the order of the names.
    fn find(&self, names: &[String]) -> Vec<&'a Value> {
        let of = |name: &String| self.0.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        if let [name] = names {
            return of(name).iter().map(|(_, value)| *value).collect();
        }
        let mut found: Vec<(usize, &'a Value)> = names.iter().flat_map(of).copied().collect();
        // Stable, so that the members of one object keep the order of the names.
        found.sort_by_key(|(object, _)| *object);
        found.into_iter().map(|(_, value)| value).collect()
    }
}

/// Compiles a JSON path (RFC 9535) whose cost on a hostile answer stays near the answer's size.
pub(super) fn compile(path: &str) -> Result<Path, String> {
    if path.len() > PATH_BYTES_MAX {
        return Err(format!("the path is longer than {PATH_BYTES_MAX} bytes"));
    }
    let outside = outside_quotes(path);
    let count = |what: &str| outside.matches(what).count();
    if count("..") > 1 {
        return Err("only one `..` is allowed in a path".to_owned());
    }
    if count("$") > 1 {
        return Err("`$` is allowed only at the start of a path".to_owned());
    }
    if count(",") > COMMAS_MAX || count("(") > PARENTHESES_MAX || count("?") > FILTERS_MAX {
        return Err("the path is too complicated; use a simpler path or match `regex`".to_owned());
    }
    let closed_up: String = outside.split_whitespace().collect();
    if closed_up.contains("match(") || closed_up.contains("search(") {
        return Err("`match` and `search` are not supported in paths; match `regex`".to_owned());
    }
    let whole = JsonPath::parse(path).map_err(|e| format!("not a JSON path (RFC 9535): {e}"))?;
    Ok(anywhere(path).unwrap_or(Path::Plain(whole)))
}

/// The same path in the form that is followed by an index of names, if it begins so; it was parsed
/// before, so only its plain spellings have to be known here.
fn anywhere(path: &str) -> Option<Path> {
    let after = path.strip_prefix("$..")?;
    let (names, rest) = match after.strip_prefix('[') {
        Some(list) => {
            let (list, rest) = list.split_once(']')?;
            (list.split(',').map(quoted).collect::<Option<Vec<_>>>()?, rest)
        }
        None => {
            let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let (name, rest) = after.split_at(end.unwrap_or(after.len()));
            (vec![name.to_owned()], rest)
        }
    };
    let is_step = |rest: &str| rest.starts_with(['.', '[']);
    let rest = match rest {
        "" => None,
        rest if is_step(rest) => Some(JsonPath::parse(&format!("${rest}")).ok()?),
        _ => return None,
    };
    let known = names.iter().all(|name| !name.is_empty());
    known.then_some(Path::Anywhere { names, rest })
}

/// A name between quotes that holds nothing but itself.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let name = text.get(1..)?.strip_suffix(quote)?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    name.chars().all(plain).then(|| name.to_owned())
}

/// The path without what stands in quotes, so that names cannot look like syntax.
fn outside_quotes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut quote = None;
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(_) if c == '\\' => drop(chars.next()),
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::body::{Body, Reading};
    use super::*;
    use crate::exchange::Answer;
    use proptest::prelude::*;
    use serde_json::json;

    fn answer(json: &Value) -> Answer {
        let body = json.to_string().into_bytes();
        Answer { status: 200, headers: Vec::new(), body, truncated: false }
    }

    /// A path is followed as the reference does it, with an index or without.
    fn check(path: &str, json: &Value, indexed: bool) {
        let compiled = compile(path).unwrap();
        assert_eq!(matches!(compiled, Path::Anywhere { .. }), indexed, "{path}");
        let answer = answer(json);
        let body = Body::new(&answer);
        let reading = Reading::of(&body);
        let json = reading.json().unwrap();
        let expect = JsonPath::parse(path).unwrap().query(json).all();
        let found = compiled.query(json, &reading);
        assert_eq!(found, expect, "{path} in {json}");
    }

    #[test]
    fn a_name_anywhere_is_found_as_by_walking_the_answer() {
        let json = json!({
            "a": {"b": 1, "a": [{"b": 2, "c": {"b": 3}}, {"c": 4, "b": {"b": 5}}]},
            "b": [{"a": 6}, [{"b": 7, "a": 8}]], "": 9, "é": {"b": 10}, "a b": 11,
        });
        for path in [
            "$..b",
            "$..a",
            "$..nothing",
            "$..é",
            "$..['b']",
            "$..[\"b\"]",
            "$..['b','a']",
            "$..['a', 'b']",
            "$..['a b']",
            "$..['b','b']",
            "$..a[0].b",
            "$..a[*]['b','c']",
            "$..b[1]",
            "$..a.a[?@.b > 1].b",
        ] {
            check(path, &json, true);
        }
        for path in ["$..*", "$..[0]", "$.a..b", "$..['']", "$..['b',0]", "$.b", "$..['\\u0062']"] {
            check(path, &json, false);
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(json!(null)), any::<u8>().prop_map(|n| json!(n))];
        leaf.prop_recursive(5, 64, 6, |inner| {
            let names = prop_oneof![Just("a"), Just("b"), Just("c")];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                proptest::collection::vec((names, inner), 0..4).prop_map(|members| {
                    Value::Object(members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_index_changes_no_result(
            json in values(),
            head in prop_oneof![
                Just("$..a"), Just("$..['a']"), Just("$..['b','a']"), Just("$..['a','b','a']"),
            ],
            rest in prop_oneof![
                Just(""), Just(".b"), Just("[0]"), Just("[*]"), Just("['a','b']"), Just("[-1:].a"),
            ],
        ) {
            check(&format!("{head}{rest}"), &json, true);
        }
    }
}
