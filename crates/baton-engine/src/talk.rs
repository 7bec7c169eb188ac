//! The exchanges of one attempt: a token if one is needed, a bid if the connector asks for one, the
//! lead itself.

use crate::engine::Core;
use crate::http::Exchange;
use crate::renderers::not_rendered;
use crate::stats::count;
use crate::target::{Call, Target, overlaid, render};
use crate::tokens::{Failed, NoToken};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::auth::{AuthPlan, needs_token, put_token};
use baton_domain::connector::classify::{classify, fault_word, unsendable};
use baton_domain::connector::mask::mask;
use baton_domain::connector::render::Variant;
use baton_domain::exchange::{Answer, Got, RequestSpec};
use baton_domain::secret::{Secret, Secrets};
use baton_domain::signature::{secrets_at, sign};
use baton_domain::time::Millis;
use baton_domain::verdict::{Classified, Verdict};
use baton_store::{ClaimedDelivery, STEP_BODY_BYTES_MAX, ShownRequest, Step, StepKind};
use std::time::Duration;

/// What the exchanges of an attempt came to.
pub(crate) struct Talked {
    pub classified: Classified,
    /// The exchange that decided; `None` when there was none, for want of a token.
    pub exchange: Option<Exchange>,
    /// Headers of it beside the request's.
    pub signatures: Vec<(String, String)>,
    /// The exchanges before it.
    pub steps: Vec<Step>,
    /// Its request, with a mark in the place of a token, and which of the connector's it is.
    pub request: RequestSpec,
    pub variant: Variant,
}

/// Why an attempt came to nothing.
pub(crate) enum Broken {
    /// This machine is at fault; nothing was sent.
    Ours,
    /// The lease is over: somebody else has the delivery now.
    Lost,
}

/// What one exchange, with what it needed before, came to.
struct Said {
    classified: Classified,
    exchange: Option<Exchange>,
    signatures: Vec<(String, String)>,
    started_at: Millis,
}

struct Talk<'a> {
    core: &'a Core,
    claimed: &'a ClaimedDelivery,
    target: &'a Target,
    call: &'a Call,
    steps: Vec<Step>,
}

/// Makes the exchanges.
pub(crate) async fn talk(
    core: &Core,
    claimed: &ClaimedDelivery,
    target: &Target,
    call: &Call,
) -> Result<Talked, Broken> {
    let mut talk = Talk { core, claimed, target, call, steps: Vec::new() };
    let said = talk.send(&call.request, call.variant).await?;
    if call.variant != Variant::Ping {
        return Ok(talk.ended(said, call.request.clone(), call.variant));
    }
    if said.classified.verdict != Verdict::Accepted {
        let said = Said { classified: no_bid(said.classified), ..said };
        return Ok(talk.ended(said, call.request.clone(), Variant::Ping));
    }
    talk.post_after(said).await
}

/// What a ping that brought no bid means. Nobody was sold anything, so nothing about it is unknown.
pub(crate) fn no_bid(classified: Classified) -> Classified {
    let verdict = match classified.verdict {
        Verdict::Unknown => Verdict::Transient,
        Verdict::Queued => Verdict::Unmatched,
        other => other,
    };
    Classified { verdict, decided_by: format!("ping: {}", classified.decided_by), ..classified }
}

impl Talk<'_> {
    fn ended(self, said: Said, request: RequestSpec, variant: Variant) -> Talked {
        let Said { classified, exchange, signatures, .. } = said;
        Talked { classified, exchange, signatures, steps: self.steps, request, variant }
    }

    /// Hands the lead over after a bid.
    async fn post_after(mut self, bid: Said) -> Result<Talked, Broken> {
        let Target::Destination(_, doc) = self.target else { return Err(Broken::Lost) };
        if let Some(exchange) = &bid.exchange {
            let step = step_of(StepKind::Ping, bid.started_at, &bid.classified, exchange);
            self.steps.push(shown(step, &self.call.request, exchange, &doc.secrets));
        }
        let given = Answered::of(&bid.classified, &doc.body.name);
        let given = overlaid(self.call.given.clone(), given);
        let rendered = match (&self.call.lead, self.call.renderer()) {
            (Some(lead), Some(renderer)) => {
                let what = (lead.as_ref(), self.call.origin, Variant::PingedPost);
                render(self.core, doc, renderer, what, Some(&given))
                    .map_err(|problem| not_rendered(&problem))
            }
            _ => Err(unsendable("the lead of the bid is not at hand")),
        };
        let request = match rendered {
            Ok(request) => request,
            Err(classified) => {
                let said = Said { classified, exchange: None, signatures: Vec::new(), ..bid };
                let request = self.call.request.clone();
                return Ok(self.ended(said, request, Variant::Ping));
            }
        };
        let mut said = self.send(&request, Variant::PingedPost).await?;
        for (name, value) in bid.classified.extracted {
            said.classified.extracted.entry(name).or_insert(value);
        }
        Ok(self.ended(said, request, Variant::PingedPost))
    }

    /// Sends one request, with a token if it needs one; once again with a new token when the answer
    /// says that the first was no longer good.
    async fn send(&mut self, request: &RequestSpec, variant: Variant) -> Result<Said, Broken> {
        let core = self.core;
        let renderer = self.call.renderer();
        let plan =
            renderer.and_then(|r| r.auth()).filter(|_| needs_token(request, self.call.origin));
        let mut refused: Option<Secret> = None;
        loop {
            let token = match plan {
                None => None,
                Some(plan) => match self.token(plan, refused.as_ref()).await? {
                    Ok(token) => Some(token),
                    Err(failed) => return Ok(self.said(*failed)),
                },
            };
            let mut signed = match token.as_ref().map(|t| put_token(request, self.call.origin, t)) {
                None => request.clone(),
                Some(Ok(filled)) => filled,
                Some(Err(why)) => {
                    let failed = Failed { classified: unsendable(&why), step: None };
                    return Ok(self.said(failed));
                }
            };
            let started_at = core.store.now();
            if !core.leases.lasts(self.claimed, started_at) {
                count(&core.stats.lost);
                return Err(Broken::Lost);
            }
            let stamp = core.store.wall().0.div_euclid(1_000);
            let secrets =
                secrets_at(self.target.secrets(), self.target.previous_until(), started_at);
            let signatures = sign(&secrets, &self.call.signed_id, stamp, &signed.body);
            signed.headers.extend(signatures.iter().cloned());
            let deadline = Duration::from_millis(u64::from(self.target.timeout_ms()));
            let mut exchange = core.client.exchange(&signed, deadline).await;
            if exchange.ours {
                return Err(Broken::Ours);
            }
            count(&core.stats.sent);
            if let (Some(token), Got::Answer(answer)) = (&token, &mut exchange.got) {
                scrub(answer, token);
            }
            let classified = match self.call.rules.of(variant) {
                Some(rules) => classify(rules, &exchange.got, core.store.now()),
                None => unsendable("the response rules cannot be read"),
            };
            let stale = |answer: &Answer| plan.is_some_and(|plan| plan.is_stale(answer));
            if refused.is_none() && matches!(&exchange.got, Got::Answer(answer) if stale(answer)) {
                let step = step_of(StepKind::Refused, started_at, &classified, &exchange);
                self.steps.push(step);
                refused = token;
                continue;
            }
            let exchange = Some(exchange);
            return Ok(Said { classified, exchange, signatures, started_at });
        }
    }

    async fn token(
        &mut self,
        plan: &AuthPlan,
        stale: Option<&Secret>,
    ) -> Result<Result<Secret, Box<Failed>>, Broken> {
        let Target::Destination(id, doc) = self.target else { return Err(Broken::Lost) };
        match self.core.tokens.get(self.core, (*id, doc), plan, stale).await {
            Ok((token, step)) => {
                self.steps.extend(step);
                Ok(Ok(token))
            }
            Err(NoToken::Ours) => Err(Broken::Ours),
            Err(NoToken::Failed(failed)) => Ok(Err(failed)),
        }
    }

    /// What an attempt without a token comes to.
    fn said(&mut self, failed: Failed) -> Said {
        self.steps.extend(failed.step);
        Said {
            classified: failed.classified,
            exchange: None,
            signatures: Vec::new(),
            started_at: self.core.store.now(),
        }
    }
}

/// Hides a token that an answer repeats: what is stored holds no credential.
pub(crate) fn scrub(answer: &mut Answer, token: &Secret) {
    let token = Secrets::from([("token".to_owned(), token.clone())]);
    if let Ok(text) = std::str::from_utf8(&answer.body) {
        let shown = mask(text, &token);
        if shown != text {
            answer.body = shown.into_bytes();
        }
    }
    for (_, value) in &mut answer.headers {
        *value = mask(value, &token);
    }
}

/// The record of an exchange beside the attempt's own, without request and answer.
pub(crate) fn step_of(
    kind: StepKind,
    started_at: Millis,
    classified: &Classified,
    exchange: &Exchange,
) -> Step {
    let (status, fault) = match &exchange.got {
        Got::Answer(answer) => (Some(answer.status), None),
        Got::Fault(fault) => {
            (None, Some((fault_word(fault.kind).to_owned(), fault.detail.clone())))
        }
    };
    Step {
        kind,
        started_at,
        verdict: classified.verdict,
        decided_by: classified.decided_by.clone(),
        reason: classified.reason.clone(),
        request: None,
        status,
        answer: None,
        fault,
        phases: exchange.phases,
    }
}

/// The same with request and answer, secrets masked.
fn shown(step: Step, request: &RequestSpec, exchange: &Exchange, secrets: &Secrets) -> Step {
    let answer = match &exchange.got {
        Got::Answer(answer) => Some(head(&answer.body, secrets)),
        Got::Fault(_) => None,
    };
    let reason = step.reason.map(|reason| mask(&reason, secrets));
    Step { reason, request: Some(shown_request(request, secrets)), answer, ..step }
}

/// A request as a step keeps it.
pub(crate) fn shown_request(request: &RequestSpec, secrets: &Secrets) -> ShownRequest {
    ShownRequest {
        method: request.method.clone(),
        url: mask(&request.url, secrets),
        body: head(&request.body, secrets),
    }
}

fn head(bytes: &[u8], secrets: &Secrets) -> String {
    let mut text = mask(&String::from_utf8_lossy(bytes), secrets);
    if text.len() > STEP_BODY_BYTES_MAX {
        text.truncate(text.floor_char_boundary(STEP_BODY_BYTES_MAX));
        text.push_str(" ...");
    }
    text
}
