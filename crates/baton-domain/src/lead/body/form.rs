//! Forms: `application/x-www-form-urlencoded` and the text fields of multipart bodies.

use super::{Body, BodyFault, BodyProblem, CAPTURE_BODY_BYTES_MAX, KEY_BYTES_MAX, OBJECT_KEYS_MAX};
use serde_json::{Map, Value};

/// Start of the keys by which `serde_json` recognises numbers and raw text. Nobody may send them:
/// what was stored would be read back as something else.
pub(super) const PRIVATE_KEYS: &str = "$serde_json::private::";

/// Reads a body of the type `application/x-www-form-urlencoded` (the URL standard, section 5.1).
/// A key that comes again makes its value a list.
///
/// # Errors
/// The first problem found; text that is not UTF-8 is refused, not repaired.
pub fn read_form(bytes: &[u8]) -> Result<Body, BodyProblem> {
    super::sort(parse_form(bytes, CAPTURE_BODY_BYTES_MAX)?)
}

/// Reads a form of at most `bytes_max` bytes under the same rules as [`read_form`], but does not
/// sort it; for bodies of another shape.
///
/// # Errors
/// As [`read_form`].
pub fn parse_form(bytes: &[u8], bytes_max: usize) -> Result<Map<String, Value>, BodyProblem> {
    super::check_size(bytes, bytes_max)?;
    let mut pairs = Vec::new();
    for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() >= OBJECT_KEYS_MAX {
            return Err(too_many());
        }
        let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
        let value = pair.get(at + 1..).unwrap_or_default();
        pairs.push((decode(&pair[..at])?, decode(value)?));
    }
    object(pairs)
}

/// Sorts name-value pairs, such as the text fields of a multipart body. A name that comes again
/// makes its value a list.
///
/// # Errors
/// The first problem found.
pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Body, BodyProblem> {
    super::sort(object(pairs)?)
}

fn object(pairs: Vec<(String, String)>) -> Result<Map<String, Value>, BodyProblem> {
    if pairs.len() > OBJECT_KEYS_MAX {
        return Err(too_many());
    }
    let mut object = Map::new();
    for (key, value) in pairs {
        // Browsers send inputs that have lost their name this way.
        if key.is_empty() && value.is_empty() {
            continue;
        }
        check_key(&key)?;
        if value.contains('\0') {
            let why = "a value has the character U+0000, which cannot be stored";
            return Err(BodyProblem::new(BodyFault::NulCharacter, Some(&key), why));
        }
        match object.get_mut(&key) {
            None => {
                object.insert(key, Value::String(value));
            }
            Some(Value::Array(list)) => list.push(Value::String(value)),
            Some(single) => *single = Value::Array(vec![single.take(), Value::String(value)]),
        }
    }
    Ok(object)
}

fn too_many() -> BodyProblem {
    let message = format!("the form has more than {OBJECT_KEYS_MAX} fields");
    BodyProblem::new(BodyFault::TooManyFields, None, message)
}

pub(super) fn check_key(key: &str) -> Result<(), BodyProblem> {
    if key.contains('\0') {
        let why = "a key has the character U+0000, which cannot be stored";
        return Err(BodyProblem::new(BodyFault::NulCharacter, None, why));
    }
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        let why = format!("a key has {} bytes, 1 to {KEY_BYTES_MAX} are taken", key.len());
        return Err(BodyProblem::new(BodyFault::InvalidKey, None, why));
    }
    if key.starts_with(PRIVATE_KEYS) {
        let why = format!("keys may not start with `{PRIVATE_KEYS}`");
        return Err(BodyProblem::new(BodyFault::InvalidKey, None, why));
    }
    Ok(())
}

/// `+` as a space, `%xx` as a byte; a `%` before anything else stands for itself.
fn decode(bytes: &[u8]) -> Result<String, BodyProblem> {
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (hex(at), hex(at + 1)) {
                (Some(high), Some(low)) => {
                    at += 2;
                    (high * 16 + low) as u8
                }
                _ => b'%',
            },
            other => *other,
        });
    }
    String::from_utf8(decoded).map_err(|_| {
        let why = "the form has text that is not UTF-8; send the page and the form as UTF-8";
        BodyProblem::new(BodyFault::InvalidUtf8, None, why)
    })
}
