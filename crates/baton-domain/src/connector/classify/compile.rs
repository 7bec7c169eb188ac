use super::extract::{self, Places, Source, is_known_key};
use super::test::Test;
use crate::connector::rules::{Extract, Match, ResponseRule};
use crate::verdict::Verdict;
use std::collections::BTreeMap;

/// Most response rules of a destination.
pub const RULES_MAX: usize = 100;
/// Longest text a rule looks for, in bytes; also the longest fixed reason.
pub const VALUE_BYTES_MAX: usize = 2_000;
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

impl CompiledRules {
    /// Whether there are none. A destination without any cannot be switched on: nothing it gets
    /// back would count as taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

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
        at.problem("path", "used only with match `json_path` and `xpath`; leave it out");
    }
    let extract = compile_extract(&rule.extract, at);
    let test = match Test::compile(rule) {
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

fn label(rule: &ResponseRule) -> String {
    const SHOWN: usize = 60;
    let value: String = rule.value.trim().chars().take(SHOWN).collect();
    match (&rule.matching, &rule.path) {
        (Match::JsonPath | Match::Xpath, Some(path)) => format!("{path} is `{value}`"),
        (Match::Status, _) => format!("status {value}"),
        (Match::Keyword, _) => format!("keyword `{value}`"),
        (Match::Word, _) => format!("word `{value}`"),
        (Match::Exact, _) => format!("exact `{value}`"),
        (Match::Regex, _) => format!("regex `{value}`"),
        (Match::JsonPath | Match::Xpath, _) => format!("path is `{value}`"),
    }
}
