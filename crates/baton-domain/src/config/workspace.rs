use crate::id::{CampaignId, WorkspaceId};
use serde::{Deserialize, Serialize};

/// The status every lead begins with.
pub const STATUS_FIRST: &str = "new";

/// A workspace: one business and all it owns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id, seed 002's `businessId`.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The campaign that leads without one belong to.
    #[serde(default)]
    pub default_campaign: Option<CampaignId>,
    /// Days a finished lead is kept; `None` for ever.
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// The time zone its people read times in, by its IANA name.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// The currency its people count in, by its ISO 4217 code.
    #[serde(default = "usd")]
    pub currency: String,
    /// The words its people have for how far they are with a lead; [`STATUS_FIRST`] is one of them.
    #[serde(default = "usual_statuses")]
    pub statuses: Vec<LeadStatus>,
}

/// The operator's word for how far they are with a lead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeadStatus {
    /// The word.
    pub name: String,
    /// The colour it is shown in; `None`: as the screen likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
}

impl Workspace {
    /// A workspace with nothing set.
    #[must_use]
    pub fn new(id: WorkspaceId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            default_campaign: None,
            retention_days: None,
            time_zone: utc(),
            currency: usd(),
            statuses: usual_statuses(),
        }
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

fn usd() -> String {
    "USD".to_owned()
}

fn usual_statuses() -> Vec<LeadStatus> {
    [STATUS_FIRST, "contacted", "qualified", "won", "lost"]
        .map(|name| LeadStatus { name: name.to_owned(), colour: None })
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId as _;
    use serde_json::json;

    #[test]
    fn a_body_of_before_has_the_usual_settings() {
        let id = WorkspaceId::from_uuid(uuid::Uuid::nil());
        let stored = json!({"id": id, "name": "Old", "retention_days": 90});
        let read: Workspace = serde_json::from_value(stored).unwrap();
        assert_eq!(read, Workspace { retention_days: Some(90), ..Workspace::new(id, "Old") });
        assert!(read.statuses.iter().any(|status| status.name == STATUS_FIRST));
    }
}
