use super::extract::{self, Places, Source, is_known_key};
use super::json_path;
use crate::connector::rules::{Extract, Match, ResponseRule};
use crate::verdict::Verdict;
use regex::{Regex, RegexBuilder};
use serde_json_path::JsonPath;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Most response rules of a destination.
pub const RULES_MAX: usize = 100;
/// Longest text a rule looks for, in bytes; also the longest fixed reason.
pub const VALUE_BYTES_MAX: usize = 2_000;
/// Longest regular expression, in bytes.
pub const PATTERN_BYTES_MAX: usize = 2_000;
/// Most memory one compiled pattern may take, in bytes.
const PATTERN_MEMORY_MAX: usize = 256 * 1024;
/// Most values one rule takes from an answer.
const EXTRACTS_MAX: usize = 20;

/// What is wrong with a response rule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("responses[{index}].{field}: {message}")]
pub struct RuleProblem {
    /// Which rule, from 0.
    pub index: usize,
    /// Which part of it: `value`, `path`, `match`, `reason`, `extract.<key>`, or `responses`.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Response rules ready to read answers.
#[derive(Clone, Debug, Default)]
pub struct CompiledRules {
    pub(super) rules: Vec<CompiledRule>,
    pub(super) places: Vec<(String, Source)>,
}

#[derive(Clone, Debug)]
pub(super) struct CompiledRule {
    pub test: Test,
    /// The rule in a few words, such as `status 2xx`.
    pub label: String,
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub extract: Vec<(String, Source)>,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    /// A hit anywhere; `word` is the same text as a whole word, to warn with.
    Keyword {
        anywhere: Regex,
        word: Regex,
    },
    /// A hit anywhere in the body.
    Body(Regex),
    /// The whole trimmed body.
    Whole(Regex),
    Status(RangeInclusive<u16>),
    JsonPath {
        path: JsonPath,
        expected: String,
    },
}

impl CompiledRules {
    /// Checks and compiles rules.
    ///
    /// # Errors
    /// All problems of all rules.
    pub fn compile(rules: &[ResponseRule]) -> Result<Self, Vec<RuleProblem>> {
        Self::compile_with(rules, &Places::new())
    }

    /// The same with the places where a connector's answers hold values whatever rule hits
    /// (a manifest's `[answer]`); what the deciding rule extracts itself comes first.
    ///
    /// # Errors
    /// All problems of all rules; a problem of `places` has the index past the last rule.
    pub fn compile_with(rules: &[ResponseRule], places: &Places) -> Result<Self, Vec<RuleProblem>> {
        if rules.len() > RULES_MAX {
            return Err(vec![RuleProblem {
                index: RULES_MAX,
                field: "responses".to_owned(),
                message: format!("there are more than {RULES_MAX} rules"),
            }]);
        }
        let mut problems = Vec::new();
        let mut compiled = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            compiled.extend(compile_rule(rule, &mut At { index, problems: &mut problems }));
        }
        let places =
            compile_extract(places, &mut At { index: rules.len(), problems: &mut problems });
        if problems.is_empty() { Ok(Self { rules: compiled, places }) } else { Err(problems) }
    }
}

/// Collects the problems of one rule.
struct At<'a> {
    index: usize,
    problems: &'a mut Vec<RuleProblem>,
}

impl At<'_> {
    fn problem(&mut self, field: &str, message: impl Into<String>) {
        let problem =
            RuleProblem { index: self.index, field: field.to_owned(), message: message.into() };
        self.problems.push(problem);
    }
}

fn compile_rule(rule: &ResponseRule, at: &mut At<'_>) -> Option<CompiledRule> {
    if rule.value.len() > VALUE_BYTES_MAX {
        at.problem("value", format!("longer than {VALUE_BYTES_MAX} bytes"));
    }
    if rule.reason.as_ref().is_some_and(|r| r.len() > VALUE_BYTES_MAX) {
        at.problem("reason", format!("longer than {VALUE_BYTES_MAX} bytes"));
    }
    if rule.value.trim().is_empty() && rule.matching != Match::Exact {
        at.problem("value", "empty; say what to look for");
    }
    if rule.path.is_some() && !matches!(rule.matching, Match::JsonPath | Match::Xpath) {
        at.problem("path", "used only with match `json_path`; leave it out");
    }
    let extract = compile_extract(&rule.extract, at);
    let test = match compile_test(rule) {
        Ok(test) => test,
        Err((field, message)) => {
            at.problem(field, message);
            return None;
        }
    };
    Some(CompiledRule {
        test,
        label: label(rule),
        verdict: rule.verdict,
        reason: rule.reason.clone(),
        extract,
    })
}

fn compile_test(rule: &ResponseRule) -> Result<Test, (&'static str, String)> {
    let on_value = |message: String| ("value", message);
    let value = rule.value.trim();
    let escaped = regex::escape(value);
    let test = match rule.matching {
        Match::Keyword => Test::Keyword {
            anywhere: pattern(&format!("(?i){escaped}")).map_err(on_value)?,
            word: pattern(&whole_word(&escaped)).map_err(on_value)?,
        },
        Match::Word => Test::Body(pattern(&whole_word(&escaped)).map_err(on_value)?),
        Match::Exact => {
            let any: Vec<String> = value.split('*').map(regex::escape).collect();
            Test::Whole(pattern(&format!("(?s)\\A{}\\z", any.join(".*"))).map_err(on_value)?)
        }
        Match::Status => Test::Status(statuses(value).ok_or_else(|| {
            on_value("not a status; write 200, 2xx or 200-204, within 100 to 599".to_owned())
        })?),
        Match::JsonPath => {
            let path = rule.path.as_deref().ok_or_else(|| {
                ("path", "missing; say where to look, such as $.status".to_owned())
            })?;
            let path = json_path::compile(path).map_err(|message| ("path", message))?;
            Test::JsonPath { path, expected: value.to_lowercase() }
        }
        Match::Regex => Test::Body(user_pattern(&rule.value).map_err(on_value)?),
        Match::Xpath => return Err(("match", XPATH.to_owned())),
    };
    Ok(test)
}

pub(super) const XPATH: &str = "xpath is not supported yet; match `word` or `regex`";

fn compile_extract(places: &BTreeMap<String, Extract>, at: &mut At<'_>) -> Vec<(String, Source)> {
    if places.len() > EXTRACTS_MAX {
        at.problem("extract", format!("more than {EXTRACTS_MAX} values"));
        return Vec::new();
    }
    let mut out = Vec::with_capacity(places.len());
    for (key, place) in places {
        let field = format!("extract.{key}");
        if !is_known_key(key) {
            at.problem(
                &field,
                "not a value Baton keeps; use price, vendor_id, queue_id, ping_id, redirect_url, \
                 reason or field:<name>",
            );
            continue;
        }
        match extract::compile(place) {
            Ok(source) => out.push((key.clone(), source)),
            Err(message) => at.problem(&field, message),
        }
    }
    out
}

/// The text with no letter, digit or underscore beside it. `\b` would not do: it asks for a word
/// character inside, which `-5` does not have at its start.
fn whole_word(escaped: &str) -> String {
    format!("(?i)(?:\\A|\\W){escaped}(?:\\W|\\z)")
}

pub(super) fn user_pattern(text: &str) -> Result<Regex, String> {
    if text.is_empty() {
        return Err("empty; write a pattern".to_owned());
    }
    if text.len() > PATTERN_BYTES_MAX {
        return Err(format!("longer than {PATTERN_BYTES_MAX} bytes"));
    }
    pattern(text)
}

fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(PATTERN_MEMORY_MAX).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => "the pattern is too complicated; simplify it".to_owned(),
        other => format!("not a pattern: {other}"),
    })
}

/// The statuses a text names: `200`, `2xx`, `200-204`.
pub(in crate::connector) fn statuses(value: &str) -> Option<RangeInclusive<u16>> {
    let one = |text: &str| {
        let text = text.trim();
        let right = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|s| right && (100..=599).contains(s))
    };
    if let Some(class) = value.strip_suffix("xx").or_else(|| value.strip_suffix("XX")) {
        let start = class.parse::<u16>().ok().filter(|c| (1..=5).contains(c))? * 100;
        return Some(start..=start + 99);
    }
    let (from, to) = value.split_once('-').unwrap_or((value, value));
    let (from, to) = (one(from)?, one(to)?);
    (from <= to).then_some(from..=to)
}

fn label(rule: &ResponseRule) -> String {
    const SHOWN: usize = 60;
    let value: String = rule.value.trim().chars().take(SHOWN).collect();
    match (&rule.matching, &rule.path) {
        (Match::JsonPath, Some(path)) => format!("{path} is `{value}`"),
        (Match::Status, _) => format!("status {value}"),
        (Match::Keyword, _) => format!("keyword `{value}`"),
        (Match::Word, _) => format!("word `{value}`"),
        (Match::Exact, _) => format!("exact `{value}`"),
        (Match::Regex, _) => format!("regex `{value}`"),
        (Match::JsonPath | Match::Xpath, _) => format!("path is `{value}`"),
    }
}
