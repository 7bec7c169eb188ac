//! Strict JSON: no key twice, bounded depth, numbers with the digits they were written with (only an
//! exponent gets its sign spelled out: `1E400` is kept as `1e+400`).

use super::form::{PRIVATE_KEYS, check_key};
use super::{BodyFault, BodyProblem, DEPTH_MAX, OBJECT_KEYS_MAX};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// How `serde_json` hands a number to a visitor when numbers keep their digits: as an object with
/// this one key.
const NUMBER_KEY: &str = "$serde_json::private::Number";

pub(super) fn parse(text: &str) -> Result<Map<String, Value>, BodyProblem> {
    let refused = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let seed = Strict { refused: &refused, depth: 0, top_key: None };
    let read = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(BodyProblem::new(
            BodyFault::NotAnObject,
            None,
            "the body must be a JSON object of fields",
        )),
        Err(error) => {
            let at = format!("line {} column {}", error.line(), error.column());
            Err(match refused.into_inner() {
                Some(Refused { fault, key, why }) => {
                    BodyProblem::new(fault, key.as_deref(), format!("{why} ({at})"))
                }
                None => malformed(text, &error, &at),
            })
        }
    }
}

fn malformed(text: &str, error: &serde_json::Error, at: &str) -> BodyProblem {
    let message = if text.trim().is_empty() {
        "the body is empty; a JSON object is expected".to_owned()
    } else if error.is_eof() {
        format!("the JSON ends too early, at {at}")
    } else {
        // The parser's words name what it expected, never what it read.
        format!("the body is not JSON: {error}")
    };
    BodyProblem::new(BodyFault::MalformedJson, None, message)
}

struct Refused {
    fault: BodyFault,
    key: Option<String>,
    why: String,
}

/// Reads any value; `depth` is the number of lists and objects around it.
#[derive(Clone, Copy)]
struct Strict<'a> {
    refused: &'a RefCell<Option<Refused>>,
    depth: usize,
    /// The key of the outermost object that the value is under.
    top_key: Option<&'a str>,
}

impl Strict<'_> {
    fn refuse<E: Error>(&self, fault: BodyFault, key: Option<&str>, why: String) -> E {
        let key = key.or(self.top_key).map(str::to_owned);
        *self.refused.borrow_mut() = Some(Refused { fault, key, why });
        E::custom("refused")
    }

    /// The seed for what is inside a list or an object.
    fn inner<E: Error>(&self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            let why = format!("lists and objects are nested deeper than {DEPTH_MAX} levels");
            return Err(self.refuse(BodyFault::TooDeep, None, why));
        }
        Ok(Self { depth: self.depth + 1, ..*self })
    }

    fn check_text<E: Error>(&self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            let why = "a text has the character U+0000, which cannot be stored".to_owned();
            return Err(self.refuse(BodyFault::NulCharacter, None, why));
        }
        Ok(())
    }

    fn check_key<E: Error>(&self, key: &str, object: &Map<String, Value>) -> Result<(), E> {
        if let Err(problem) = check_key(key) {
            return Err(self.refuse(problem.fault, problem.field.as_deref(), problem.message));
        }
        if object.contains_key(key) {
            let why = format!("`{key}` stands there twice");
            return Err(self.refuse(BodyFault::DuplicateKey, Some(key), why));
        }
        if object.len() >= OBJECT_KEYS_MAX {
            let why = format!("an object has more than {OBJECT_KEYS_MAX} keys");
            return Err(self.refuse(BodyFault::TooManyFields, None, why));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.check_text(text)?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        self.check_text(&text)?;
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let Some(first) = entries.next_key::<String>()? else {
            self.inner::<A::Error>()?;
            return Ok(Value::Object(object));
        };
        if first == NUMBER_KEY {
            return self.number(entries);
        }
        let inner = self.inner()?;
        let mut next = Some(first);
        while let Some(key) = next {
            self.check_key(&key, &object)?;
            let top_key = inner.top_key.unwrap_or(&key);
            let value = entries.next_value_seed(Strict { top_key: Some(top_key), ..inner })?;
            object.insert(key, value);
            next = entries.next_key()?;
        }
        Ok(Value::Object(object))
    }
}

impl Strict<'_> {
    fn number<'de, A: MapAccess<'de>>(&self, mut entries: A) -> Result<Value, A::Error> {
        // An object that only looks like a number has other than the digits of one.
        let digits = match entries.next_value_seed(*self)? {
            Value::String(digits) => digits.parse::<Number>().ok(),
            _ => None,
        };
        match digits {
            Some(number) if entries.next_key::<String>()?.is_none() => Ok(Value::Number(number)),
            _ => {
                let why = format!("keys may not start with `{PRIVATE_KEYS}`");
                Err(self.refuse(BodyFault::InvalidKey, None, why))
            }
        }
    }
}
