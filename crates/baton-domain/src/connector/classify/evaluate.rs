use super::body::{Body, Reading};
use super::compile::{CompiledRule, CompiledRules};
use super::test::{Test, Why};
use super::texts::has_word;
use super::{extract, of_status, plain, retry_after_ms};
use crate::exchange::Answer;
use crate::time::Millis;
use crate::verdict::{Classified, Verdict};
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

/// What an answer means; the rules after the first hit are not looked at.
pub(super) fn classify(rules: &CompiledRules, answer: &Answer, now: Millis) -> Classified {
    let body = Body::new(answer);
    let reading = Reading::of(&body);
    let first = rules
        .rules
        .iter()
        .enumerate()
        .find(|(_, rule)| rule.test.look(answer.status, &reading).hit);
    conclude(rules, first, answer, &reading, now, &mut Vec::new())
}

/// The same, and how every rule saw it.
pub(super) fn run(rules: &CompiledRules, answer: &Answer, now: Millis) -> Evaluation {
    let body = Body::new(answer);
    let reading = Reading::of(&body);
    let mut warnings = Vec::new();
    let mut outcomes = Vec::with_capacity(rules.rules.len());
    let mut first = None;
    for (index, rule) in rules.rules.iter().enumerate() {
        let look = rule.test.look(answer.status, &reading);
        if look.hit {
            first = first.or(Some((index, rule)));
            warnings.extend(loose_keyword(index, rule, reading.lower()));
        }
        let why = match look.why {
            Why::Status => format!("{}: the status is {}", rule.label, answer.status),
            Why::Text(why) => format!("{}: {why}", rule.label),
        };
        outcomes.push(RuleOutcome { hit: look.hit, why });
    }
    let classified = conclude(rules, first, answer, &reading, now, &mut warnings);
    Evaluation { classified, rules: outcomes, warnings }
}

fn conclude(
    rules: &CompiledRules,
    first: Option<(usize, &CompiledRule)>,
    answer: &Answer,
    reading: &Reading<'_>,
    now: Millis,
    warnings: &mut Vec<String>,
) -> Classified {
    let mut extracted = BTreeMap::new();
    if let Some((_, rule)) = first {
        extract::take(&rule.extract, reading, &mut extracted, warnings);
    }
    extract::take(&rules.places, reading, &mut extracted, warnings);
    let mut classified = match first {
        Some((index, rule)) => Classified {
            rule: Some(index),
            ..plain(rule.verdict, format!("rule {} ({})", index + 1, rule.label), None)
        },
        None => {
            let (verdict, gone) = of_status(answer.status);
            let decided_by = format!("http {}", answer.status);
            let reason = (verdict == Verdict::Unmatched)
                .then(|| format!("no response rule matches: {}", reading.kind()));
            Classified { gone, ..plain(verdict, decided_by, reason) }
        }
    };
    // The vendor's own words say more than the rule's label.
    let said = extracted.get("reason").cloned();
    let said = said.or_else(|| first.and_then(|(_, rule)| rule.reason.clone()));
    classified.reason = said.or(classified.reason);
    classified.extracted = extracted;
    classified.retry_after_ms = retry_after_ms(answer, now);
    classified
}

/// Seed 001's trap: the keyword `valid` also hits `invalid`.
fn loose_keyword(index: usize, rule: &CompiledRule, lower: &str) -> Option<String> {
    let Test::Keyword(text) = &rule.test else {
        return None;
    };
    let inside = lower.contains(text.as_str()) && !has_word(lower, text);
    inside.then(|| {
        format!(
            "rule {}: the text was found only inside longer words; match `word` to exclude that",
            index + 1
        )
    })
}
