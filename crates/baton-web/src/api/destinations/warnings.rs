//! What is doubtful about a destination: said with every answer about it, refused nowhere.

use crate::auth::Access;
use crate::problem::Problem;
use baton_domain::config::Destination;
use baton_domain::connector::classify::CompiledRules;
use baton_domain::connector::lint::{Coverage, LintWarning, coverage, lint};
use baton_domain::connector::manifest::Manifest;
use baton_domain::connector::rules::ResponseRule;
use baton_domain::exchange::Answer;
use baton_domain::id::{DestinationId, TypedId};
use baton_domain::verdict::Verdict;
use baton_store::Doc;
use baton_store::outcomes::{ANSWER_HEAD_BYTES, Hours, RecordedAnswer, TestNote};
use serde::Serialize;
use utoipa::ToSchema;

/// Days that recent answers go back.
pub(super) const RECENT_DAYS: i64 = 7;
/// Most answers that are tried with the present rules to say how many they leave out.
const TRIED_MAX: u32 = 200;
const DAY_MS: i64 = 86_400_000;

/// Something doubtful.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct WarningView {
    /// The word to branch on: `keyword_in_word`, `status_alone`, `unreachable`, `uncovered`,
    /// `no_success`, `never_tested`, `test_failed`.
    #[schema(value_type = String)]
    pub code: &'static str,
    /// Index of the response rule it is about, if it is about one.
    pub rule: Option<usize>,
    /// What is doubtful and what to do.
    pub message: String,
}

impl From<LintWarning> for WarningView {
    fn from(warning: LintWarning) -> Self {
        Self { code: warning.code, rule: warning.rule, message: warning.message }
    }
}

/// The rules a destination goes by.
pub(super) fn rules_of<'a>(manifest: &'a Manifest, body: &'a Destination) -> &'a [ResponseRule] {
    body.responses.as_deref().unwrap_or(&manifest.responses)
}

/// A recorded answer as rules read it.
pub(super) fn answer_of(recorded: &RecordedAnswer) -> Answer {
    Answer {
        status: recorded.body.status.unwrap_or_default(),
        headers: recorded.body.answer_headers.clone(),
        body: recorded.head.clone(),
        truncated: recorded.body.answer_cut || recorded.head.len() >= ANSWER_HEAD_BYTES,
    }
}

/// What the rules alone show. Those of a connector are taken to be right.
pub(super) fn of_rules(manifest: &Manifest, body: &Destination) -> Vec<WarningView> {
    let mut warnings: Vec<WarningView> =
        body.responses.iter().flat_map(|own| lint(own)).map(Into::into).collect();
    let success = |rule: &ResponseRule| matches!(rule.verdict, Verdict::Accepted | Verdict::Queued);
    if !rules_of(manifest, body).iter().any(success) {
        let message = "no rule says `accepted`, so no lead will ever count as delivered".to_owned();
        warnings.push(WarningView { code: "no_success", rule: None, message });
    }
    warnings
}

/// The warning about a destination's last test call.
pub(super) fn of_test(last: Option<TestNote>) -> Option<WarningView> {
    let (code, message) = match last {
        None => {
            let message = "was never tested: make a test call before it gets leads";
            ("never_tested", message.to_owned())
        }
        Some(test) if !matches!(test.verdict, Verdict::Accepted | Verdict::Queued) => {
            let when = test.at.to_rfc3339();
            (
                "test_failed",
                format!("the last test call ({when}) ended `{}`", test.verdict.as_str()),
            )
        }
        Some(_) => return None,
    };
    Some(WarningView { code, rule: None, message })
}

/// All there is to warn about a stored destination.
pub(super) async fn of_stored(
    access: &Access,
    manifest: &Manifest,
    doc: &Doc<Destination>,
) -> Result<Vec<WarningView>, Problem> {
    let id = DestinationId::from_uuid(doc.meta.id);
    let mut warnings = of_rules(manifest, &doc.body);
    warnings.extend(uncovered(access, manifest, id, &doc.body).await?);
    warnings.extend(of_test(access.workspace().last_test(id).await?));
    Ok(warnings)
}

/// How many of the recent answers the present rules leave out: answers that were unmatched when
/// they came are tried again, the others were matched then.
async fn uncovered(
    access: &Access,
    manifest: &Manifest,
    id: DestinationId,
    body: &Destination,
) -> Result<Option<WarningView>, Problem> {
    let now = access.store().now();
    let since = now.plus_ms(-RECENT_DAYS * DAY_MS);
    let recorded = access.workspace().unmatched_answers(id, since, TRIED_MAX).await?;
    if recorded.is_empty() {
        return Ok(None);
    }
    let Ok(rules) = CompiledRules::compile_with(rules_of(manifest, body), &manifest.answer) else {
        return Ok(None);
    };
    let answers: Vec<Answer> = recorded.iter().map(answer_of).collect();
    let tried = coverage(&rules, &answers);
    let counts = access.workspace().verdict_counts(Hours::around(since, now), Some(id)).await?;
    let count = |wanted: &dyn Fn(Verdict) -> bool| -> usize {
        let sum: i64 = counts.iter().filter(|c| wanted(c.verdict)).map(|c| c.count).sum();
        usize::try_from(sum).unwrap_or_default()
    };
    let answered = count(&|verdict| {
        !matches!(verdict, Verdict::Unknown | Verdict::Blocked | Verdict::Transient)
    });
    let unmatched = count(&|verdict| verdict == Verdict::Unmatched).max(tried.answers);
    // What was tried stands for all that were unmatched.
    let still = (unmatched * tried.unmatched).div_ceil(tried.answers.max(1));
    let share = Coverage { answers: answered.max(unmatched), unmatched: still };
    Ok(share.warning().map(Into::into))
}
