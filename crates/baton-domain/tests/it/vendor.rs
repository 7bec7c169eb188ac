//! A destination of a connector, set up as the API would set it up.

use baton_domain::config::{Destination, Limits, RetryPolicy};
use baton_domain::connector::answered::Answered;
use baton_domain::connector::classify::classify;
use baton_domain::connector::manifest::{EMBEDDED, Manifest, Registry};
use baton_domain::connector::render::{RenderInput, RenderProblem, Renderer, Variant};
use baton_domain::connector::settings::{check_settings, split_secrets};
use baton_domain::exchange::{Answer, Got, RequestSpec};
use baton_domain::id::{CampaignId, DeliveryId, LeadId, TypedId as _};
use baton_domain::lead::{Context, LeadData, LeadState, LeadView};
use baton_domain::secret::Secrets;
use baton_domain::time::Millis;
use baton_domain::verdict::{Classified, Verdict};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// 2026-01-28T14:30:00Z.
pub const AT: Millis = Millis(1_769_610_600_000);

pub struct Vendor {
    pub manifest: Arc<Manifest>,
    pub destination: Destination,
    pub secrets: Secrets,
    pub renderer: Renderer,
}

/// The connectors that are part of the program.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::load(EMBEDDED, &[]).unwrap());
    &REGISTRY
}

impl Vendor {
    pub fn new(name: &str, settings: Value) -> Self {
        Self::of(Arc::clone(registry().get(name).unwrap()), settings, json!({}))
    }

    /// `more` has `mapping`, `responses` or `unmapped` of the destination.
    pub fn of(manifest: Arc<Manifest>, settings: Value, more: Value) -> Self {
        let (open, secrets) = split_secrets(&manifest, settings.as_object().unwrap().clone());
        assert_eq!(check_settings(&manifest, &open, &secrets), []);
        let mut document = json!({
            "campaign": CampaignId::new(AT, [2; 10]),
            "connector": manifest.name,
            "name": "Vendor",
            "settings": open,
            "retry": RetryPolicy::standard(),
            "limits": Limits::default(),
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let destination: Destination = serde_json::from_value(document).unwrap();
        let renderer = Renderer::prepare(&manifest, &destination).unwrap();
        Self { manifest, destination, secrets, renderer }
    }

    pub fn render(
        &self,
        lead: &LeadView,
        variant: Variant,
        answer: Option<&Answered>,
    ) -> Result<RequestSpec, RenderProblem> {
        let input = RenderInput {
            lead,
            delivery_id: DeliveryId::new(AT, [3; 10]),
            schema: &[],
            test: false,
            country: Some("US"),
            variant,
            answer,
        };
        self.renderer.render(&self.secrets, &input)
    }

    pub fn post(&self, lead: &LeadView) -> RequestSpec {
        self.render(lead, Variant::Post, None).unwrap()
    }

    pub fn judge(&self, variant: Variant, status: u16, body: &str) -> Classified {
        let answer = Answer {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            truncated: false,
        };
        classify(self.renderer.rules_of(variant).unwrap(), &Got::Answer(answer), AT)
    }

    /// Judges each answer and compares the verdict and the reason.
    pub fn check(&self, variant: Variant, rows: &[(u16, &str, Verdict, Option<&str>)]) {
        for (status, body, verdict, reason) in rows {
            let got = self.judge(variant, *status, body);
            assert_eq!(got.verdict, *verdict, "{body}: {}", got.decided_by);
            if reason.is_some() {
                assert_eq!(got.reason.as_deref(), *reason, "{body}");
            }
        }
    }
}

/// A lead of a US form, with those fields.
pub fn lead(fields: Value) -> LeadView {
    let tracking = json!({"sub_id1":"fb-77"});
    LeadView {
        id: LeadId::new(AT, [1; 10]),
        data_version: 1,
        data: LeadData {
            raw: fields.as_object().unwrap().clone().into_iter().collect(),
            context: Context {
                ip: Some("203.0.113.7".to_owned()),
                user_agent: Some("Mozilla/5.0".to_owned()),
                page_url: Some("https://form.example/solar".to_owned()),
                tracking: tracking.as_object().unwrap().clone(),
                ..Context::default()
            },
            ..LeadData::default()
        },
        state: LeadState::Received,
        status: "new".to_owned(),
        score: None,
        source: "Partner A".to_owned(),
        campaign: "SOLAR-US".to_owned(),
        created_at: AT,
        test: false,
        seq: None,
    }
}

/// Jane, from Texas.
pub fn jane() -> LeadView {
    lead(json!({
        "first_name":"Jane","last_name":"Smith","email":"jane@example.com","phone":"5125550100",
        "state":"TX","zip":"78701",
    }))
}

pub fn answered(values: &[(&str, &str)]) -> Answered {
    let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Answered { verdict: None, destination: None, values }
}

pub fn body(request: &RequestSpec) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

pub fn header<'a>(request: &'a RequestSpec, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}
