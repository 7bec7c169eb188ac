//! Plays the engine: takes the next due delivery and ends it.

use crate::app::TestApp;
use baton_domain::delivery::DeliveryState;
use baton_domain::exchange::RequestSpec;
use baton_domain::id::{DeliveryId, TypedId};
use baton_domain::verdict::Verdict;
use baton_store::{AttemptRecord, Claim, Finish, LaneRoom, StoredRequest};
use uuid::Uuid;

/// How a delivery ends.
pub struct End {
    pub state: DeliveryState,
    pub verdict: Verdict,
    /// What is in the request, the answer and the note.
    pub text: String,
    /// Whether a request went out.
    pub sent: bool,
}

impl End {
    pub fn failed(text: &str) -> Self {
        let (state, verdict) = (DeliveryState::Failed, Verdict::Transient);
        Self { state, verdict, text: text.to_owned(), sent: true }
    }
}

/// Ends the next due delivery to the first destination.
pub async fn receive(app: &TestApp, end: End) -> DeliveryId {
    let now = app.store.now();
    let claim = Claim {
        lanes: vec![LaneRoom { lane: app.destinations[0].uuid(), first: 1, retry: 1, total: 1 }],
        now,
        lease_until: now.plus_ms(45_000),
        token: Uuid::from_u128(1),
    };
    let claimed = app.store.claim(claim).await.unwrap().deliveries.pop().expect("one is due");
    let attempt = AttemptRecord {
        n: claimed.attempts + 1,
        started_at: now,
        verdict: end.verdict,
        decided_by: format!("test {}", end.text),
        rule: None,
        reason: Some(end.text.clone()),
        status: Some(500),
        fault: None,
        sent_headers: vec![("x-text".to_owned(), end.text.clone())],
        answer_headers: vec![("x-text".to_owned(), end.text.clone())],
        answer: end.text.clone().into_bytes(),
        answer_cut: false,
        phases: Default::default(),
        extracted: None,
        steps: Vec::new(),
        question: None,
        sent: None,
    };
    let request = StoredRequest {
        request: RequestSpec {
            method: "POST".to_owned(),
            url: "https://crm.example/leads".to_owned(),
            headers: Vec::new(),
            body: end.text.clone().into_bytes(),
        },
        secret_headers: Vec::new(),
        variant: Default::default(),
        sealed: false,
    };
    let finish = Finish {
        workspace: app.workspace,
        delivery: claimed.id,
        token: claimed.token,
        lead: claimed.lead,
        now,
        attempt: end.sent.then_some(attempt),
        request: end.sent.then_some(request),
        state: end.state,
        next_at: None,
        question: false,
        answered: None,
        lead_fields: None,
        note: Some(format!("given up: {}", end.text)),
        lead_delivered: end.state == DeliveryState::Accepted,
        followups: Vec::new(),
        events: Vec::new(),
        disable: None,
        tally: None,
    };
    assert!(app.store.finish(finish).await.unwrap());
    app.clock.advance_ms(1);
    claimed.id
}
