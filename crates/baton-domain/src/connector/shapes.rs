//! Answers that no rule matched, grouped by their shape, each group with a rule that would match it.
//!
//! Two answers have one shape when they differ only in what differs from lead to lead: numbers, ids,
//! addresses, times. `{"success":false,"reason":"no-match"}` and the same with another reason are two
//! groups, because they may mean two things.

use super::classify::{self, CompiledRules, VALUE_BYTES_MAX};
use super::rules::{Match, ResponseRule};
use crate::exchange::{Answer, Got};
use crate::personal::scalar_text;
use crate::time::Millis;
use crate::verdict::Verdict;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// Most values of an answer that its shape is made of.
const LEAVES_MAX: usize = 100;
/// Most words of a text that its shape is made of.
const WORDS_MAX: usize = 20;
/// A word so long is an id.
const WORD_CHARS_MAX: usize = 24;
/// Longest summary, in characters.
const SUMMARY_CHARS_MAX: usize = 200;
/// Longest plain text that a rule is made from as a whole, in bytes.
const TEXT_BYTES_MAX: usize = 300;
/// Where answers say why, most telling first.
const TELLING: [&str; 17] = [
    "denial_reason",
    "reason",
    "error",
    "errors",
    "error_message",
    "message",
    "msg",
    "detail",
    "description",
    "response",
    "status_text",
    "outcome",
    "result",
    "status",
    "code",
    "success",
    "ok",
];

/// The shape of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Equal for answers of one shape: 16 hex digits.
    pub fingerprint: String,
    /// The shape in a few words, without what differs from lead to lead.
    pub summary: String,
}

/// Answers of one shape.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Their shape.
    pub shape: Shape,
    /// How many they are.
    pub count: usize,
    /// Index of the first of them.
    pub example: usize,
    /// A rule that matches the example. Its verdict is a guess for a person to look at, and never a
    /// success.
    pub rule: ResponseRule,
}

/// The shape of an answer.
#[must_use]
pub fn shape(answer: &Answer) -> Shape {
    let body = Content::of(answer);
    let mut leaves = Vec::new();
    let kind = match &body {
        Content::Json(json) => {
            collect(json, "$".to_owned(), &mut leaves);
            "json"
        }
        Content::Xml(elements) => {
            leaves.extend(elements.iter().take(LEAVES_MAX).map(|(n, t)| (n.clone(), blur(t))));
            "xml"
        }
        Content::Html(title) => {
            leaves.push(("title".to_owned(), blur(title)));
            "html"
        }
        Content::Text(text) => {
            leaves.push((String::new(), blur(text)));
            "text"
        }
    };
    let mut hash = Sha256::new();
    hash.update(answer.status.to_be_bytes());
    hash.update(kind);
    for (path, text) in &leaves {
        // Length first, so that no two lists of leaves run together.
        hash.update(path.len().to_be_bytes());
        hash.update(path);
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    let told = leaves.iter().map(|(path, text)| match path.rsplit('.').next() {
        Some("") | None => text.clone(),
        Some(name) => format!("{name}: {text}"),
    });
    let all = told.collect::<Vec<_>>().join(", ");
    let summary = format!("http {} {kind} {all}", answer.status);
    Shape {
        fingerprint: hex::encode(&hash.finalize()[..8]),
        summary: summary.trim_end().chars().take(SUMMARY_CHARS_MAX).collect(),
    }
}

/// Groups answers, the largest group first, equal ones in the order they came.
#[must_use]
pub fn group(answers: &[Answer]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (example, answer) in answers.iter().enumerate() {
        let shape = shape(answer);
        match known.get(&shape.fingerprint) {
            Some(at) => groups[*at].count += 1,
            None => {
                known.insert(shape.fingerprint.clone(), groups.len());
                groups.push(Group { shape, count: 1, example, rule: suggest(answer) });
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

/// A body as far as its shape goes.
enum Content {
    Json(Value),
    /// Elements without children, by local name, with their texts.
    Xml(Vec<(String, String)>),
    /// The page's title.
    Html(String),
    Text(String),
}

impl Content {
    fn of(answer: &Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !answer.truncated
            && let Ok(json) = serde_json::from_str::<Value>(text)
            && (json.is_object() || json.is_array())
        {
            return Self::Json(json);
        }
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("<!doctype html") || lower.contains("<html") {
            let title =
                lower.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
            return Self::Html(title.map(|(title, _)| title.trim().to_owned()).unwrap_or_default());
        }
        if !answer.truncated
            && let Some(elements) = classify::xml_leaves(text, LEAVES_MAX)
        {
            return Self::Xml(elements);
        }
        Self::Text(text.to_owned())
    }
}

/// The scalars of a JSON value by their paths, blurred. Items of a list have one path.
fn collect(value: &Value, path: String, into: &mut Vec<(String, String)>) {
    if into.len() >= LEAVES_MAX {
        return;
    }
    match value {
        Value::Object(map) => {
            // The order of names says nothing.
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            for (name, inner) in sorted {
                collect(inner, format!("{path}.{name}"), into);
            }
        }
        Value::Array(items) => {
            for item in items.iter().take(LEAVES_MAX) {
                let before = into.len();
                collect(item, format!("{path}[*]"), into);
                if into[before..].iter().all(|leaf| into[..before].contains(leaf)) {
                    into.truncate(before);
                }
            }
        }
        Value::Null => into.push((path, "null".to_owned())),
        scalar => into.push((path, blur(&scalar_text(scalar).unwrap_or_default()))),
    }
}

/// Whether a word differs from lead to lead.
fn varies(word: &str) -> bool {
    word.contains(['@', '/'])
        || word.bytes().any(|b| b.is_ascii_digit())
        || word.chars().count() > WORD_CHARS_MAX
}

/// A text without what differs from lead to lead.
fn blur(text: &str) -> String {
    let words = text.split_whitespace().take(WORDS_MAX);
    let blurred: Vec<String> =
        words.map(|w| if varies(w) { "#".to_owned() } else { w.to_lowercase() }).collect();
    blurred.join(" ")
}

/// The text as a rule's value: `*` for what differs from lead to lead.
fn wildcards(text: &str) -> String {
    let mut out = Vec::new();
    let mut words = text.split_whitespace();
    for word in words.by_ref().take(WORDS_MAX) {
        let word = if varies(word) || word.contains(['*', '|']) { "*" } else { word };
        if !(word == "*" && out.last() == Some(&"*")) {
            out.push(word);
        }
    }
    if words.next().is_some() && out.last() != Some(&"*") {
        out.push("*");
    }
    let value = out.join(" ");
    let end = value.floor_char_boundary(value.len().min(VALUE_BYTES_MAX / 2));
    if end < value.len() { format!("{}*", &value[..end]) } else { value }
}

/// A rule that matches an answer.
fn suggest(answer: &Answer) -> ResponseRule {
    let verdict = guess(answer);
    let rule = |matching, path: Option<String>, value: String| ResponseRule {
        matching,
        path,
        value,
        verdict,
        reason: None,
        extract: BTreeMap::new(),
    };
    let mut candidates = Vec::new();
    match Content::of(answer) {
        Content::Json(json) => {
            for name in TELLING {
                let mut found = Vec::new();
                find(&json, name, "$".to_owned(), &mut found);
                candidates.extend(
                    found
                        .into_iter()
                        .map(|(path, text)| rule(Match::JsonPath, Some(path), wildcards(&text))),
                );
            }
        }
        Content::Xml(elements) => {
            for name in TELLING {
                let named = elements.iter().filter(|(n, t)| n == name && !t.is_empty());
                candidates.extend(
                    named.map(|(n, t)| rule(Match::Xpath, Some(format!("//{n}")), wildcards(t))),
                );
            }
        }
        Content::Html(title) if !title.is_empty() => {
            candidates.push(rule(Match::Keyword, None, title));
        }
        Content::Html(_) => {}
        Content::Text(text) if !text.is_empty() && text.len() <= TEXT_BYTES_MAX => {
            candidates.push(rule(Match::Exact, None, wildcards(&text)));
        }
        Content::Text(_) => {}
    }
    // A value that is nothing but `*` tells nothing apart.
    let telling =
        |rule: &ResponseRule| !matches!(rule.value.as_str(), "" | "*") && hits(rule, answer);
    let status = answer.status.clamp(100, 599);
    candidates
        .into_iter()
        .find(telling)
        .unwrap_or_else(|| rule(Match::Status, None, status.to_string()))
}

fn hits(rule: &ResponseRule, answer: &Answer) -> bool {
    let compiled = CompiledRules::compile(std::slice::from_ref(rule));
    compiled.is_ok_and(|compiled| {
        let got = Got::Answer(answer.clone());
        classify::classify(&compiled, &got, Millis(0)).rule.is_some()
    })
}

/// The scalars under a name, with their JSON paths.
fn find(value: &Value, name: &str, path: String, into: &mut Vec<(String, String)>) {
    if into.len() >= LEAVES_MAX {
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let begins = key.bytes().next().is_some_and(|b| !b.is_ascii_digit());
                if !plain || !begins {
                    continue;
                }
                let path = format!("{path}.{key}");
                if key.eq_ignore_ascii_case(name) {
                    let first = match inner {
                        Value::Array(items) => items.first().and_then(scalar_text),
                        other => scalar_text(other),
                    };
                    into.extend(first.filter(|t| !t.trim().is_empty()).map(|t| (path.clone(), t)));
                }
                find(inner, name, path, into);
            }
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                find(first, name, format!("{path}[*]"), into);
            }
        }
        _ => {}
    }
}

/// What an answer probably means; never a success, which a person has to say.
fn guess(answer: &Answer) -> Verdict {
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if text.contains("<html") {
        Verdict::Transient
    } else if has(&["duplicate", "already exist", "resubmission"]) {
        Verdict::Duplicate
    } else if has(&["unauthor", "not authori", "api key", "forbidden"]) {
        Verdict::AuthOrConfig
    } else if has(&["cap reached", "capped", "limit reached", "daily cap"]) {
        Verdict::CapReached
    } else if has(&["required", "invalid", "missing"]) {
        Verdict::Invalid
    } else {
        Verdict::Rejected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec(), truncated: false }
    }

    #[test]
    fn what_differs_from_lead_to_lead_makes_no_group() {
        let same = |a: &str, b: &str| shape(&answer(200, a)) == shape(&answer(200, b));
        for (a, b, expect) in [
            (r#"{"id":1,"reason":"No demand"}"#, r#"{"reason":"no demand","id":22}"#, true),
            (r#"{"id":"a1b2","m":"x"}"#, r#"{"id":"9f","m":"x"}"#, true),
            (r#"{"reason":"no demand"}"#, r#"{"reason":"duplicate"}"#, false),
            (r#"{"ok":true}"#, r#"{"ok":false}"#, false),
            (r#"{"e":["a","a"]}"#, r#"{"e":["a"]}"#, true),
            (r#"{"m":"jane@example.com exists"}"#, r#"{"m":"joe@example.org exists"}"#, true),
            ("Error 17 at 10:22", "Error 4 at 11:59", true),
            ("Error", "Denied", false),
            ("<r><id>1</id><s>no</s></r>", "<r><id>2</id><s>no</s></r>", true),
            ("<r><s>no</s></r>", "<r><s>yes</s></r>", false),
            ("<html><title>Sorry</title>1</html>", "<html><title>Sorry</title>2</html>", true),
            ("", " ", true),
        ] {
            assert_eq!(same(a, b), expect, "{a} and {b}");
        }
        assert_ne!(shape(&answer(200, "no")), shape(&answer(500, "no")));
    }

    fn suggested(body: &str) -> (Match, Option<String>, String, Verdict) {
        let rule = suggest(&answer(200, body));
        (rule.matching, rule.path, rule.value, rule.verdict)
    }

    #[test]
    fn a_group_turns_into_a_rule() {
        let path = |path: &str| Some(path.to_owned());
        for (body, expect) in [
            (
                r#"{"success":false,"denial_reason":"no-match","message":"No Demand"}"#,
                (
                    Match::JsonPath,
                    path("$.denial_reason"),
                    "no-match".to_owned(),
                    Verdict::Rejected,
                ),
            ),
            (
                r#"{"data":{"errors":["phone1 is required"]}}"#,
                (
                    Match::JsonPath,
                    path("$.data.errors"),
                    "* is required".to_owned(),
                    Verdict::Invalid,
                ),
            ),
            (
                "<r><id>7</id><reason>Duplicate lead 99</reason></r>",
                (Match::Xpath, path("//reason"), "Duplicate lead *".to_owned(), Verdict::Duplicate),
            ),
            ("DENIED 17", (Match::Exact, None, "DENIED *".to_owned(), Verdict::Rejected)),
            (
                "<html><title>Sorry</title></html>",
                (Match::Keyword, None, "sorry".to_owned(), Verdict::Transient),
            ),
            ("", (Match::Status, None, "200".to_owned(), Verdict::Rejected)),
            (r#"{"x":1}"#, (Match::Status, None, "200".to_owned(), Verdict::Rejected)),
        ] {
            assert_eq!(suggested(body), expect, "{body}");
        }
    }

    #[test]
    fn groups_come_largest_first() {
        let answers = [
            answer(200, r#"{"reason":"a","id":1}"#),
            answer(200, r#"{"reason":"b","id":2}"#),
            answer(200, r#"{"reason":"b","id":3}"#),
        ];
        let found = group(&answers);
        let counts: Vec<_> = found.iter().map(|g| (g.count, g.example)).collect();
        assert_eq!(counts, [(2, 1), (1, 0)]);
        assert!(found[0].shape.summary.contains("reason: b"), "{:?}", found[0].shape);
    }

    proptest! {
        #[test]
        fn any_answer_has_a_shape_and_a_rule_that_matches_it(
            status in 100u16..600,
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                r#"(\{"reason":|\{"message":|\[|"a b"|7|"x|\*"|\]|\}|,|<a>|</a>| ){0,30}"#.prop_map(String::into_bytes),
            ],
        ) {
            let answer = Answer { status, headers: Vec::new(), body, truncated: false };
            let groups = group(std::slice::from_ref(&answer));
            prop_assert_eq!(groups.len(), 1);
            prop_assert!(hits(&groups[0].rule, &answer), "{:?}", groups[0].rule);
            prop_assert!(!matches!(groups[0].rule.verdict, Verdict::Accepted | Verdict::Queued));
        }
    }
}
