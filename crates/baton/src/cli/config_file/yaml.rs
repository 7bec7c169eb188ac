//! JSON values as YAML and back.

use crate::failure::Failure;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// JSON's value with plain numbers: those of `serde_json` keep their digits by a way of their own
/// that only its own writer understands.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::String(text) => serializer.serialize_str(text),
            Value::Number(number) => {
                if let Some(number) = number.as_i64() {
                    serializer.serialize_i64(number)
                } else if let Some(number) = number.as_u64() {
                    serializer.serialize_u64(number)
                } else {
                    serializer.serialize_f64(number.as_f64().unwrap_or_default())
                }
            }
            Value::Array(list) => {
                let mut out = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    out.serialize_element(&Plain(value))?;
                }
                out.end()
            }
            Value::Object(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in map {
                    out.serialize_entry(key, &Plain(value))?;
                }
                out.end()
            }
        }
    }
}

pub(super) fn write(value: &Value) -> Result<String, Failure> {
    serde_saphyr::to_string(&Plain(value)).map_err(Failure::new)
}

pub(super) fn read(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|e| format!("is not YAML that can be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_survive_the_way_through_yaml() {
        let check = |value: Value| {
            let text = write(&value).unwrap();
            assert_eq!(read(&text).unwrap(), value, "{text}");
        };
        check(json!({"a": 1, "b": -2, "c": 2.5, "d": true, "e": null, "f": []}));
        check(json!({"texts": ["yes", "no", "null", "1", "1e3", "", " x ", "a: b", "#", "0x1f"]}));
        check(json!({"lines": "a\nb\n", "quotes": "\"'", "umlaut": "ä", "date": "2026-01-28"}));
        check(json!([{"to": "Mobile", "transform": ["e164", {"default": "x"}]}, {}]));
    }
}
