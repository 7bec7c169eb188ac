//! Answers that no rule matched, grouped by shape, and rules made from groups.

use super::warnings::{RECENT_DAYS, answer_of, rules_of};
use super::{DestinationView, changed_view, check, manifest_of};
use crate::api::answer;
use crate::api::exchange::{AnswerView, body_text, header_rows};
use crate::api::input::{Body, IfMatch, Patch};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::Destination;
use baton_domain::connector::classify::{CompiledRules, classify};
use baton_domain::connector::mask::mask;
use baton_domain::connector::rules::ResponseRule;
use baton_domain::connector::shapes::{Group, group};
use baton_domain::exchange::{Answer, Got};
use baton_domain::id::{DeliveryId, DestinationId};
use baton_domain::secret::Secrets;
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use baton_store::outcomes::{ANSWERS_MAX, RecordedAnswer};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::{IntoParams, ToSchema};

/// Most days that answers go back.
const DAYS_MAX: u32 = 90;
const DAY_MS: i64 = 86_400_000;

/// How far back to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UnmatchedQuery {
    /// Days to look back, 1 to 90; 7 when left out.
    days: Option<u32>,
}

/// Answers that no rule matches.
#[derive(Serialize, ToSchema)]
pub struct UnmatchedView {
    /// How many unmatched answers were looked at: the newest, at most 500.
    pub looked_at: usize,
    /// Those of them that the present rules match.
    pub matched_now: usize,
    /// The others, grouped by shape, the largest group first.
    pub data: Vec<GroupView>,
}

/// Answers of one shape.
#[derive(Serialize, ToSchema)]
pub struct GroupView {
    /// Names the group.
    pub id: String,
    /// The shape in a few words, without what differs from lead to lead.
    pub summary: String,
    /// How many answers have it.
    pub count: usize,
    /// When the first of them came.
    pub first_at: String,
    /// When the last of them came.
    pub last_at: String,
    /// The last of them.
    pub example: ExampleView,
    /// A rule that matches it. Its verdict is a guess, and never a success.
    pub suggested_rule: ResponseRule,
}

/// A recorded answer.
#[derive(Serialize, ToSchema)]
pub struct ExampleView {
    /// The delivery.
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    /// Which of its attempts.
    pub attempt: i64,
    /// What came back, secrets masked.
    pub answer: AnswerView,
}

/// What the answers of a group mean.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRuleInput {
    /// What they mean; the verdict of the suggested rule when left out.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// The reason to record.
    #[serde(default)]
    pub reason: Option<String>,
    /// The whole rule, instead of the suggested one; it has to match the group's example.
    #[serde(default)]
    pub rule: Option<ResponseRule>,
    /// Days to look back for the group, 1 to 90; 7 when left out.
    #[serde(default)]
    pub days: Option<u32>,
}

/// The answers of a destination that no rule matches, in groups.
struct Found {
    recorded: Vec<RecordedAnswer>,
    answers: Vec<Answer>,
    groups: Vec<Group>,
    looked_at: usize,
}

async fn find(
    access: &Access,
    id: DestinationId,
    body: &Destination,
    days: Option<u32>,
) -> Result<Found, Problem> {
    let days = days.map_or(RECENT_DAYS, i64::from);
    if !(1..=i64::from(DAYS_MAX)).contains(&days) {
        return Err(answer::invalid_query("days", &format!("must be 1 to {DAYS_MAX}")));
    }
    let manifest = manifest_of(access, &body.connector)?;
    let rules =
        CompiledRules::compile_with(rules_of(manifest, body), &manifest.answer).unwrap_or_default();
    let now = access.store().now();
    let since = now.plus_ms(-days * DAY_MS);
    let recorded = access.workspace().unmatched_answers(id, since, ANSWERS_MAX).await?;
    let looked_at = recorded.len();
    let pairs = recorded.into_iter().map(|recorded| (answer_of(&recorded), recorded));
    let still = |(answer, _): &(Answer, RecordedAnswer)| {
        classify(&rules, &Got::Answer(answer.clone()), now).rule.is_none()
    };
    let (answers, recorded): (Vec<_>, Vec<_>) = pairs.filter(still).unzip();
    let groups = group(&answers);
    Ok(Found { recorded, answers, groups, looked_at })
}

fn group_view(found: &Found, group: &Group, secrets: &Secrets) -> GroupView {
    let of_group = |at: &usize| {
        let shape = baton_domain::connector::shapes::shape(&found.answers[*at]);
        shape.fingerprint == group.shape.fingerprint
    };
    let times: Vec<Millis> =
        (0..found.answers.len()).filter(of_group).map(|at| found.recorded[at].at).collect();
    // Answers go from new to old, so the first of a group is its newest.
    let example = &found.recorded[group.example];
    let first = times.iter().min().copied().unwrap_or(example.at);
    let (body, body_is_text) = body_text(&example.head, secrets);
    let mut suggested_rule = group.rule.clone();
    suggested_rule.value = mask(&suggested_rule.value, secrets);
    GroupView {
        id: group.shape.fingerprint.clone(),
        summary: mask(&group.shape.summary, secrets),
        count: group.count,
        first_at: first.to_rfc3339(),
        last_at: example.at.to_rfc3339(),
        example: ExampleView {
            delivery_id: example.delivery,
            attempt: example.n,
            answer: AnswerView {
                status: example.body.status.unwrap_or_default(),
                headers: header_rows(&example.body.answer_headers, &[], secrets),
                body,
                body_is_text,
                cut: found.answers[group.example].truncated,
            },
        },
        suggested_rule,
    }
}

/// List unmatched answers
///
/// The newest answers that no response rule matched, grouped by shape, each group with a rule that
/// would match it. Answers that the present rules match are left out.
#[utoipa::path(get, path = "/api/v1/destinations/{id}/responses/unmatched",
    tag = "destinations", params(("id" = String, Path), UnmatchedQuery),
    responses((status = 200, body = UnmatchedView)), security(("key" = ["leads:read"])))]
pub(in crate::api) async fn list_unmatched(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<DestinationId>,
    Query(query): Query<UnmatchedQuery>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Destination>(id).await?;
    let found = find(&permit, id, &doc.body, query.days).await?;
    let view = UnmatchedView {
        looked_at: found.looked_at,
        matched_now: found.looked_at - found.answers.len(),
        data: found.groups.iter().map(|g| group_view(&found, g, &doc.secrets)).collect(),
    };
    answer::json(StatusCode::OK, &view)
}

/// Make a rule from unmatched answers
///
/// Adds a response rule for the answers of a group after the present ones. A destination that goes
/// by its connector's rules gets a copy of them first.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/responses/unmatched/{group}/rule",
    tag = "destinations", params(("id" = String, Path), ("group" = String, Path)),
    request_body = GroupRuleInput, responses((status = 200, body = DestinationView)),
    security(("key" = ["config:write"])))]
pub(in crate::api) async fn add_group_rule(
    permit: Permit<scopes::ConfigWrite>,
    Path((id, name)): Path<(DestinationId, String)>,
    if_match: IfMatch,
    Body(input): Body<GroupRuleInput>,
) -> Result<Response, Problem> {
    let doc = permit.find::<Destination>(id).await?;
    let found = find(&permit, id, &doc.body, input.days).await?;
    let group = found.groups.iter().find(|group| group.shape.fingerprint == name);
    let group = group.ok_or_else(|| Problem::not_found("group of unmatched answers"))?;
    let rule = rule_of(&found, group, input, &doc.secrets)?;
    let doc = permit
        .change::<Destination>(id, &if_match, |doc| {
            let manifest = manifest_of(&permit, &doc.body.connector)?;
            let mut rules = rules_of(manifest, &doc.body).to_vec();
            rules.push(rule.clone());
            let rules = serde_json::to_value(rules).map_err(|_| Problem::internal())?;
            let patch = Patch(Map::from_iter([("responses".to_owned(), rules)]));
            check::changed_destination(&permit, id, doc, patch, check::For::Saving)
        })
        .await?;
    if doc.body.disabled.is_none() {
        permit.workspace().release_held(id).await?;
    }
    answer::document(doc.meta.version, &changed_view(&permit, &doc).await?)
}

/// The rule for a group: the suggested one with the caller's verdict, or the caller's own.
fn rule_of(
    found: &Found,
    group: &Group,
    input: GroupRuleInput,
    secrets: &Secrets,
) -> Result<ResponseRule, Problem> {
    let own = input.rule.is_some();
    let mut rule = input.rule.unwrap_or_else(|| group.rule.clone());
    rule.verdict = input.verdict.unwrap_or(rule.verdict);
    rule.reason = input.reason.or(rule.reason);
    if !own && mask(&rule.value, secrets) != rule.value {
        let detail = "the suggested rule would hold a secret of the destination; send `rule`";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let compiled = CompiledRules::compile(std::slice::from_ref(&rule)).map_err(|problems| {
        let mut faults = crate::api::input::Faults::default();
        for problem in problems {
            faults.add(format!("rule.{}", problem.field), "invalid", problem.message);
        }
        faults.into_result().err().unwrap_or_else(Problem::internal)
    })?;
    let example = Got::Answer(found.answers[group.example].clone());
    if classify(&compiled, &example, Millis(0)).rule.is_none() {
        let message = "does not match the group's example; try it with `responses/evaluate`";
        return Err(Problem::invalid_field("rule", "no_match", message));
    }
    Ok(rule)
}
