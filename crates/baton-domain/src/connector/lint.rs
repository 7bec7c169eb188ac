//! What is doubtful about response rules: warnings for their author, never refusals.

use super::classify::{CompiledRules, classify, statuses};
use super::rules::{Match, ResponseRule};
use crate::exchange::{Answer, Got};
use crate::time::Millis;
use crate::verdict::Verdict;
use serde::Serialize;

/// Words that say no, or nothing, and have a word in them that may be taken for a yes.
const CONTRARY: [&str; 28] = [
    "invalid",
    "unsuccessful",
    "unaccepted",
    "not accepted",
    "disapproved",
    "unapproved",
    "not approved",
    "incomplete",
    "inactive",
    "unsold",
    "not sold",
    "unmatched",
    "not matched",
    "disqualified",
    "unqualified",
    "unverified",
    "incorrect",
    "unpaid",
    "disallowed",
    "not ok",
    "token",
    "broken",
    "unknown",
    "not found",
    "unavailable",
    "no success",
    "deactivated",
    "not queued",
];
/// A keyword so short is found in many words and numbers.
const SHORT_CHARS: usize = 2;

/// Something doubtful about response rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LintWarning {
    /// `keyword_in_word`, `status_alone`, `unreachable` or `uncovered`.
    pub code: &'static str,
    /// Which rule, from 0; null when it is about all of them.
    pub rule: Option<usize>,
    /// What is doubtful and what to do.
    pub message: String,
}

/// Looks at a destination's own rules; they have been checked.
#[must_use]
pub fn lint(rules: &[ResponseRule]) -> Vec<LintWarning> {
    let mut warnings = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut warn = |code, message: String| {
            warnings.push(LintWarning { code, rule: Some(index), message });
        };
        if let Some(message) = keyword_in_word(rule) {
            warn("keyword_in_word", message);
        }
        if status_alone(rules, index) {
            let message = "the status alone counts as success; many systems answer 200 with an \
                           error in the body, so match what the body says"
                .to_owned();
            warn("status_alone", message);
        }
        if let Some(message) = unreachable(rules, index) {
            warn("unreachable", message);
        }
    }
    warnings
}

fn is_yes(rule: &ResponseRule) -> bool {
    matches!(rule.verdict, Verdict::Accepted | Verdict::Queued)
}

fn keyword_in_word(rule: &ResponseRule) -> Option<String> {
    if rule.matching != Match::Keyword || !is_yes(rule) {
        return None;
    }
    let value = rule.value.trim();
    let word = value.to_lowercase();
    let longer = CONTRARY.iter().find(|c| c.contains(&word) && **c != word);
    if let Some(longer) = longer {
        return Some(format!("`{value}` also matches `{longer}`; match `word`, or a path"));
    }
    (word.chars().count() <= SHORT_CHARS)
        .then(|| format!("`{value}` is found in many words and numbers; match `word`, or a path"))
}

/// A success by a 2xx status that no rule before it can keep from being one by the body.
fn status_alone(rules: &[ResponseRule], index: usize) -> bool {
    let rule = &rules[index];
    let covers_200 = || statuses(rule.value.trim()).is_some_and(|range| range.contains(&200));
    rule.matching == Match::Status
        && is_yes(rule)
        && covers_200()
        && rules[..index].iter().all(|r| r.matching == Match::Status || is_yes(r))
}

fn unreachable(rules: &[ResponseRule], index: usize) -> Option<String> {
    let rule = &rules[index];
    let earlier = &rules[..index];
    if let Some(by) = earlier.iter().position(|r| catches_all(r) || covers(r, rule)) {
        return Some(format!("can never be reached: rule {} decides before it", by + 1));
    }
    if rule.matching != Match::Status {
        return None;
    }
    let taken: Vec<_> = earlier
        .iter()
        .filter(|r| r.matching == Match::Status)
        .filter_map(|r| statuses(r.value.trim()))
        .collect();
    let mut own = statuses(rule.value.trim())?;
    own.all(|status| taken.iter().any(|range| range.contains(&status)))
        .then(|| "can never be reached: earlier rules take all of these statuses".to_owned())
}

fn catches_all(rule: &ResponseRule) -> bool {
    let value = rule.value.trim();
    match rule.matching {
        Match::Exact => !value.is_empty() && value.chars().all(|c| c == '*'),
        Match::Regex => matches!(value, ".*" | "(?s).*" | ".*?" | "^" | "$" | "^.*"),
        Match::Status => statuses(value).is_some_and(|range| range == (100..=599)),
        Match::Keyword | Match::Word | Match::JsonPath | Match::Xpath => false,
    }
}

/// Whether every answer the later rule matches is matched by the earlier one. Says no when it cannot
/// tell.
fn covers(earlier: &ResponseRule, later: &ResponseRule) -> bool {
    let (a, b) = (earlier.value.trim(), later.value.trim());
    if earlier.matching == later.matching && earlier.path == later.path {
        let same = match earlier.matching {
            Match::Exact | Match::Regex => a == b,
            Match::Keyword | Match::Word | Match::Status => a.eq_ignore_ascii_case(b),
            Match::JsonPath | Match::Xpath => a == "*" || one_of(a, b),
        };
        if same {
            return true;
        }
    }
    match (earlier.matching, later.matching) {
        (Match::Keyword, Match::Keyword | Match::Word) => contains(b, a),
        (Match::Keyword, Match::Exact) => b.split('*').any(|piece| contains(piece, a)),
        // What a path leads to stands in the body as it is, unless it needed escaping.
        (Match::Keyword, Match::JsonPath) => {
            let plain = b.bytes().all(|c| c.is_ascii_alphanumeric() || c == b' ');
            plain && contains(b, a)
        }
        (Match::Word | Match::Exact | Match::Regex, Match::Exact) => {
            !b.contains('*') && hits(earlier, b)
        }
        _ => false,
    }
}

/// Whether every alternative of `b` is one of `a`.
fn one_of(a: &str, b: &str) -> bool {
    let all: Vec<String> = a.split('|').map(|t| t.trim().to_lowercase()).collect();
    b.split('|').all(|text| all.contains(&text.trim().to_lowercase()))
}

fn contains(text: &str, what: &str) -> bool {
    text.to_lowercase().contains(&what.to_lowercase())
}

fn hits(rule: &ResponseRule, body: &str) -> bool {
    let Ok(compiled) = CompiledRules::compile(std::slice::from_ref(rule)) else { return false };
    // A status that decides nothing by itself.
    let answer = Answer {
        status: 200,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        truncated: false,
    };
    classify(&compiled, &Got::Answer(answer), Millis(0)).rule.is_some()
}

/// How many of some answers no rule matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Coverage {
    /// Answers looked at.
    pub answers: usize,
    /// Those that are `unmatched`.
    pub unmatched: usize,
}

/// Tries rules on recent answers.
#[must_use]
pub fn coverage(rules: &CompiledRules, answers: &[Answer]) -> Coverage {
    let verdict = |answer: &Answer| classify(rules, &Got::Answer(answer.clone()), Millis(0));
    let none = |answer: &&Answer| {
        let got = verdict(answer);
        got.rule.is_none() && got.verdict == Verdict::Unmatched
    };
    Coverage { answers: answers.len(), unmatched: answers.iter().filter(none).count() }
}

impl Coverage {
    /// The warning about it, if there is one.
    #[must_use]
    pub fn warning(self) -> Option<LintWarning> {
        if self.unmatched == 0 {
            return None;
        }
        // Rounded up: one in a thousand is not 0 %.
        let percent = (self.unmatched * 100).div_ceil(self.answers.max(1));
        let message = match self.answers {
            1 => "the last answer fits no rule; it counts as a failure".to_owned(),
            n => format!("{percent} % of the last {n} answers fit no rule; they count as failures"),
        };
        Some(LintWarning { code: "uncovered", rule: None, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rules(value: Value) -> Vec<ResponseRule> {
        let rules: Vec<ResponseRule> = serde_json::from_value(value).unwrap();
        CompiledRules::compile(&rules).unwrap();
        rules
    }

    fn check(value: Value, expect: &[(&str, usize)]) {
        let found = lint(&rules(value.clone()));
        let found: Vec<_> = found.iter().map(|w| (w.code, w.rule.unwrap())).collect();
        assert_eq!(found, expect, "{value}");
    }

    fn rule(matching: &str, value: &str, verdict: &str) -> Value {
        json!({"match": matching, "value": value, "verdict": verdict})
    }

    fn path(path: &str, value: &str, verdict: &str) -> Value {
        json!({"match": "json_path", "path": path, "value": value, "verdict": verdict})
    }

    #[test]
    fn keywords_within_their_contrary_are_named() {
        for (word, expect) in [
            ("Valid", true),
            ("success", true),
            ("accepted", true),
            ("ok", true),
            ("1", true),
            ("lead taken", false),
            ("invalid", false),
        ] {
            let expect: &[_] = if expect { &[("keyword_in_word", 0)] } else { &[] };
            check(json!([rule("keyword", word, "accepted")]), expect);
            check(json!([rule("word", word, "accepted")]), &[]);
        }
        check(json!([rule("keyword", "valid", "rejected")]), &[]);
        let warning = &lint(&rules(json!([rule("keyword", "Valid", "accepted")])))[0];
        assert!(warning.message.contains("`Valid` also matches `invalid`"), "{warning:?}");
    }

    #[test]
    fn a_status_alone_is_no_success() {
        check(json!([rule("status", "200", "accepted")]), &[("status_alone", 0)]);
        check(json!([rule("status", "2xx", "queued")]), &[("status_alone", 0)]);
        check(json!([rule("status", "201", "accepted")]), &[]);
        check(json!([rule("status", "200", "rejected")]), &[]);
        let guarded = json!([rule("word", "error", "rejected"), rule("status", "200", "accepted")]);
        check(guarded, &[]);
        let useless =
            json!([rule("word", "welcome", "accepted"), rule("status", "200", "accepted")]);
        check(useless, &[("status_alone", 1)]);
    }

    #[test]
    fn rules_that_are_never_reached_are_named() {
        for (first, second, reached) in [
            (rule("word", "dup", "rejected"), rule("word", "DUP", "duplicate"), false),
            (rule("keyword", "dup", "rejected"), rule("word", "duplicate", "duplicate"), false),
            (rule("keyword", "dup", "rejected"), rule("exact", "*dup*x", "duplicate"), false),
            (rule("keyword", "dup", "rejected"), rule("exact", "*du*p*", "duplicate"), true),
            (rule("keyword", "dup", "rejected"), path("$.a", "duplicate", "duplicate"), false),
            (rule("keyword", "dup", "rejected"), path("$.a", "*duplicate*", "duplicate"), true),
            (rule("word", "dup", "rejected"), rule("keyword", "duplicate", "duplicate"), true),
            (rule("exact", "*", "rejected"), rule("status", "500", "transient"), false),
            (rule("regex", ".*", "rejected"), rule("word", "a", "duplicate"), false),
            (rule("exact", "a*", "rejected"), rule("exact", "abc", "duplicate"), false),
            (rule("exact", "abc", "rejected"), rule("exact", "a*", "duplicate"), true),
            (rule("status", "4xx", "rejected"), rule("status", "404", "duplicate"), false),
            (rule("status", "404", "rejected"), rule("status", "4xx", "duplicate"), true),
            (path("$.a", "*", "rejected"), path("$.a", "x", "duplicate"), false),
            (path("$.a", "x|y", "rejected"), path("$.a", "Y", "duplicate"), false),
            (path("$.a", "x", "rejected"), path("$.a", "x|y", "duplicate"), true),
            (path("$.a", "x", "rejected"), path("$.b", "x", "duplicate"), true),
        ] {
            let expect: &[_] = if reached { &[] } else { &[("unreachable", 1)] };
            check(json!([first, second]), expect);
        }
        let statuses = json!([
            rule("status", "400-450", "rejected"),
            rule("status", "451-499", "rejected"),
            rule("status", "4xx", "duplicate"),
        ]);
        check(statuses, &[("unreachable", 2)]);
    }

    #[test]
    fn answers_that_no_rule_covers_are_counted() {
        let answer = |status, body: &str| Answer {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            truncated: false,
        };
        let compiled =
            CompiledRules::compile(&rules(json!([rule("word", "ok", "accepted")]))).unwrap();
        let answers = [answer(200, "ok"), answer(200, "no"), answer(503, "busy"), answer(200, "?")];
        let got = coverage(&compiled, &answers);
        assert_eq!(got, Coverage { answers: 4, unmatched: 2 });
        let warning = got.warning().unwrap();
        assert!(warning.message.contains("50 % of the last 4"), "{warning:?}");
        assert_eq!(coverage(&compiled, &answers[..1]).warning(), None);
        let rare = Coverage { answers: 1_000, unmatched: 1 }.warning().unwrap();
        assert!(rare.message.starts_with("1 %"), "{rare:?}");
    }
}
