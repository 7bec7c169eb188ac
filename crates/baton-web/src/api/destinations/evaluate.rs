//! Trying response rules on an answer.

use super::manifest_of;
use crate::api::answer;
use crate::api::input::{Body, Faults};
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::Destination;
use baton_domain::connector::classify::{CompiledRules, evaluate};
use baton_domain::connector::lint::lint;
use baton_domain::connector::rules::ResponseRule;
use baton_domain::exchange::{ANSWER_CLASSIFY_BYTES_MAX, Answer};
use baton_domain::id::DestinationId;
use baton_domain::verdict::Verdict;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most headers of an answer to try rules on.
const HEADERS_MAX: usize = 128;

/// Rules and an answer to try them on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateInput {
    /// The rules; the saved ones when left out.
    #[serde(default)]
    pub responses: Option<Vec<ResponseRule>>,
    /// The answer.
    pub answer: AnswerInput,
}

/// An answer as a receiver would give it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerInput {
    /// HTTP status.
    #[schema(minimum = 100, maximum = 599)]
    pub status: u16,
    /// Headers by name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body.
    #[serde(default)]
    pub body: String,
}

/// What an answer means by the rules.
#[derive(Serialize, ToSchema)]
pub struct EvaluateView {
    /// The verdict.
    pub verdict: Verdict,
    /// Index of the rule that decided; null when none hit.
    pub rule: Option<usize>,
    /// What decided, for people.
    pub decided_by: String,
    /// The reason taken from the answer or given by the rule.
    pub reason: Option<String>,
    /// How each rule saw the answer, in order.
    pub rules: Vec<RuleView>,
    /// Values taken from the answer.
    pub extracted: BTreeMap<String, String>,
    /// What the author of the rules should know.
    pub warnings: Vec<String>,
}

/// How one rule saw the answer.
#[derive(Serialize, ToSchema)]
pub struct RuleView {
    /// Whether it matches; the first that does decides.
    pub hit: bool,
    /// Why.
    pub why: String,
}

/// Try response rules
///
/// Says what an answer would mean, by rules that need not be saved.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/responses/evaluate",
    tag = "destinations", params(("id" = String, Path)), request_body = EvaluateInput,
    responses((status = 200, body = EvaluateView)), security(("key" = ["config:write"])))]
pub(in crate::api) async fn evaluate_responses(
    permit: Permit<scopes::ConfigWrite>,
    Path(id): Path<DestinationId>,
    Body(input): Body<EvaluateInput>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Destination>(id).await?;
    let manifest = manifest_of(&permit, &doc.body.connector)?;
    let mut faults = Faults::default();
    if !(100..=599).contains(&input.answer.status) {
        faults.add("answer.status", "out_of_range", "must be 100 to 599");
    }
    if input.answer.headers.len() > HEADERS_MAX {
        let message = format!("at most {HEADERS_MAX} headers are taken");
        faults.add("answer.headers", "too_many", message);
    }
    let own = input.responses.as_ref().or(doc.body.responses.as_ref());
    let rules = own.unwrap_or(&manifest.responses);
    let compiled = CompiledRules::compile_with(rules, &manifest.answer).unwrap_or_else(|found| {
        for p in found {
            let field = format!("responses[{}].{}", p.index, p.field);
            faults.add(field, "invalid", p.message);
        }
        CompiledRules::default()
    });
    faults.into_result()?;
    let mut body = input.answer.body.into_bytes();
    let truncated = body.len() > ANSWER_CLASSIFY_BYTES_MAX;
    body.truncate(ANSWER_CLASSIFY_BYTES_MAX);
    let headers = input.answer.headers.into_iter().collect();
    let answer = Answer { status: input.answer.status, headers, body, truncated };
    let found = evaluate(&compiled, &answer, permit.store().now());
    // What is doubtful about the connector's rules is not for their user to mend.
    let doubts = own.map(|rules| lint(rules)).unwrap_or_default();
    let doubts = doubts.into_iter().map(|doubt| match doubt.rule {
        Some(index) => format!("rule {}: {}", index + 1, doubt.message),
        None => doubt.message,
    });
    let warnings = found.warnings.into_iter().chain(doubts).collect();
    let rules = found.rules.into_iter().map(|r| RuleView { hit: r.hit, why: r.why }).collect();
    let view = EvaluateView {
        verdict: found.classified.verdict,
        rule: found.classified.rule,
        decided_by: found.classified.decided_by,
        reason: found.classified.reason,
        rules,
        extracted: found.classified.extracted,
        warnings,
    };
    answer::json(StatusCode::OK, &view)
}
