//! Test calls: a real request with sample data, made by the engine as a task.

use super::exchange::{AnswerView, FaultView, RequestView, header_rows};
use crate::auth::Access;
use crate::problem::{Code, Problem};
use baton_domain::connector::mask::mask;
use baton_domain::exchange::Phases;
use baton_domain::id::{TaskId, TypedId};
use baton_domain::probe::{
    FORMAT, KIND, PURPOSE, ProbeAnswer, ProbeRequest, ProbeResult, ProbeStep, ProbeTask,
    TIMEOUT_MS_MAX,
};
use baton_domain::secret::Secrets;
use baton_domain::verdict::Verdict;
use baton_store::tasks::NewTask;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// How often the result is looked for; hints make it faster, this is what counts.
const POLL: Duration = Duration::from_millis(250);
/// What the engine may take beyond the call itself.
const SLACK: Duration = Duration::from_secs(10);

/// What a test call brought.
#[derive(Serialize, ToSchema)]
pub struct TrialView {
    /// What was sent, secrets masked; null when no request could be made.
    pub request: Option<RequestView>,
    /// What came back; null when nothing complete did.
    pub answer: Option<AnswerView>,
    /// Where the time went.
    pub timing: Phases,
    /// What it means.
    pub verdict: Verdict,
    /// What decided, for people.
    pub decided_by: String,
    /// Index of the response rule that hit.
    pub rule: Option<usize>,
    /// The reason given; outside text.
    pub reason: Option<String>,
    /// Values taken from the answer.
    pub extracted: BTreeMap<String, String>,
    /// Why there was no complete answer.
    pub fault: Option<FaultView>,
    /// The exchanges before it: a token was fetched, a bid was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TrialStepView>,
}

/// An exchange of a test call before the one that decided.
#[derive(Serialize, ToSchema)]
pub struct TrialStepView {
    /// `token` or `ping`.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// What was sent, secrets masked; null for a token, whose request is a credential.
    pub request: Option<RequestView>,
    /// What came back; null for a token, whose answer is a credential.
    pub answer: Option<AnswerView>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// What it means.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// What decided, for people.
    pub decided_by: String,
    /// The reason given; outside text.
    pub reason: Option<String>,
    /// Where the time went.
    pub timing: Phases,
}

/// Has the engine make a test call and waits for what it brings.
///
/// # Errors
/// 504 when no engine does it in time.
pub(super) async fn run(access: &Access, task: &ProbeTask) -> Result<TrialView, Problem> {
    let store = access.store();
    let plain = super::answer::encode(task)?;
    let id: TaskId = store.new_id();
    let wait = store.hints().wait_for(id.uuid());
    store
        .new_task(NewTask {
            id,
            workspace: access.workspace_id(),
            kind: KIND.to_owned(),
            format: FORMAT,
            body: store.master().seal(PURPOSE, &plain)?,
            now: store.now(),
        })
        .await?;
    let done = async {
        loop {
            if let Some(sealed) = store.task_result(access.workspace_id(), id).await? {
                return Ok::<_, Problem>(sealed);
            }
            // Whether a hint came or the time passed: the row is asked again.
            let _ = timeout(POLL, wait.changed()).await;
        }
    };
    let longest = Duration::from_millis(u64::from(TIMEOUT_MS_MAX)) + SLACK;
    let sealed = timeout(longest, done).await.map_err(|_| {
        let detail = "no engine made the test call in time; see that one is running";
        Problem::new(Code::GatewayTimeout, detail)
    })??;
    let plain = store.master().open(PURPOSE, &sealed)?;
    let result: ProbeResult = serde_json::from_slice(&plain).map_err(|error| {
        tracing::error!(%error, "the result of a test call cannot be read");
        Problem::internal()
    })?;
    Ok(view(result, &task.opened_secrets()))
}

/// The result as shown. Receivers that echo what they got must not give secrets away.
fn view(result: ProbeResult, secrets: &Secrets) -> TrialView {
    let request = result.request.map(|r| request_of(r, secrets));
    let answer = result.answer.map(|a| answer_of(a, secrets));
    let extracted =
        result.extracted.into_iter().map(|(name, text)| (name, mask(&text, secrets))).collect();
    TrialView {
        request,
        answer,
        timing: result.phases,
        verdict: result.verdict,
        decided_by: result.decided_by,
        rule: result.rule,
        reason: result.reason.map(|r| mask(&r, secrets)),
        extracted,
        fault: result.fault.map(|(kind, detail)| FaultView { kind, detail }),
        steps: result.steps.into_iter().map(|step| step_of(step, secrets)).collect(),
    }
}

fn request_of(request: ProbeRequest, secrets: &Secrets) -> RequestView {
    RequestView {
        method: request.method,
        url: mask(&request.url, secrets),
        headers: header_rows(&request.headers, &[], secrets),
        body: mask(&request.body, secrets),
        body_is_text: true,
    }
}

fn answer_of(answer: ProbeAnswer, secrets: &Secrets) -> AnswerView {
    AnswerView {
        status: answer.status,
        headers: header_rows(&answer.headers, &[], secrets),
        body: mask(&answer.body, secrets),
        body_is_text: true,
        cut: answer.cut,
    }
}

fn step_of(step: ProbeStep, secrets: &Secrets) -> TrialStepView {
    TrialStepView {
        kind: step.kind.as_str(),
        request: step.request.map(|r| request_of(r, secrets)),
        answer: step.answer.map(|a| answer_of(a, secrets)),
        status: step.status,
        verdict: step.verdict,
        decided_by: step.decided_by,
        reason: step.reason.map(|r| mask(&r, secrets)),
        timing: step.phases,
    }
}
