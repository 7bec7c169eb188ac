//! What a request can say about a lead: its fields, the system fields of DESIGN section 6, and the
//! payload without a mapping.

use super::answered::Answered;
use super::pattern::ANSWER;
use crate::lead::schema::FieldSpec;
use crate::lead::{LeadState, LeadView};
use crate::personal::FieldMap;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Names of the system fields, besides `utm_*`, click ids and sub ids.
pub const SYSTEM_FIELDS: [&str; 18] = [
    "lead_id",
    "submitted_at",
    "source",
    "campaign",
    "page_url",
    "landing_page",
    "referrer",
    "ip",
    "user_agent",
    "optin_url",
    "optin_date",
    "consent_text",
    "trustedform_cert_url",
    "jornaya_leadid",
    "is_partial_lead",
    "seq",
    "test",
    "score",
];

/// Context keys of the payload without a mapping, besides the tracking ones.
const CONTEXT_FIELDS: [&str; 8] = [
    "page_url",
    "landing_page",
    "referrer",
    "ip",
    "user_agent",
    "consent_text",
    "trustedform_cert_url",
    "jornaya_leadid",
];

/// What comes before a lead field's name when a system field of the same name is not meant.
const OWN_FIELD: &str = "fields.";

/// A lead looked at by field names.
pub struct LeadFields<'a> {
    lead: &'a LeadView,
    fields: FieldMap,
    test: bool,
    answer: Option<&'a Answered>,
}

impl<'a> LeadFields<'a> {
    /// Looks at a lead; `test` also for a real lead that is sent as a test.
    #[must_use]
    pub fn new(lead: &'a LeadView, test: bool) -> Self {
        Self { lead, fields: lead.data.fields(), test: test || lead.test, answer: None }
    }

    /// The same with what an earlier answer gave, under `answer.<name>`.
    #[must_use]
    pub fn with_answer(self, answer: Option<&'a Answered>) -> Self {
        Self { answer, ..self }
    }

    /// What the earlier answer gave, by name.
    pub(super) fn answers(&self) -> Map<String, Value> {
        let all = self.answer.into_iter().flat_map(Answered::all);
        all.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    }

    /// The lead's own fields.
    #[must_use]
    pub fn own(&self) -> &FieldMap {
        &self.fields
    }

    /// Whether the request is to be marked as a test.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.test
    }

    /// The value of that name: a system field that has a value, otherwise the lead's field.
    /// `fields.<name>` is always the lead's field, `answer.<name>` what an earlier answer gave.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let own = |name| self.fields.get(name).filter(|v| !v.is_null()).cloned();
        if let Some(given) = name.strip_prefix(ANSWER) {
            return self.answer.and_then(|a| a.get(given));
        }
        match name.strip_prefix(OWN_FIELD) {
            Some(own_name) => own(own_name).or_else(|| own(name)),
            None => self.system(name).or_else(|| own(name)),
        }
    }

    /// A system field that has a value.
    #[must_use]
    pub fn system(&self, name: &str) -> Option<Value> {
        let lead = self.lead;
        let context = &lead.data.context;
        let text = |text: &Option<String>| text.clone().map(Value::String);
        match name {
            "lead_id" => Some(Value::String(lead.id.to_string())),
            "submitted_at" => Some(Value::String(self.submitted_at())),
            "source" => Some(Value::String(lead.source.clone())),
            "campaign" => Some(Value::String(lead.campaign.clone())),
            "page_url" | "optin_url" => text(&context.page_url),
            "landing_page" => text(&context.landing_page),
            "referrer" => text(&context.referrer),
            "ip" => text(&context.ip),
            "user_agent" => text(&context.user_agent),
            "optin_date" => {
                text(&context.optin_at).or_else(|| Some(Value::String(self.submitted_at())))
            }
            "consent_text" => text(&context.consent_text),
            "trustedform_cert_url" => text(&context.trustedform_cert_url),
            "jornaya_leadid" => text(&context.jornaya_leadid),
            "is_partial_lead" => Some(Value::Bool(self.is_partial())),
            "seq" => lead.seq.map(Value::from),
            "test" => Some(Value::Bool(self.test)),
            "score" => lead.score.map(Value::from),
            _ => context.tracking.get(name).cloned(),
        }
    }

    /// When the person submitted it: for an imported lead what its file says.
    fn submitted_at(&self) -> String {
        let told = self.lead.data.context.submitted_at.clone();
        told.unwrap_or_else(|| self.lead.created_at.to_rfc3339())
    }

    /// Names of the `utm_*`, click ids and sub ids that came.
    pub(super) fn tracking_names(&self) -> impl Iterator<Item = &str> {
        self.lead.data.context.tracking.keys().map(String::as_str)
    }

    pub(super) fn is_partial(&self) -> bool {
        self.lead.state == LeadState::Partial
    }

    /// The payload without a mapping (seed 004): the lead's fields flat, the context that is known,
    /// and `lead_id`, `source`, `campaign`, `submitted_at`; of a partial lead also
    /// `is_partial_lead` (seed 000), and of one that is or was partial `seq`, so that a receiver
    /// can tell which of two is newer. A lead field that has a system field's name, or one of the
    /// `reserved` names, is under `fields`, as in events.
    #[must_use]
    pub fn flat(&self, names: &Names<'_>, reserved: &BTreeSet<String>) -> Map<String, Value> {
        let mut out = Map::new();
        let mut clashing = Map::new();
        let system = self.flat_system(names);
        for (name, value) in &self.fields.0 {
            let sent = names.of(name);
            let taken = sent == "fields" || reserved.contains(sent) || out.contains_key(sent);
            if taken || system.iter().any(|(system, _)| system == sent) {
                clashing.insert(name.clone(), value.clone());
            } else {
                out.insert(sent.to_owned(), value.clone());
            }
        }
        out.extend(system);
        if !clashing.is_empty() {
            out.insert("fields".to_owned(), Value::Object(clashing));
        }
        out
    }

    fn flat_system(&self, sent: &Names<'_>) -> Vec<(String, Value)> {
        let mut names: Vec<&str> = CONTEXT_FIELDS.to_vec();
        names.extend(self.lead.data.context.tracking.keys().map(String::as_str));
        if self.lead.data.context.optin_at.is_some() {
            names.push("optin_date");
        }
        if self.is_partial() {
            names.push("is_partial_lead");
        }
        names.push("seq");
        names.extend(["lead_id", "source", "campaign", "submitted_at"]);
        let found = |name| self.system(name).map(|value| (sent.of_system(name).to_owned(), value));
        names.into_iter().filter_map(found).collect()
    }
}

/// What the receiver calls fields that no mapping row names.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The campaign's fields; a `delivery_name` comes first, since a person chose it.
    pub schema: &'a [FieldSpec],
    /// The connector's default names.
    pub defaults: &'a BTreeMap<String, String>,
}

impl Names<'_> {
    /// The name of a lead field.
    #[must_use]
    pub fn of<'n>(&'n self, name: &'n str) -> &'n str {
        let spec = self.schema.iter().find(|f| f.name == name);
        match spec.and_then(|f| f.delivery_name.as_deref()) {
            Some(chosen) => chosen,
            None => self.of_system(name),
        }
    }

    /// The name of a system field.
    #[must_use]
    pub fn of_system<'n>(&'n self, name: &'n str) -> &'n str {
        self.defaults.get(name).map_or(name, String::as_str)
    }
}
