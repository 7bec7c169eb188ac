//! A test call: made with the same client and the same rules as deliveries, always as a test.
//!
//! Where the destination asks for a bid first, so does its test: a ping, and the post after a bid.
//! The settings may not be saved, so a token is fetched for this call and kept by nobody.

use crate::engine::Core;
use crate::renderers::{not_rendered, prepare, subscription_rules};
use crate::talk::{no_bid, scrub};
use crate::tokens::{NoToken, fetch};
use baton_domain::config::{Destination, Subscription};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::auth::{AuthPlan, needs_token, put_token};
use baton_domain::connector::classify::{CompiledRules, classify, fault_word, unsendable};
use baton_domain::connector::envelope::{event_envelope, lead_data};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::{
    RenderInput, RenderProblem, Renderer, Variant, render_event,
};
use baton_domain::exchange::{ANSWER_STORED_BYTES_MAX, Answer, Got, Phases, RequestSpec};
use baton_domain::id::{DeliveryId, EventId, WorkspaceId};
use baton_domain::lead::LeadView;
use baton_domain::probe::{
    ProbeAnswer, ProbeRequest, ProbeResult, ProbeStep, ProbeStepKind, ProbeTarget, ProbeTask,
    TIMEOUT_MS_MAX,
};
use baton_domain::secret::{Secret, Secrets};
use baton_domain::signature::sign;
use baton_domain::verdict::{Classified, Verdict};
use serde_json::Map;
use std::collections::BTreeMap;
use std::time::Duration;

/// Makes the call.
pub(crate) async fn call(core: &Core, workspace: WorkspaceId, probe: ProbeTask) -> ProbeResult {
    let secrets = probe.opened_secrets();
    let lead = LeadView::from(probe.lead);
    match &probe.target {
        ProbeTarget::Destination(destination) => {
            to_destination(core, destination, &secrets, &lead).await
        }
        ProbeTarget::Subscription(subscription) => {
            to_subscription(core, workspace, subscription, &secrets, &lead).await
        }
    }
}

/// What a test call that was not made comes to.
pub(crate) fn not_made(why: &str) -> ProbeResult {
    Said::without(unsendable(why)).result(Vec::new())
}

/// The exchanges of one test call.
struct Trial<'a> {
    core: &'a Core,
    secrets: &'a Secrets,
    signed_id: String,
    /// The token for it, once it was fetched, with the delivery the requests are rendered for.
    auth: Option<(&'a AuthPlan, DeliveryId)>,
    token: Option<Secret>,
    /// What is left of the time for all of them, in milliseconds.
    left_ms: u64,
    steps: Vec<ProbeStep>,
}

/// What one exchange came to.
struct Said {
    classified: Classified,
    request: Option<ProbeRequest>,
    got: Option<Got>,
    phases: Phases,
}

async fn to_destination(
    core: &Core,
    destination: &Destination,
    secrets: &Secrets,
    lead: &LeadView,
) -> ProbeResult {
    let renderer: Renderer = match prepare(&core.registry, destination) {
        Ok(renderer) => renderer,
        Err(problem) => return Said::without(not_rendered(&problem)).result(Vec::new()),
    };
    let delivery_id: DeliveryId = core.store.new_id();
    let snapshot = core.store.snapshot();
    let campaign = snapshot.campaigns.get(&destination.campaign);
    let input = |variant, answer| RenderInput {
        lead,
        delivery_id,
        schema: campaign.map_or(&[], |c| c.body.fields.as_slice()),
        test: true,
        country: campaign.and_then(|c| c.body.country.as_deref()),
        variant,
        answer,
    };
    let mut trial = Trial {
        core,
        secrets,
        signed_id: delivery_id.to_string(),
        auth: renderer.auth().map(|plan| (plan, delivery_id)),
        token: None,
        left_ms: u64::from(destination.timeout_ms.min(TIMEOUT_MS_MAX)),
        steps: Vec::new(),
    };
    let (mut variant, mut given, mut bid) = (Variant::Post, None, BTreeMap::new());
    if renderer.pings_first() {
        let rendered = renderer.render(secrets, &input(Variant::Ping, None));
        let ping = trial.send(rendered, renderer.rules_of(Variant::Ping)).await;
        if ping.classified.verdict != Verdict::Accepted {
            let ping = Said { classified: no_bid(ping.classified), ..ping };
            return ping.result(trial.steps);
        }
        given = Some(Answered::of(&ping.classified, &destination.name));
        bid = ping.classified.extracted.clone();
        trial.steps.push(ping.step(ProbeStepKind::Ping));
        variant = Variant::PingedPost;
    }
    let rendered = renderer.render(secrets, &input(variant, given.as_ref()));
    let mut said = trial.send(rendered, renderer.rules_of(variant)).await;
    for (name, value) in bid {
        said.classified.extracted.entry(name).or_insert(value);
    }
    said.result(trial.steps)
}

async fn to_subscription(
    core: &Core,
    workspace: WorkspaceId,
    subscription: &Subscription,
    secrets: &Secrets,
    lead: &LeadView,
) -> ProbeResult {
    let id: EventId = core.store.new_id();
    let data = lead_data(lead, Map::new());
    let body = event_envelope(id, ProbeTarget::EVENT, core.store.now(), workspace, 0, &data);
    let mut trial = Trial {
        core,
        secrets,
        signed_id: id.to_string(),
        auth: None,
        token: None,
        left_ms: u64::from(subscription.timeout_ms.min(TIMEOUT_MS_MAX)),
        steps: Vec::new(),
    };
    let rendered = render_event(&subscription.url, body);
    let said = trial.send(rendered, Some(subscription_rules())).await;
    said.result(trial.steps)
}

impl Trial<'_> {
    /// Sends one request within what is left of the time, with a token if it needs one.
    async fn send(
        &mut self,
        rendered: Result<RequestSpec, RenderProblem>,
        rules: Option<&CompiledRules>,
    ) -> Said {
        let mut request = match rendered {
            Ok(request) => request,
            Err(problem) => return Said::without(not_rendered(&problem)),
        };
        let mut shown_secrets = self.secrets.clone();
        let auth = self.auth.filter(|(_, delivery)| needs_token(&request, *delivery));
        if let Some((plan, delivery)) = auth {
            let token = match self.token(plan).await {
                Ok(token) => token,
                Err((classified, phases)) => {
                    let shown = shown_request(&request, self.secrets);
                    return Said { classified, request: Some(shown), got: None, phases };
                }
            };
            request = match put_token(&request, delivery, &token) {
                Ok(filled) => filled,
                Err(why) => return Said::without(unsendable(&why)),
            };
            shown_secrets.insert("token".to_owned(), token);
        }
        let core = self.core;
        let stamp = core.store.wall().0.div_euclid(1_000);
        request.headers.extend(sign(self.secrets, &self.signed_id, stamp, &request.body));
        let deadline = Duration::from_millis(self.left_ms.max(1));
        let mut exchange = core.client.exchange(&request, deadline).await;
        self.spend(&exchange.phases);
        if let (Some(token), Got::Answer(answer)) = (&self.token, &mut exchange.got) {
            scrub(answer, token);
        }
        let classified = match rules {
            Some(rules) => classify(rules, &exchange.got, core.store.now()),
            None => unsendable("the response rules cannot be read"),
        };
        let request = Some(shown_request(&request, &shown_secrets));
        Said { classified, request, got: Some(exchange.got), phases: exchange.phases }
    }

    fn spend(&mut self, phases: &Phases) {
        self.left_ms = self.left_ms.saturating_sub(phases.total_us / 1_000);
    }

    async fn token(&mut self, plan: &AuthPlan) -> Result<Secret, (Classified, Phases)> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let timeout_ms = u32::try_from(self.left_ms.max(1)).unwrap_or(TIMEOUT_MS_MAX);
        match fetch(self.core, plan, self.secrets, timeout_ms).await {
            Ok((token, step)) => {
                self.spend(&step.phases);
                self.steps.push(ProbeStep {
                    kind: ProbeStepKind::Token,
                    request: None,
                    answer: None,
                    status: step.status,
                    verdict: step.verdict,
                    decided_by: step.decided_by,
                    reason: None,
                    phases: step.phases,
                });
                self.token = Some(token.secret.clone());
                Ok(token.secret)
            }
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
}

impl Said {
    /// Nothing was sent.
    fn without(classified: Classified) -> Self {
        Self { classified, request: None, got: None, phases: Phases::default() }
    }

    fn step(self, kind: ProbeStepKind) -> ProbeStep {
        let answer = match &self.got {
            Some(Got::Answer(answer)) => Some(shown_answer(answer)),
            _ => None,
        };
        ProbeStep {
            kind,
            request: self.request,
            status: answer.as_ref().map(|answer| answer.status),
            answer,
            verdict: self.classified.verdict,
            decided_by: self.classified.decided_by,
            reason: self.classified.reason,
            phases: self.phases,
        }
    }

    fn result(self, steps: Vec<ProbeStep>) -> ProbeResult {
        let Self { classified, request, got, phases } = self;
        let (answer, fault) = match got {
            Some(Got::Answer(answer)) => (Some(shown_answer(&answer)), None),
            Some(Got::Fault(fault)) => {
                (None, Some((fault_word(fault.kind).to_owned(), fault.detail)))
            }
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
            steps,
        }
    }
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
