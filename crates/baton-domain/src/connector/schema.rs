//! A connector as the API shows it: all that a client needs to draw the form of a destination.

use super::manifest::{Manifest, Setting};
use super::rules::ResponseRule;
use crate::config::{OnUnmatched, RateLimit, Unmapped, ValueSource};
use crate::retry::RetryClass;
use crate::verdict::Verdict;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A kind of destination.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ConnectorView))]
pub struct ConnectorSchema {
    /// What destinations call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where the vendor describes the API.
    pub docs: Option<String>,
    /// What a destination sets, in the order a form shows it.
    pub settings: Vec<Setting>,
    /// What the receiver calls lead and system fields when there is no mapping.
    pub field_names: BTreeMap<String, String>,
    /// Name of the setting that chooses one of `presets` instead.
    pub presets_from: Option<String>,
    /// Other sets of field names.
    pub presets: BTreeMap<String, BTreeMap<String, String>>,
    /// How lead fields that no mapping row names are written, by the receiver's name.
    pub transforms: BTreeMap<String, Vec<Value>>,
    /// Names of system fields that are sent with unmapped leads, with the receiver's name for each.
    pub system_fields: BTreeMap<String, String>,
    /// What happens to fields no mapping row names.
    pub unmapped: Unmapped,
    /// The response rules of a destination that has none of its own.
    pub responses: Vec<ResponseRule>,
    /// What follows each verdict.
    pub verdicts: BTreeMap<String, RetryClass>,
    /// What a test lead comes to at the vendor.
    pub test_mode: String,
    /// Name of the setting that sends every lead as a test.
    pub test_mode_setting: Option<String>,
    /// Whether a campaign can have only one destination of this kind.
    pub one_per_campaign: bool,
    /// Whether plain http is refused even where the server allows it.
    pub https_only: bool,
    /// Requests in flight, for destinations that do not say.
    pub in_flight: Option<u32>,
    /// Requests in a span of time, for destinations that do not say.
    pub rate: Option<RateLimit>,
    /// Milliseconds an attempt may take, for destinations that do not say.
    pub timeout_ms: Option<u32>,
    /// Whether it fetches a token before it sends.
    pub two_step_auth: bool,
    /// Whether it can ask for a bid first.
    pub pings: bool,
    /// Whether a completed lead can update its partial one.
    pub updates: bool,
    /// Whether queued leads are asked after.
    pub polls: bool,
}

impl Manifest {
    /// The connector as the API shows it.
    #[must_use]
    pub fn schema(&self) -> ConnectorSchema {
        let class = |v: Verdict| (v.as_str().to_owned(), self.retry.of(v, OnUnmatched::Fail));
        let row = |row: &crate::config::MappingRow| match &row.source {
            ValueSource::From(name) => Some((name.clone(), row.to.clone())),
            ValueSource::Value(_) => None,
        };
        ConnectorSchema {
            name: self.name.clone(),
            description: self.description.clone(),
            docs: self.docs.clone(),
            settings: self.settings.clone(),
            field_names: self.field_names.clone(),
            presets_from: self.presets_from.clone(),
            presets: self.presets.clone(),
            transforms: self.transforms.clone(),
            system_fields: self.mapping.iter().filter_map(row).collect(),
            unmapped: self.unmapped,
            responses: self.responses.clone(),
            verdicts: Verdict::ALL.into_iter().map(class).collect(),
            test_mode: self.test_mode.help.clone(),
            test_mode_setting: self.test_mode.setting.clone(),
            one_per_campaign: self.limits.one_per_campaign,
            https_only: self.limits.https_only,
            in_flight: self.limits.in_flight,
            rate: self.limits.rate,
            timeout_ms: self.limits.timeout_ms,
            two_step_auth: self.auth.is_some(),
            pings: self.ping.is_some(),
            updates: self.update.is_some(),
            polls: self.poll.is_some(),
        }
    }
}
