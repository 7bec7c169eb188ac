//! What an earlier answer gave: a ping's, a queued post's, a partial lead's, that of the destination
//! a linked delivery follows.

use crate::verdict::{Classified, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What comes before a lead field's name in a value that is extracted into it.
const INTO_FIELD: &str = "field:";

/// What an earlier answer gave, for texts and mapping rows that name `answer.<name>`.
///
/// | name | value |
/// | --- | --- |
/// | `vendor_id` | the vendor's id of the lead |
/// | `queue_id` | the id under which a queued lead is asked after |
/// | `ping_id` | the bid's id |
/// | `price`, `redirect_url`, `reason` | as extracted |
/// | `verdict` | the verdict's word |
/// | `destination` | the name of the destination that answered |
/// | any other | what a rule extracted into `field:<name>` |
///
/// `Debug` shows no values: they are outside text and may be personal.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answered {
    /// What the answer meant.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// Name of the destination that answered.
    #[serde(default)]
    pub destination: Option<String>,
    /// The values, under the names that rules extract them into.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.values.keys().collect();
        f.debug_struct("Answered").field("verdict", &self.verdict).field("values", &names).finish()
    }
}

impl Answered {
    /// What a classified answer of the destination of that name gave.
    #[must_use]
    pub fn of(classified: &Classified, destination: &str) -> Self {
        let mut values = classified.extracted.clone();
        if let Some(reason) = &classified.reason {
            values.entry("reason".to_owned()).or_insert_with(|| reason.clone());
        }
        let destination = Some(destination.to_owned());
        Self { verdict: Some(classified.verdict), destination, values }
    }

    /// The value of `answer.<name>`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let text = match name {
            "verdict" => self.verdict?.as_str(),
            "destination" => self.destination.as_deref()?,
            name => {
                self.values.get(name).or_else(|| self.values.get(&format!("{INTO_FIELD}{name}")))?
            }
        };
        Some(Value::from(text))
    }

    /// All values by the names they have here.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = [
            ("verdict", self.verdict.map(Verdict::as_str)),
            ("destination", self.destination.as_deref()),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let values = self.values.iter();
        values.map(|(n, v)| (n.strip_prefix(INTO_FIELD).unwrap_or(n), v.as_str())).chain(own)
    }

    /// The values that rules extracted into lead fields, by the field's name.
    pub fn lead_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.values.iter();
        fields.filter_map(|(name, value)| Some((name.strip_prefix(INTO_FIELD)?, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_and_not_shown() {
        let answered = Answered {
            verdict: Some(Verdict::Accepted),
            destination: Some("CRM".to_owned()),
            values: [("vendor_id", "77"), ("field:buyer_ref", "secret-ref")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
        };
        for (name, expect) in [
            ("vendor_id", Some("77")),
            ("buyer_ref", Some("secret-ref")),
            ("verdict", Some("accepted")),
            ("destination", Some("CRM")),
            ("price", None),
        ] {
            assert_eq!(answered.get(name), expect.map(Value::from), "{name}");
        }
        let fields: Vec<_> = answered.lead_fields().collect();
        assert_eq!(fields, [("buyer_ref", "secret-ref")]);
        assert!(!format!("{answered:?}").contains("secret-ref"));
    }
}
