//! Trying response rules on an answer.

use super::manifest_of;
use crate::api::answer;
use crate::api::input::{Body, Faults};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem};
use axum::response::Response;
use baton_domain::config::{Destination, Scope};
use baton_domain::connector::classify::{CompiledRules, evaluate};
use baton_domain::connector::lint::lint;
use baton_domain::connector::manifest::Manifest;
use baton_domain::connector::rules::ResponseRule;
use baton_domain::exchange::{ANSWER_CLASSIFY_BYTES_MAX, Answer};
use baton_domain::id::{DeliveryId, DestinationId, TypedId};
use baton_domain::verdict::Verdict;
use baton_store::deliveries::AttemptRow;
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
    #[serde(default)]
    pub answer: Option<AnswerInput>,
    /// A recorded answer, instead of `answer`; needs the scope `leads:read`.
    #[serde(default)]
    pub attempt: Option<AttemptInput>,
}

/// Rules of a destination that is not made yet, and an answer to try them on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateNewInput {
    /// The kind of destination; its manifest says how answers are read.
    #[schema(example = "webhook")]
    pub connector: String,
    /// The rules; the connector's when left out.
    #[serde(default)]
    pub responses: Option<Vec<ResponseRule>>,
    /// The answer.
    pub answer: AnswerInput,
}

/// Which recorded answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptInput {
    /// A delivery to this destination.
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    /// Which of its attempts; the last when left out.
    #[serde(default)]
    pub n: Option<i64>,
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
    responses((status = 200, body = EvaluateView)), security(("key" = ["config:read"])))]
pub(in crate::api) async fn evaluate_responses(
    permit: Permit<scopes::ConfigRead>,
    Path(id): Path<DestinationId>,
    Body(input): Body<EvaluateInput>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Destination>(id).await?;
    let manifest = manifest_of(&permit, &doc.body.connector)?;
    let mut faults = Faults::default();
    let given = match (input.answer, &input.attempt) {
        (Some(given), None) => given_answer(given, &mut faults),
        (None, Some(attempt)) => recorded_answer(&permit, id, attempt).await?,
        _ => {
            faults.add("answer", "invalid", "send either `answer` or `attempt`");
            None
        }
    };
    let own = input.responses.as_ref().or(doc.body.responses.as_ref());
    tried(&permit, manifest, own, given, faults)
}

/// Try response rules of a new destination
///
/// Says what an answer would mean to a destination that is not made yet.
#[utoipa::path(post, path = "/api/v1/destinations/responses/evaluate",
    tag = "destinations", request_body = EvaluateNewInput,
    responses((status = 200, body = EvaluateView)), security(("key" = ["config:read"])))]
pub(in crate::api) async fn evaluate_new_responses(
    permit: Permit<scopes::ConfigRead>,
    Body(input): Body<EvaluateNewInput>,
) -> Result<Response, Problem> {
    let manifest = manifest_of(&permit, &input.connector)?;
    let mut faults = Faults::default();
    let given = given_answer(input.answer, &mut faults);
    tried(&permit, manifest, input.responses.as_ref(), given, faults)
}

/// What the rules make of the answer; `own`: `None` for the connector's.
fn tried(
    access: &Access,
    manifest: &Manifest,
    own: Option<&Vec<ResponseRule>>,
    given: Option<Answer>,
    mut faults: Faults,
) -> Result<Response, Problem> {
    let rules = own.unwrap_or(&manifest.responses);
    let compiled = CompiledRules::compile_with(rules, &manifest.answer).unwrap_or_else(|found| {
        for p in found {
            let field = format!("responses[{}].{}", p.index, p.field);
            faults.add(field, "invalid", p.message);
        }
        CompiledRules::default()
    });
    faults.into_result()?;
    let Some(given) = given else { return Err(Problem::internal()) };
    let found = evaluate(&compiled, &given, access.store().now());
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

fn given_answer(given: AnswerInput, faults: &mut Faults) -> Option<Answer> {
    if !(100..=599).contains(&given.status) {
        faults.add("answer.status", "out_of_range", "must be 100 to 599");
    }
    if given.headers.len() > HEADERS_MAX {
        let message = format!("at most {HEADERS_MAX} headers are taken");
        faults.add("answer.headers", "too_many", message);
    }
    let mut body = given.body.into_bytes();
    let truncated = body.len() > ANSWER_CLASSIFY_BYTES_MAX;
    body.truncate(ANSWER_CLASSIFY_BYTES_MAX);
    let headers = given.headers.into_iter().collect();
    Some(Answer { status: given.status, headers, body, truncated })
}

/// The answer to an attempt of a delivery to this destination, as far as it is stored.
async fn recorded_answer(
    access: &Access,
    id: DestinationId,
    attempt: &AttemptInput,
) -> Result<Option<Answer>, Problem> {
    if access.lacks(&[Scope::LeadsRead]).is_some() {
        let detail = "trying rules on a recorded answer needs the scope `leads:read`";
        let scope = Scope::LeadsRead.as_str();
        return Err(Problem::new(Code::Forbidden, detail).with("scope", scope));
    }
    let workspace = access.workspace();
    let row = workspace.delivery(attempt.delivery_id).await?;
    row.filter(|row| !row.to_subscription && row.target == id.uuid())
        .ok_or_else(|| Problem::not_found("delivery"))?;
    let all = workspace.attempts(attempt.delivery_id).await?;
    let wanted = |row: &&AttemptRow| attempt.n.is_none_or(|n| n == row.n);
    let found = all.iter().rfind(wanted).ok_or_else(|| Problem::not_found("attempt"))?;
    let status = found.body.status.ok_or_else(|| {
        Problem::invalid_field("attempt", "no_answer", "that attempt got no complete answer")
    })?;
    Ok(Some(Answer {
        status,
        headers: found.body.answer_headers.clone(),
        body: found.answer.clone(),
        truncated: found.body.answer_cut,
    }))
}
