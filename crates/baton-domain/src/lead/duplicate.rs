//! Duplicates: the bytes a lead claims, so that a second one with the same cannot.

use crate::config::{DuplicateMatch, DuplicateRule};
use crate::personal::FieldMap;

/// The keys a lead claims under a rule, as bytes that the store turns into a keyed hash.
///
/// `fields` are the normalised values, so phones are E.164. Values are compared trimmed and in
/// lower case; lists and objects count as empty, and empty values never match: `any` gives one key
/// for each field that has a value, `all` gives one key, or none when a field is empty. Keys hold
/// the lengths of their parts, so that different values never make the same bytes.
#[must_use]
pub fn claim_keys(rule: &DuplicateRule, fields: &FieldMap) -> Vec<Vec<u8>> {
    let mut names: Vec<&str> = rule.fields.iter().map(String::as_str).collect();
    // The order and repetition of names in the rule have no meaning.
    names.sort_unstable();
    names.dedup();
    let parts: Vec<(&str, String)> =
        names.iter().filter_map(|name| Some((*name, comparable(&fields.text(name)?)?))).collect();
    match rule.matching {
        DuplicateMatch::Any => parts.iter().map(|part| key(std::slice::from_ref(part))).collect(),
        DuplicateMatch::All if parts.len() == names.len() && !parts.is_empty() => vec![key(&parts)],
        DuplicateMatch::All => Vec::new(),
    }
}

fn comparable(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_lowercase())
}

/// For each part: the name's length, the name, the value's length, the value; lengths as 64 bits,
/// most significant byte first.
fn key(parts: &[(&str, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in parts.iter().flat_map(|(name, value)| [*name, value.as_str()]) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DuplicateAction;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn keys(matching: DuplicateMatch, names: &[&str], fields: Value) -> Vec<Vec<u8>> {
        let Value::Object(fields) = fields else { panic!("an object is expected") };
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        let action = DuplicateAction::Reject;
        let rule = DuplicateRule { fields: names, matching, window_s: None, action };
        claim_keys(&rule, &FieldMap(fields))
    }

    #[test]
    fn any_claims_each_value_and_all_claims_them_together() {
        let fields = json!({"email": "jane@example.com", "phone": "+447700900123"});
        assert_eq!(keys(DuplicateMatch::Any, &["email", "phone"], fields.clone()).len(), 2);
        assert_eq!(keys(DuplicateMatch::All, &["email", "phone"], fields.clone()).len(), 1);
        assert_ne!(
            keys(DuplicateMatch::Any, &["email"], fields.clone()),
            keys(DuplicateMatch::Any, &["phone"], fields)
        );
    }

    #[test]
    fn empty_values_never_match() {
        for empty in [
            json!({}),
            json!({"email": ""}),
            json!({"email": " \t"}),
            json!({"email": null}),
            json!({"email": []}),
        ] {
            assert!(keys(DuplicateMatch::Any, &["email"], empty.clone()).is_empty(), "{empty}");
            assert!(keys(DuplicateMatch::All, &["email"], empty.clone()).is_empty(), "{empty}");
        }
        let half = json!({"email": "jane@example.com", "phone": ""});
        assert_eq!(keys(DuplicateMatch::Any, &["email", "phone"], half.clone()).len(), 1);
        assert!(keys(DuplicateMatch::All, &["email", "phone"], half.clone()).is_empty());
        assert!(keys(DuplicateMatch::All, &[], half.clone()).is_empty());
        assert!(keys(DuplicateMatch::Any, &[], half).is_empty());
    }

    #[test]
    fn values_are_compared_trimmed_and_without_case() {
        let email = |text: &str| keys(DuplicateMatch::Any, &["email"], json!({"email": text}));
        assert_eq!(email(" Jane@Example.COM "), email("jane@example.com"));
        assert_eq!(email("ÉMILE@example.com"), email("émile@example.com"));
        assert_ne!(email("jane@example.com"), email("jane.@example.com"));
        let age = |value: Value| keys(DuplicateMatch::Any, &["age"], json!({"age": value}));
        assert_eq!(age(json!(42)), age(json!("42")));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let both =
            |x: &str, y: &str| keys(DuplicateMatch::All, &["x", "y"], json!({"x": x, "y": y}));
        assert_ne!(both("a", "bc"), both("ab", "c"));
        assert_ne!(both("a", "bc"), both("bc", "a"));
    }

    #[test]
    fn order_of_the_rule_has_no_meaning() {
        let fields = json!({"x": "1", "y": "2"});
        assert_eq!(
            keys(DuplicateMatch::All, &["x", "y"], fields.clone()),
            keys(DuplicateMatch::All, &["y", "x", "y"], fields)
        );
    }

    proptest! {
        #[test]
        fn keys_are_equal_only_for_equal_values(
            a in "[ab\u{0}-\u{3}]{1,4}", b in "[ab\u{0}-\u{3}]{1,4}",
            c in "[ab\u{0}-\u{3}]{1,4}", d in "[ab\u{0}-\u{3}]{1,4}",
        ) {
            let both = |x: &str, y: &str| keys(DuplicateMatch::All, &["x", "y"], json!({"x": x, "y": y}));
            prop_assert_eq!(both(&a, &b) == both(&c, &d), (&a, &b) == (&c, &d));
        }
    }
}
