//! Sorting a body's keys into fields, context and control.

use super::reserved::{ControlKey, Key, TextKey};
use super::{
    Body, BodyFault, BodyProblem, FIELDS_MAX, KEY_BYTES_MAX, TRACKING_MAX, VALUE_BYTES_MAX,
};
use crate::personal::scalar_text;
use serde_json::{Map, Value};

/// Sorts an object into a [`Body`].
///
/// # Errors
/// [`BodyFault::WrongType`], [`BodyFault::ValueTooLong`], [`BodyFault::TooManyFields`], or
/// [`BodyFault::DuplicateKey`] when a key stands in two of the parts.
pub fn sort(object: Map<String, Value>) -> Result<Body, BodyProblem> {
    let mut sorter = Sorter::default();
    let in_parts =
        ["fields", "context"].iter().any(|part| object.get(*part).is_some_and(Value::is_object));
    for (key, value) in object {
        match value {
            Value::Object(part) if in_parts && key == "fields" => {
                sorter.take_all(part, Part::Fields)?
            }
            Value::Object(part) if in_parts && key == "context" => {
                sorter.take_all(part, Part::Context)?;
            }
            Value::Null if in_parts && matches!(key.as_str(), "fields" | "context") => {}
            value => sorter.take(key, value, Part::Top)?,
        }
    }
    sorter.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Top,
    Fields,
    Context,
}

#[derive(Default)]
struct Sorter {
    body: Body,
    /// Reserved keys met so far, other than tracking.
    met: Vec<String>,
    /// Values that came under another name than the reserved one; they count when that is absent.
    aliased: Vec<(TextKey, String)>,
}

impl Sorter {
    fn take_all(&mut self, part: Map<String, Value>, which: Part) -> Result<(), BodyProblem> {
        part.into_iter().try_for_each(|(key, value)| self.take(key, value, which))
    }

    fn take(&mut self, key: String, value: Value, part: Part) -> Result<(), BodyProblem> {
        check_value_size(&key, &value)?;
        match Key::of(&key, part == Part::Context) {
            Key::Field if part == Part::Context => self.keep_tracking(key, value),
            Key::Field => keep(&mut self.body.fields.0, key, value),
            Key::Tracking => self.keep_tracking(key, value),
            Key::Text(which) => {
                self.meet(&key)?;
                if let Some(text) = one_text(&key, value)? {
                    *which.slot(&mut self.body.claims) = Some(text);
                }
                Ok(())
            }
            Key::Alias(which) => {
                self.meet(&key)?;
                if let Some(text) = one_text(&key, value)? {
                    self.aliased.push((which, text));
                }
                Ok(())
            }
            Key::Control(which) => {
                self.meet(&key)?;
                self.control(which, &key, value)
            }
        }
    }

    fn meet(&mut self, key: &str) -> Result<(), BodyProblem> {
        if self.met.iter().any(|k| k == key) {
            return Err(duplicate(key));
        }
        self.met.push(key.to_owned());
        Ok(())
    }

    fn keep_tracking(&mut self, key: String, value: Value) -> Result<(), BodyProblem> {
        if is_blank(&value) {
            return Ok(());
        }
        keep(&mut self.body.claims.tracking, key, value)
    }

    fn control(&mut self, which: ControlKey, key: &str, value: Value) -> Result<(), BodyProblem> {
        let control = &mut self.body.control;
        let Some(text) = one_text(key, value)? else {
            return Ok(());
        };
        let text = text.trim();
        match which {
            ControlKey::Campaign => control.campaign = Some(text.to_owned()),
            ControlKey::Test => control.test = yes_or_no(key, text)?,
            ControlKey::Partial => control.partial = yes_or_no(key, text)?,
            ControlKey::LeadKey if text.len() <= KEY_BYTES_MAX => {
                control.lead_key = Some(text.to_owned());
            }
            ControlKey::LeadKey => {
                let message = format!("`lead_key` has at most {KEY_BYTES_MAX} bytes");
                return Err(BodyProblem::new(BodyFault::ValueTooLong, Some(key), message));
            }
            ControlKey::Seq => match text.parse::<i64>() {
                Ok(seq) if seq >= 0 => control.seq = Some(seq),
                _ => return Err(wrong_type(key, "a whole number of 0 or more")),
            },
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Body, BodyProblem> {
        for (which, text) in self.aliased {
            which.slot(&mut self.body.claims).get_or_insert(text);
        }
        let counts = [
            ("fields", self.body.fields.0.len(), FIELDS_MAX),
            ("tracking values", self.body.claims.tracking.len(), TRACKING_MAX),
        ];
        for (what, count, most) in counts {
            if count > most {
                let message = format!("the lead has {count} {what}, at most {most} are taken");
                return Err(BodyProblem::new(BodyFault::TooManyFields, None, message));
            }
        }
        Ok(self.body)
    }
}

fn keep(map: &mut Map<String, Value>, key: String, value: Value) -> Result<(), BodyProblem> {
    if map.contains_key(&key) {
        return Err(duplicate(&key));
    }
    map.insert(key, value);
    Ok(())
}

fn duplicate(key: &str) -> BodyProblem {
    BodyProblem::new(BodyFault::DuplicateKey, Some(key), format!("`{key}` stands there twice"))
}

fn wrong_type(key: &str, wanted: &str) -> BodyProblem {
    BodyProblem::new(BodyFault::WrongType, Some(key), format!("`{key}` must be {wanted}"))
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A reserved key's value as text; `None` when it is empty. Of a list the last scalar counts, as
/// with a form that has a hidden input before its check box.
fn one_text(key: &str, value: Value) -> Result<Option<String>, BodyProblem> {
    let value = match value {
        Value::Array(mut items) => match items.pop() {
            Some(last) => last,
            None => return Ok(None),
        },
        value => value,
    };
    if is_blank(&value) {
        return Ok(None);
    }
    match value {
        Value::String(text) => Ok(Some(text)),
        value => scalar_text(&value).map(Some).ok_or_else(|| wrong_type(key, "a text")),
    }
}

fn yes_or_no(key: &str, text: &str) -> Result<bool, BodyProblem> {
    crate::lead::words::yes_or_no(text).ok_or_else(|| wrong_type(key, "true or false"))
}

/// Bytes of a value for [`VALUE_BYTES_MAX`]: of a text its own, without quotes and escapes.
fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Null => 4,
        Value::Bool(flag) => 5 - usize::from(*flag),
        Value::Number(number) => number.to_string().len(),
        Value::Array(items) => {
            2 + items.len().saturating_sub(1) + items.iter().map(quoted_bytes).sum::<usize>()
        }
        Value::Object(entries) => {
            let inner: usize = entries.iter().map(|(k, v)| k.len() + 3 + quoted_bytes(v)).sum();
            2 + entries.len().saturating_sub(1) + inner
        }
    }
}

fn quoted_bytes(value: &Value) -> usize {
    value_bytes(value) + if value.is_string() { 2 } else { 0 }
}

fn check_value_size(key: &str, value: &Value) -> Result<(), BodyProblem> {
    let bytes = value_bytes(value);
    if bytes <= VALUE_BYTES_MAX {
        return Ok(());
    }
    let message = format!("`{key}` has {bytes} bytes, at most {VALUE_BYTES_MAX} are taken");
    Err(BodyProblem::new(BodyFault::ValueTooLong, Some(key), message))
}
