//! Types of the domain read strictly: stored bodies may have keys this release does not know, a
//! caller's may not.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A type of the domain whose unknown keys are errors here, though stored bodies may have more.
#[derive(Clone, Debug)]
pub struct Strict<T>(pub T);

/// The keys of a type, for [`Strict`].
pub trait Keys {
    /// All of them.
    const KEYS: &'static [&'static str];
}

impl Keys for baton_domain::lead::schema::FieldSpec {
    const KEYS: &'static [&'static str] = &[
        "name",
        "type",
        "required",
        "label",
        "delivery_name",
        "min_length",
        "max_length",
        "pattern",
        "min",
        "max",
        "choices",
        "strict",
    ];
}

impl<'de, T: Keys + DeserializeOwned> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::<String, Value>::deserialize(deserializer)?;
        if let Some(key) = map.keys().find(|key| !T::KEYS.contains(&key.as_str())) {
            let expected = T::KEYS.join("`, `");
            return Err(D::Error::custom(format!(
                "unknown field `{key}`, expected one of `{expected}`"
            )));
        }
        serde_path_to_error::deserialize(Value::Object(map)).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let error = error.into_inner();
            match path.as_str() {
                "." => D::Error::custom(error),
                _ => D::Error::custom(format!("`{path}`: {error}")),
            }
        })
    }
}

impl<T: Serialize> Serialize for Strict<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::lead::schema::{FieldKind, FieldSpec};

    #[test]
    fn the_keys_of_a_field_are_all_of_them() {
        let full = FieldSpec {
            label: Some("x".into()),
            delivery_name: Some("x".into()),
            min_length: Some(1),
            max_length: Some(2),
            pattern: Some("x".into()),
            min: Some("1".into()),
            max: Some("2".into()),
            choices: vec!["x".into()],
            ..FieldSpec::new("x", FieldKind::Text)
        };
        let shown = serde_json::to_value(full).unwrap();
        let keys: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, FieldSpec::KEYS);
    }
}
