//! A lead: one person's answers plus context.

pub mod body;
pub mod context;
pub mod countries;
pub mod currencies;
pub mod date;
pub mod decimal;
pub mod duplicate;
pub mod phone;
pub mod schema;
pub mod states;
pub mod validate;
pub mod words;

use crate::delivery::states;
use crate::personal::FieldMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// Most fields that answers add to a lead: one that has as many gets no further ones.
pub const LEAD_FIELDS_MAX: usize = 200;

states! {
    /// Where a lead stands; the system's word, never the operator's `status`.
    LeadState {
        /// Not submitted yet.
        Partial = "partial",
        /// Accepted; on its way.
        Received = "received",
        /// Offered to buyers.
        Routing = "routing",
        /// Bought.
        Sold = "sold",
        /// Nobody bought it.
        Unsold = "unsold",
        /// At least one of its campaign's destinations took it.
        Delivered = "delivered",
        /// Refused: invalid, or a duplicate.
        Rejected = "rejected",
        /// Put aside for a person to look at.
        Quarantined = "quarantined",
        /// Its campaign was paused when it came.
        Held = "held",
        /// Its personal data was removed.
        Erased = "erased",
    }
}

/// Where a lead came from, as far as its source is believed.
///
/// `Debug` shows nothing of it: address and agent are personal data.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Context {
    /// Address of the person's browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Their browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The page of the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// The first page of the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing_page: Option<String>,
    /// The page before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    /// When the person opted in, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optin_at: Option<String>,
    /// When the lead was submitted elsewhere, RFC 3339, when a file of leads says so; the lead's id
    /// and its own times are of the moment it came here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<String>,
    /// The consent text they saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_text: Option<String>,
    /// TrustedForm certificate URL; outside text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trustedform_cert_url: Option<String>,
    /// Jornaya LeadiD; outside text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jornaya_leadid: Option<String>,
    /// `utm_*`, click ids and sub ids under the names they came with.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tracking: Map<String, Value>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context(..)")
    }
}

/// One immutable version of a lead's data.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct LeadData {
    /// Field values as they came, unknown fields included, reserved keys left out.
    pub raw: FieldMap,
    /// Normalised values of the fields whose normal form differs from what came.
    #[serde(default)]
    pub normal: FieldMap,
    /// What was found out about values, by field: a phone's type, why a value is doubtful.
    #[serde(default)]
    pub notes: FieldMap,
    /// Where it came from.
    #[serde(default)]
    pub context: Context,
    /// Names of the fields whose values in `normal` are what receivers' answers gave.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub given: BTreeSet<String>,
}

impl LeadData {
    /// The fields as everything after intake sees them: normalised where there is a normal form.
    #[must_use]
    pub fn fields(&self) -> FieldMap {
        let mut fields = self.raw.clone();
        for (name, value) in &self.normal.0 {
            fields.set(name.clone(), value.clone());
        }
        fields
    }

    /// Puts what answers gave into the fields; whether that changed anything. What the person sent
    /// stays as it came: the values stand where normalised ones do, and everything after intake
    /// sees those.
    pub fn give<'a>(&mut self, values: impl IntoIterator<Item = (&'a str, Value)>) -> bool {
        let mut changed = false;
        let known = self.fields();
        let mut room = LEAD_FIELDS_MAX.saturating_sub(known.0.len());
        for (name, value) in values {
            let before = known.get(name);
            if before == Some(&value) {
                continue;
            }
            if before.is_none() {
                if room == 0 {
                    continue;
                }
                room -= 1;
            }
            self.normal.set(name.to_owned(), value);
            self.given.insert(name.to_owned());
            changed = true;
        }
        changed
    }

    /// Takes over what answers gave to an earlier version of the lead, except for fields that the
    /// sender has changed since; whether there was anything.
    pub fn inherit(&mut self, earlier: &Self) -> bool {
        let kept = earlier.given.iter().filter(|name| earlier.raw.get(name) == self.raw.get(name));
        let values =
            kept.filter_map(|name| Some((name.as_str(), earlier.normal.get(name)?.clone())));
        self.give(values.collect::<Vec<_>>())
    }
}

/// A lead with the facts a request or an event is rendered from.
#[derive(Clone, PartialEq, Debug)]
pub struct LeadView {
    /// Its id.
    pub id: crate::id::LeadId,
    /// The version of its data.
    pub data_version: i64,
    /// The data.
    pub data: LeadData,
    /// Its state.
    pub state: LeadState,
    /// The operator's word for it.
    pub status: String,
    /// 0 to 100.
    pub score: Option<i64>,
    /// Name of its source.
    pub source: String,
    /// Reference of its campaign.
    pub campaign: String,
    /// When it was first stored.
    pub created_at: crate::time::Millis,
    /// Whether it is a test.
    pub test: bool,
    /// The sender's sequence number of a partial lead's version.
    pub seq: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data(raw: Value) -> LeadData {
        LeadData { raw: serde_json::from_value(raw).unwrap(), ..LeadData::default() }
    }

    fn check(raw: Value, given: &[(&str, &str)], expect: Option<Value>) {
        let mut lead = data(raw.clone());
        let changed = lead.give(given.iter().map(|(name, value)| (*name, json!(value))));
        assert_eq!(changed, expect.is_some(), "{given:?}");
        assert_eq!(json!(lead.fields()), expect.unwrap_or_else(|| raw.clone()));
        assert_eq!(json!(lead.raw), raw, "what came stays");
    }

    #[test]
    fn an_answers_values_stand_over_what_came_and_replace_nothing_of_it() {
        let with = |r: &str| json!({"email": "a@b.c", "ref": r});
        check(json!({"email": "a@b.c"}), &[("ref", "7")], Some(with("7")));
        check(with("6"), &[("ref", "7")], Some(with("7")));
        check(with("7"), &[("ref", "7")], None);
        check(with("7"), &[], None);
    }

    #[test]
    fn a_full_lead_takes_no_further_field() {
        let raw = (0..LEAD_FIELDS_MAX).map(|n| (format!("f{n}"), json!("x"))).collect();
        let mut lead = data(Value::Object(raw));
        assert!(!lead.give([("new", json!("1"))]));
        assert!(lead.give([("f0", json!("1"))]));
    }

    #[test]
    fn a_later_version_keeps_what_answers_gave_until_its_sender_says_otherwise() {
        let mut earlier = data(json!({"email": "a@b.c", "phone": "1", "plan": "x"}));
        earlier.give([("ref", json!("7")), ("phone", json!("+1")), ("plan", json!("y"))]);
        let mut later = data(json!({"email": "z@b.c", "phone": "1", "plan": "z", "zip": "9"}));
        assert!(later.inherit(&earlier));
        let expect = json!({"email": "z@b.c", "phone": "+1", "plan": "z", "zip": "9", "ref": "7"});
        assert_eq!(json!(later.fields()), expect);
        let mut last = data(json!({"email": "z@b.c"}));
        assert!(last.inherit(&later));
        assert_eq!(json!(last.fields()), json!({"email": "z@b.c", "ref": "7"}));
        assert!(!data(json!({"email": "z@b.c"})).inherit(&data(json!({"ref": "8"}))));
    }
}
