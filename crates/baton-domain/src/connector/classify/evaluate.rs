use super::compile::{CompiledRule, CompiledRules, Test};
use super::{extract, of_status, plain, retry_after_ms};
use crate::exchange::Answer;
use crate::personal::scalar_text;
use crate::time::Millis;
use crate::verdict::Classified;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// What an answer means, and how every rule saw it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evaluation {
    /// The verdict with what decided it.
    pub classified: Classified,
    /// One entry for each rule, in order. Rules after the first hit are looked at too.
    pub rules: Vec<RuleOutcome>,
    /// What the author of the rules should know, such as a keyword that hit inside another word.
    pub warnings: Vec<String>,
}

/// How one rule saw an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleOutcome {
    /// Whether it matches; the first that does decides.
    pub hit: bool,
    /// Why, for people.
    pub why: String,
}

/// A body looked at as text and, when a rule asks for it, as JSON.
pub(super) struct Body<'a> {
    text: Cow<'a, str>,
    truncated: bool,
    json: OnceCell<Option<Value>>,
}

impl<'a> Body<'a> {
    pub(super) fn new(answer: &'a Answer) -> Self {
        let bytes = answer.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&answer.body);
        let text = String::from_utf8_lossy(bytes);
        Self { text, truncated: answer.truncated, json: OnceCell::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The body as JSON; `None` when it is not, or when it was cut.
    pub(super) fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(
                || if self.truncated { None } else { serde_json::from_str(&self.text).ok() },
            )
            .as_ref()
    }
}

pub(super) fn run(rules: &CompiledRules, answer: &Answer, now: Millis) -> Evaluation {
    let body = Body::new(answer);
    let mut warnings = Vec::new();
    let mut outcomes = Vec::with_capacity(rules.rules.len());
    let mut first = None;
    for (index, rule) in rules.rules.iter().enumerate() {
        let outcome = look(rule, answer.status, &body);
        if outcome.hit {
            if first.is_none() {
                first = Some((index, rule));
            }
            warnings.extend(loose_keyword(index, rule, &body));
        }
        outcomes.push(outcome);
    }
    let mut extracted = BTreeMap::new();
    if let Some((_, rule)) = first {
        extract::take(&rule.extract, &body, &mut extracted, &mut warnings);
    }
    extract::take(&rules.places, &body, &mut extracted, &mut warnings);
    let mut classified = match first {
        Some((index, rule)) => Classified {
            rule: Some(index),
            ..plain(rule.verdict, format!("rule {} ({})", index + 1, rule.label), None)
        },
        None => {
            let (verdict, gone) = of_status(answer.status);
            let decided_by = format!("http {}", answer.status);
            Classified { gone, ..plain(verdict, decided_by, None) }
        }
    };
    // The vendor's own words say more than the rule's label.
    classified.reason =
        extracted.get("reason").cloned().or_else(|| first.and_then(|(_, r)| r.reason.clone()));
    classified.extracted = extracted;
    classified.retry_after_ms = retry_after_ms(answer, now);
    Evaluation { classified, rules: outcomes, warnings }
}

fn look(rule: &CompiledRule, status: u16, body: &Body<'_>) -> RuleOutcome {
    let (hit, why) = match &rule.test {
        Test::Status(range) => (range.contains(&status), format!("the status is {status}")),
        Test::Keyword { anywhere: regex, .. } | Test::Body(regex) => {
            let hit = regex.is_match(body.text());
            (hit, found(hit))
        }
        Test::Whole(_) if body.truncated => {
            (false, "the answer was cut at the reading limit, its end is not known".to_owned())
        }
        Test::Whole(regex) => {
            let hit = regex.is_match(body.text().trim());
            let what = if hit { "is" } else { "is not" };
            (hit, format!("the whole body {what} that text"))
        }
        Test::JsonPath { path, expected } => look_in_json(path, expected, body),
    };
    RuleOutcome { hit, why: format!("{}: {why}", rule.label) }
}

fn found(hit: bool) -> String {
    if hit { "found in the body" } else { "not found in the body" }.to_owned()
}

fn look_in_json(
    path: &serde_json_path::JsonPath,
    expected: &str,
    body: &Body<'_>,
) -> (bool, String) {
    let Some(json) = body.json() else {
        let why = if body.truncated { "was cut at the reading limit" } else { "is not JSON" };
        return (false, format!("the body {why}"));
    };
    let nodes = path.query(json).all();
    if nodes.is_empty() {
        return (false, "the path leads to nothing".to_owned());
    }
    let hit = nodes.iter().any(|node| {
        let text = if node.is_null() { Some("null".to_owned()) } else { scalar_text(node) };
        text.is_some_and(|t| t.trim().to_lowercase() == *expected)
    });
    let why = if hit { "the value there is equal" } else { "another value is there" };
    (hit, why.to_owned())
}

/// Seed 001's trap: the keyword `valid` also hits `invalid`.
fn loose_keyword(index: usize, rule: &CompiledRule, body: &Body<'_>) -> Option<String> {
    let Test::Keyword { anywhere, word } = &rule.test else {
        return None;
    };
    let whole_words = word.find_iter(body.text()).count();
    let anywhere = anywhere.find_iter(body.text()).count();
    (whole_words == 0 && anywhere > 0).then(|| {
        format!(
            "rule {}: the text was found only inside longer words; match `word` to exclude that",
            index + 1
        )
    })
}
