use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A list that people of a workspace come back to: a screen with what it is filtered by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: String,
    /// The screen.
    pub screen: Screen,
    /// The parameters of the screen's address; what they mean is the screen's business.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
}

/// A screen with saved views.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// The inbox.
    Leads,
    /// Deliveries.
    Deliveries,
}
