//! One delivery with its attempts: what was sent, what came back.

use super::{DeliveryView, delivery_view};
use crate::api::answer;
use crate::api::exchange::{
    AnswerView, FaultView, RequestView, body_text, header_rows, request_view,
};
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Path, Problem};
use axum::response::Response;
use baton_domain::config::{Destination, Subscription};
use baton_domain::connector::mask::mask;
use baton_domain::exchange::Phases;
use baton_domain::id::{DeliveryId, DestinationId, SubscriptionId, TypedId};
use baton_domain::secret::{MASK, Secrets};
use baton_domain::verdict::Verdict;
use baton_store::deliveries::{AttemptRow, DeliveryRow};
use baton_store::{ShownRequest, Step, StoreError, StoredRequest};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A delivery with its attempts.
#[derive(Serialize, ToSchema)]
pub struct DeliveryDocument {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// Its attempts in order.
    pub attempt_log: Vec<AttemptView>,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
pub struct AttemptView {
    /// 1, 2, ... A question has the number of the attempt it is about.
    pub n: i64,
    /// Set on a question about a queued lead: which one, from 1. It spends no attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<i64>,
    /// What of it is damaged where it is stored, `request` or `record`, and therefore not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    pub damaged: Vec<&'static str>,
    /// Whether it ended after the delivery was taken over by another node.
    pub late: bool,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: String,
    /// What its outcome means.
    pub verdict: String,
    /// What decided, for people.
    pub decided_by: String,
    /// Index of the response rule that hit.
    pub rule: Option<i64>,
    /// The reason given; outside text.
    pub reason: Option<String>,
    /// What was sent, secrets masked; null when nothing was.
    pub request: Option<RequestView>,
    /// What came back; null when nothing complete did.
    pub answer: Option<AnswerView>,
    /// Why there was no complete answer.
    pub fault: Option<FaultView>,
    /// Where the time went.
    pub timing: Phases,
    /// Values taken from the answer.
    #[schema(value_type = Object)]
    pub extracted: Value,
    /// The exchanges before its own: a token was fetched, a bid was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepView>,
}

/// An exchange of an attempt before its own.
#[derive(Serialize, ToSchema)]
pub struct StepView {
    /// `token`, `ping`, or `refused`: the lead went out with a token that was no longer good.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// When it began.
    pub started_at: String,
    /// What its outcome means.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// What decided, for people.
    pub decided_by: String,
    /// The reason given; outside text.
    pub reason: Option<String>,
    /// What was sent, secrets masked; null where it is not kept: a token's request is a credential.
    pub request: Option<RequestView>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// Head of the answer as text; null where it is not kept.
    pub answer: Option<String>,
    /// Why there was no complete answer.
    pub fault: Option<FaultView>,
    /// Where the time went.
    pub timing: Phases,
}

/// Read a delivery
///
/// With every attempt: the exact request with secrets masked, the head of the answer, the timing.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path)), responses((status = 200, body = DeliveryDocument)),
    security(("key" = ["leads:read"])))]
pub(in crate::api) async fn get_delivery(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<DeliveryId>,
) -> Result<Response, Problem> {
    let workspace = permit.workspace();
    let row = workspace.delivery(id).await?.ok_or_else(|| Problem::not_found("delivery"))?;
    let secrets = secrets_of(&permit, &row);
    let mut attempt_log = Vec::new();
    for attempt in workspace.attempts(id).await? {
        let (request, damaged) = match workspace.request(id, attempt.n).await {
            Err(StoreError::Damaged { .. }) => (None, true),
            request => (request?, false),
        };
        let mut view = attempt_view(attempt, request, secrets.as_ref());
        if damaged {
            tracing::error!(delivery = %id, attempt = view.n, "a stored request is damaged");
            view.damaged.push("request");
        }
        attempt_log.push(view);
    }
    let document = DeliveryDocument { delivery: delivery_view(&row), attempt_log };
    answer::json(StatusCode::OK, &document)
}

/// The secrets that may stand in the delivery's requests and answers; `None` when its target was
/// deleted and they are not known any more.
fn secrets_of(access: &Access, row: &DeliveryRow) -> Option<Secrets> {
    if row.to_subscription {
        let doc = access.known::<Subscription>(SubscriptionId::from_uuid(row.target))?;
        Some(doc.secrets.clone())
    } else {
        let doc = access.known::<Destination>(DestinationId::from_uuid(row.target))?;
        Some(doc.secrets.clone())
    }
}

fn attempt_view(
    attempt: AttemptRow,
    request: Option<StoredRequest>,
    secrets: Option<&Secrets>,
) -> AttemptView {
    let AttemptRow { n, late, started_at, ended_at, verdict, body, answer, damaged } = attempt;
    let none = Secrets::new();
    // Secrets nobody knows any more cannot be found in a text, so the text is held back.
    let withheld = secrets.is_none() && request.as_ref().is_some_and(|r| r.sealed);
    let secrets = secrets.unwrap_or(&none);
    let request = request.map(|stored| {
        let mut view = request_view(&stored.request, &stored.secret_headers, secrets);
        view.headers.extend(header_rows(&body.sent_headers, &[], secrets));
        if withheld {
            view.url = MASK.to_owned();
            view.body = MASK.to_owned();
            for header in &mut view.headers {
                header.value = MASK.to_owned();
            }
        }
        view
    });
    let question = body.question;
    let sent = body.sent.map(|sent| sent_view(sent, secrets, withheld));
    let request = if question.is_some() { sent } else { request };
    let steps = body.steps.into_iter().map(|step| step_view(step, secrets, withheld)).collect();
    let answer = body.status.map(|status| {
        let (text, body_is_text) = body_text(&answer, secrets);
        AnswerView {
            status,
            headers: if withheld {
                Vec::new()
            } else {
                header_rows(&body.answer_headers, &[], secrets)
            },
            body: if withheld { MASK.to_owned() } else { text },
            body_is_text,
            cut: body.answer_cut,
        }
    });
    AttemptView {
        n,
        question,
        damaged: if damaged { vec!["record"] } else { Vec::new() },
        late,
        started_at: started_at.to_rfc3339(),
        ended_at: ended_at.to_rfc3339(),
        verdict,
        decided_by: body.decided_by,
        rule: body.rule,
        reason: body.reason.filter(|_| !withheld).map(|reason| mask(&reason, secrets)),
        request,
        answer,
        fault: body.fault.map(|(kind, detail)| FaultView { kind, detail }),
        timing: body.phases,
        extracted: if withheld { Value::Null } else { masked(body.extracted, secrets) },
        steps,
    }
}

fn sent_view(sent: ShownRequest, secrets: &Secrets, withheld: bool) -> RequestView {
    let shown = |text: &str| if withheld { MASK.to_owned() } else { mask(text, secrets) };
    RequestView {
        url: shown(&sent.url),
        body: shown(&sent.body),
        method: sent.method,
        headers: Vec::new(),
        body_is_text: true,
    }
}

fn step_view(step: Step, secrets: &Secrets, withheld: bool) -> StepView {
    let shown = |text: String| if withheld { MASK.to_owned() } else { mask(&text, secrets) };
    StepView {
        kind: step.kind.as_str(),
        started_at: step.started_at.to_rfc3339(),
        verdict: step.verdict,
        decided_by: step.decided_by,
        reason: step.reason.map(shown),
        request: step.request.map(|sent| sent_view(sent, secrets, withheld)),
        status: step.status,
        answer: step.answer.map(shown),
        fault: step.fault.map(|(kind, detail)| FaultView { kind, detail }),
        timing: step.phases,
    }
}

/// JSON with secrets hidden in its texts.
fn masked(value: Value, secrets: &Secrets) -> Value {
    match value {
        Value::String(text) => mask(&text, secrets).into(),
        Value::Array(items) => items.into_iter().map(|item| masked(item, secrets)).collect(),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(name, v)| (name, masked(v, secrets))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::exchange::RequestSpec;
    use baton_domain::secret::Secret;
    use baton_domain::time::Millis;
    use baton_store::deliveries::AttemptBody;
    use serde_json::json;

    fn attempt() -> AttemptRow {
        AttemptRow {
            n: 1,
            late: false,
            started_at: Millis(0),
            ended_at: Millis(5),
            verdict: "accepted".to_owned(),
            body: AttemptBody {
                status: Some(200),
                reason: Some("key sekret-1 taken".to_owned()),
                answer_headers: vec![("X-Echo".to_owned(), "sekret-1".to_owned())],
                extracted: json!({"vendor_id": "sekret-1"}),
                ..AttemptBody::default()
            },
            answer: b"you sent sekret-1 \xff".to_vec(),
            damaged: false,
        }
    }

    fn request() -> StoredRequest {
        StoredRequest {
            request: RequestSpec {
                method: "POST".to_owned(),
                url: "https://crm.example/?key=sekret-1".to_owned(),
                headers: vec![
                    ("Authorization".to_owned(), "Bearer other".to_owned()),
                    ("X-Key".to_owned(), "sekret-1".to_owned()),
                ],
                body: b"{\"key\":\"sekret-1\"}".to_vec(),
            },
            secret_headers: vec!["authorization".to_owned()],
            sealed: true,
            variant: Default::default(),
        }
    }

    #[test]
    fn no_part_of_an_attempt_shows_a_secret() {
        let secrets = Secrets::from([("auth_value".to_owned(), Secret::new("sekret-1"))]);
        for known in [Some(&secrets), None] {
            let view = attempt_view(attempt(), Some(request()), known);
            let shown = serde_json::to_value(&view).unwrap().to_string();
            assert!(!shown.contains("sekret-1") && !shown.contains("Bearer other"), "{shown}");
        }
        let view = attempt_view(attempt(), Some(request()), Some(&secrets));
        assert!(!view.answer.unwrap().body_is_text);
    }
}
