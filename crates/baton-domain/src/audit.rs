//! Who did what, for the record that is only added to.

use crate::config::DocKind;
use crate::id::{AuditId, KeyId, TypedId, UserId};
use crate::time::Millis;
use serde_json::{Map, Value};
use std::fmt;
use std::net::IpAddr;
use uuid::Uuid;

/// What stands where a secret was.
pub const AUDIT_MASK: &str = "•••";

/// Members of documents whose values are secret or open something, at any depth, in lower case.
/// Bodies hold no secrets (those are sealed beside them), so this is what slips in: hashes that
/// keys are found by, and credentials typed into a field that is meant for something else.
const MASKED: &[&str] = &[
    "api-key",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "password",
    "proxy-authorization",
    "secret",
    "sha256",
    "token",
    "x-api-key",
];

/// Who does something.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Actor {
    /// A person who is signed in, or signs in.
    User(UserId),
    /// An API key.
    Key(KeyId),
    /// Baton itself.
    System,
}

impl Actor {
    /// The word for its kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Key(_) => "key",
            Self::System => "system",
        }
    }

    /// Its id, without the prefix.
    #[must_use]
    pub fn uuid(self) -> Option<Uuid> {
        match self {
            Self::User(id) => Some(id.uuid()),
            Self::Key(id) => Some(id.uuid()),
            Self::System => None,
        }
    }

    /// Its id as text.
    #[must_use]
    pub fn id_text(self) -> Option<String> {
        match self {
            Self::User(id) => Some(id.to_string()),
            Self::Key(id) => Some(id.to_string()),
            Self::System => None,
        }
    }

    /// What [`Self::kind`] and [`Self::uuid`] gave; a kind nobody knows is Baton itself.
    #[must_use]
    pub fn of(kind: &str, id: Option<Uuid>) -> Self {
        match (kind, id) {
            ("user", Some(id)) => Self::User(UserId::from_uuid(id)),
            ("key", Some(id)) => Self::Key(KeyId::from_uuid(id)),
            _ => Self::System,
        }
    }
}

/// Who does something now, and by which request. `Debug` shows no name and no address.
#[derive(Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// Their name as it is now: of a key or person, or the part of Baton that acts by itself.
    pub name: String,
    /// The address the request came from.
    pub ip: Option<IpAddr>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl By {
    /// A part of Baton that acts by itself.
    #[must_use]
    pub fn system(name: &str) -> Self {
        Self { actor: Actor::System, name: name.to_owned(), ip: None, request_id: None }
    }

    /// How it is named beside what it changed: by its id, or the part of Baton.
    #[must_use]
    pub fn signature(&self) -> String {
        self.actor.id_text().unwrap_or_else(|| self.name.clone())
    }
}

impl From<&str> for By {
    fn from(name: &str) -> Self {
        Self::system(name)
    }
}

impl fmt::Debug for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("By").field("actor", &self.actor).finish_non_exhaustive()
    }
}

/// What was done to a document, such as `destination.update`, from its body before and after.
#[must_use]
pub fn document_action(kind: DocKind, before: Option<&Value>, after: Option<&Value>) -> String {
    let verb = match (before, after) {
        (None, _) => "create",
        (Some(_), None) => "delete",
        (Some(before), Some(after)) => changed_verb(before, after),
    };
    format!("{}.{verb}", kind.noun())
}

fn changed_verb(before: &Value, after: &Value) -> &'static str {
    let is_set = |value: &Value, name: &str| value.get(name).is_some_and(|v| !v.is_null());
    if !is_set(before, "revoked_at") && is_set(after, "revoked_at") {
        return "revoke";
    }
    if is_set(before, "sha256") && before.get("sha256") != after.get("sha256") {
        return "rotate";
    }
    let paused = |value: &Value| value.get("paused").and_then(Value::as_bool);
    match (paused(before), paused(after)) {
        (Some(false), Some(true)) => "pause",
        (Some(true), Some(false)) => "resume",
        _ => "update",
    }
}

/// What is shown of a change: all of what is new or gone, of what changed those members that did,
/// with secrets masked.
#[must_use]
pub fn difference(before: Option<&Value>, after: Option<&Value>) -> (Option<Value>, Option<Value>) {
    let (Some(Value::Object(was)), Some(Value::Object(is))) = (before, after) else {
        return (before.map(masked), after.map(masked));
    };
    let unlike = |one: &Map<String, Value>, other: &Map<String, Value>| {
        let members = one.iter().filter(|(name, value)| other.get(*name) != Some(*value));
        masked(&Value::Object(members.map(|(n, v)| (n.clone(), v.clone())).collect()))
    };
    (Some(unlike(was, is)), Some(unlike(is, was)))
}

/// A value with every secret in it masked.
#[must_use]
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter().map(|(name, value)| (name.clone(), masked_member(name, value))).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        other => other.clone(),
    }
}

fn masked_member(name: &str, value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_)
            if MASKED.contains(&name.to_ascii_lowercase().as_str()) =>
        {
            AUDIT_MASK.into()
        }
        other => masked(other),
    }
}

/// The id of a line: its time and its number in the record.
#[must_use]
pub fn line_id(at: Millis, seq: i64) -> AuditId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&seq.to_be_bytes());
    AuditId::new(at, random)
}

/// The number in the record that an id holds.
#[must_use]
pub fn line_seq(id: AuditId) -> i64 {
    // The two highest bits are the variant of the UUID.
    let low = id.uuid().as_u128() & ((1 << 62) - 1);
    i64::try_from(low).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn changes_are_named_after_what_they_do() {
        #[track_caller]
        fn check(kind: DocKind, before: Value, after: Value, expect: &str) {
            let some = |value: Value| (!value.is_null()).then_some(value);
            let (before, after) = (some(before), some(after));
            assert_eq!(document_action(kind, before.as_ref(), after.as_ref()), expect);
        }
        use DocKind::{Campaign, Destination, Key, Subscription};
        check(Destination, Value::Null, json!({"name": "a"}), "destination.create");
        check(Destination, json!({"name": "a"}), json!({"name": "b"}), "destination.update");
        check(Destination, json!({"name": "a"}), Value::Null, "destination.delete");
        check(Subscription, json!({"paused": false}), json!({"paused": true}), "webhook.pause");
        check(Campaign, json!({"paused": true}), json!({"paused": false}), "campaign.resume");
        let key = json!({"sha256": "a", "revoked_at": null});
        check(Key, key.clone(), json!({"sha256": "b", "revoked_at": null}), "key.rotate");
        check(Key, key.clone(), json!({"sha256": "a", "revoked_at": 5}), "key.revoke");
        check(Key, key, json!({"sha256": "a", "name": "x"}), "key.update");
    }

    #[test]
    fn only_what_changed_is_shown_and_no_secret_is() {
        let before = json!({"name": "a", "n": 1, "old": true, "sha256": "aa"});
        let after = json!({"name": "b", "n": 1, "new": [1], "sha256": "bb"});
        let (was, is) = difference(Some(&before), Some(&after));
        assert_eq!(was, Some(json!({"name": "a", "old": true, "sha256": "•••"})));
        assert_eq!(is, Some(json!({"name": "b", "new": [1], "sha256": "•••"})));
        let made = json!({"settings": {"headers": {"Authorization": "Bearer x"}, "token": 7},
            "list": [{"password": "p", "sha256": null}]});
        let (was, is) = difference(None, Some(&made));
        assert_eq!(was, None);
        assert_eq!(
            is,
            Some(json!({"settings": {"headers": {"Authorization": "•••"}, "token": "•••"},
                "list": [{"password": "•••", "sha256": null}]}))
        );
    }

    #[test]
    fn who_did_it_does_not_show_itself() {
        let by = By {
            actor: Actor::System,
            name: "jane@example.com".to_owned(),
            ip: Some([203, 0, 113, 9].into()),
            request_id: None,
        };
        let shown = format!("{by:?}");
        assert!(!shown.contains("jane") && !shown.contains("203"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_line_s_number_is_in_its_id(at in 0i64..1 << 47, seq in 0i64..1 << 62) {
            prop_assert_eq!(line_seq(line_id(Millis(at), seq)), seq);
        }
    }
}
