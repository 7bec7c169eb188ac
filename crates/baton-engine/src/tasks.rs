//! Test calls: claimed as tasks, made with the same client and the same rules as deliveries.

use crate::dispatcher::POLL_MS;
use crate::engine::Core;
use crate::renderers::{not_rendered, prepare, subscription_rules};
use crate::stats::{Part, count};
use crate::supervise::{Rounds, log_failure};
use crate::tokens::{NoToken, fetch};
use baton_domain::config::{Destination, Subscription};
use baton_domain::connector::auth::{AuthPlan, needs_token, put_token};
use baton_domain::connector::classify::{CompiledRules, classify, fault_word, unsendable};
use baton_domain::connector::envelope::{event_envelope, lead_data};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::{
    RenderInput, RenderProblem, Renderer, Variant, render_event,
};
use baton_domain::exchange::{ANSWER_STORED_BYTES_MAX, Answer, Got, Phases, RequestSpec};
use baton_domain::id::{DeliveryId, EventId, TaskId, TypedId, WorkspaceId};
use baton_domain::lead::LeadView;
use baton_domain::probe::{
    FORMAT, KIND, PURPOSE, ProbeAnswer, ProbeRequest, ProbeResult, ProbeTarget, ProbeTask,
    TIMEOUT_MS_MAX,
};
use baton_domain::secret::{Secret, Secrets};
use baton_domain::signature::sign;
use baton_domain::verdict::Classified;
use baton_store::StoreError;
use baton_store::tasks::{TaskClaim, TaskFinish, TaskRow};
use serde_json::Map;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a claimed task is ours: far more than the longest call.
const TASK_LEASE_MS: i64 = 120_000;

/// The loop that claims test calls.
pub(crate) struct Tasks {
    core: Arc<Core>,
    slots: Arc<Semaphore>,
}

impl Tasks {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let slots = Arc::new(Semaphore::new(core.limits.probes.max(1)));
        Self { core, slots }
    }
}

impl Rounds for Tasks {
    const PART: Part = Part::Tasks;

    async fn round(&mut self) -> Result<(), StoreError> {
        let store = &self.core.store;
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&self.slots).acquire_owned().await else { return Ok(()) };
        let now = store.now();
        let claim = TaskClaim {
            now,
            lease_until: now.plus_ms(TASK_LEASE_MS),
            token: store.new_id::<TaskId>().uuid(),
        };
        if let Some(task) = store.claim_task(claim).await? {
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                let _permit = permit;
                run(&core, task).await;
            });
            return Ok(());
        }
        drop(permit);
        tokio::select! {
            () = store.hints().tasks_changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}

/// Runs a task. What this release does not understand is left for one that does.
async fn run(core: &Core, task: TaskRow) {
    if task.kind != KIND || task.format > FORMAT {
        tracing::warn!(task = %task.id, kind = task.kind, format = task.format, "a task is of a kind this release does not know");
        return;
    }
    let done = async {
        let damaged = |e: serde_json::Error| StoreError::Damaged {
            what: "task",
            // The parser's own words could repeat a secret.
            detail: format!("its body cannot be read at column {}", e.column()),
        };
        let opened = core.store.master().open(PURPOSE, &task.body);
        let probe = opened.and_then(|plain| serde_json::from_slice(&plain).map_err(damaged));
        let result = match probe {
            Ok(probe) => call(core, task.workspace, probe).await,
            Err(error) => {
                tracing::error!(task = %task.id, error = %error, "a test call is given up");
                let why = unsendable("the stored test call is damaged; make it again");
                result(why, None, None, Phases::default())
            }
        };
        let result = serde_json::to_vec(&result).map_err(damaged)?;
        let result = core.store.master().seal(PURPOSE, &result)?;
        let now = core.store.now();
        core.store.finish_task(TaskFinish { id: task.id, token: task.token, result, now }).await
    };
    match done.await {
        Ok(()) => {
            count(&core.stats.probes);
            core.stats.tell();
        }
        Err(error) => log_failure!(error, task = %task.id, "a test call failed here"),
    }
}

/// A request with what is needed to send it and read its answer.
struct Prepared {
    request: RequestSpec,
    rules: CompiledRules,
    signed_id: String,
    timeout_ms: u32,
    /// How the token is fetched that the request needs, and the delivery it was rendered for.
    auth: Option<(AuthPlan, DeliveryId)>,
}

async fn call(core: &Core, workspace: WorkspaceId, probe: ProbeTask) -> ProbeResult {
    let secrets = probe.opened_secrets();
    let lead = LeadView::from(probe.lead);
    let prepared = match &probe.target {
        ProbeTarget::Destination(destination) => {
            destination_call(core, destination, &secrets, &lead)
        }
        ProbeTarget::Subscription(subscription) => {
            subscription_call(core, workspace, subscription, &lead)
        }
    };
    let Prepared { mut request, rules, signed_id, timeout_ms, auth } = match prepared {
        Ok(prepared) => prepared,
        Err(problem) => return result(not_rendered(&problem), None, None, Phases::default()),
    };
    let timeout_ms = timeout_ms.min(TIMEOUT_MS_MAX);
    let mut shown_secrets = secrets.clone();
    if let Some((plan, delivery)) = auth {
        let token = match token(core, &plan, &secrets, timeout_ms).await {
            Ok(token) => token,
            Err((classified, phases)) => {
                let shown = shown_request(&request, &secrets);
                return result(classified, Some(shown), None, phases);
            }
        };
        match put_token(&request, delivery, &token) {
            Ok(filled) => request = filled,
            Err(why) => return result(unsendable(&why), None, None, Phases::default()),
        }
        shown_secrets.insert("token".to_owned(), token);
    }
    let stamp = core.store.wall().0.div_euclid(1_000);
    request.headers.extend(sign(&secrets, &signed_id, stamp, &request.body));
    let deadline = Duration::from_millis(u64::from(timeout_ms));
    let exchange = core.client.exchange(&request, deadline).await;
    let classified = classify(&rules, &exchange.got, core.store.now());
    let shown = shown_request(&request, &shown_secrets);
    result(classified, Some(shown), Some(exchange.got), exchange.phases)
}

/// A token for one call: the settings may not be saved, so none is taken from others or kept.
async fn token(
    core: &Core,
    plan: &AuthPlan,
    secrets: &Secrets,
    timeout_ms: u32,
) -> Result<Secret, (Classified, Phases)> {
    match fetch(core, plan, secrets, timeout_ms).await {
        Ok((token, _)) => Ok(token.secret),
        Err(NoToken::Failed(failed)) => {
            let phases = failed.step.map(|step| step.phases).unwrap_or_default();
            Err((failed.classified, phases))
        }
        Err(NoToken::Ours) => {
            let why = "no connection was free or could be opened here; try again";
            Err((unsendable(why), Phases::default()))
        }
    }
}

fn destination_call(
    core: &Core,
    destination: &Destination,
    secrets: &Secrets,
    lead: &LeadView,
) -> Result<Prepared, RenderProblem> {
    let renderer: Renderer = prepare(&core.registry, destination)?;
    let delivery_id: DeliveryId = core.store.new_id();
    let snapshot = core.store.snapshot();
    let campaign = snapshot.campaigns.get(&destination.campaign);
    let input = RenderInput {
        lead,
        delivery_id,
        schema: campaign.map_or(&[], |c| c.body.fields.as_slice()),
        test: true,
        country: campaign.and_then(|c| c.body.country.as_deref()),
        variant: Variant::Post,
        answer: None,
    };
    let request = renderer.render(secrets, &input)?;
    let auth = renderer.auth().filter(|_| needs_token(&request, delivery_id));
    Ok(Prepared {
        auth: auth.map(|plan| (plan.clone(), delivery_id)),
        request,
        rules: renderer.rules().clone(),
        signed_id: delivery_id.to_string(),
        timeout_ms: destination.timeout_ms,
    })
}

fn subscription_call(
    core: &Core,
    workspace: WorkspaceId,
    subscription: &Subscription,
    lead: &LeadView,
) -> Result<Prepared, RenderProblem> {
    let id: EventId = core.store.new_id();
    let data = lead_data(lead, Map::new());
    let body = event_envelope(id, ProbeTarget::EVENT, core.store.now(), workspace, 0, &data);
    Ok(Prepared {
        request: render_event(&subscription.url, body)?,
        rules: subscription_rules().clone(),
        signed_id: id.to_string(),
        timeout_ms: subscription.timeout_ms,
        auth: None,
    })
}

fn shown_request(request: &RequestSpec, secrets: &Secrets) -> ProbeRequest {
    let shown = |text: &str| mask(text, secrets);
    ProbeRequest {
        method: request.method.clone(),
        url: shown(&request.url),
        headers: request.headers.iter().map(|(n, v)| (n.clone(), shown(v))).collect(),
        body: shown(&String::from_utf8_lossy(&request.body)),
    }
}

fn shown_answer(answer: &Answer) -> ProbeAnswer {
    let head = &answer.body[..answer.body.len().min(ANSWER_STORED_BYTES_MAX)];
    ProbeAnswer {
        status: answer.status,
        headers: answer.headers.clone(),
        body: String::from_utf8_lossy(head).into_owned(),
        cut: answer.truncated || answer.body.len() > ANSWER_STORED_BYTES_MAX,
    }
}

fn result(
    classified: Classified,
    request: Option<ProbeRequest>,
    got: Option<Got>,
    phases: Phases,
) -> ProbeResult {
    let (answer, fault) = match got {
        Some(Got::Answer(answer)) => (Some(shown_answer(&answer)), None),
        Some(Got::Fault(fault)) => (None, Some((fault_word(fault.kind).to_owned(), fault.detail))),
        None => (None, None),
    };
    ProbeResult {
        request,
        answer,
        phases,
        verdict: classified.verdict,
        decided_by: classified.decided_by,
        rule: classified.rule,
        reason: classified.reason,
        extracted: classified.extracted,
        fault,
    }
}
